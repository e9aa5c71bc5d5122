import { Activity, Coins, Cpu, House, MessageSquare, Network, ScrollText, Settings } from "lucide-react";
import type { ReactNode } from "react";
import { Link, Router } from "wouter";

export const PAGES = [
  { path: "/", label: "Overview", icon: House },
  { path: "/models", label: "Models", icon: Cpu },
  { path: "/chat", label: "Chat", icon: MessageSquare },
  { path: "/network", label: "Network", icon: Network },
  { path: "/requests", label: "Requests", icon: Activity },
  { path: "/credits", label: "Credits", icon: Coins },
  { path: "/logs", label: "Logs", icon: ScrollText },
  { path: "/settings", label: "Settings", icon: Settings },
];

interface ShellProps {
  /** The address; none while it is not known. */
  path?: string;
  /** The node's name. */
  name?: string;
  /** How the page stands with the node. */
  state: string;
  /** What stands below the pages. */
  foot?: ReactNode;
  children: ReactNode;
  inert?: boolean;
}

/** What is around every page: the node's name, the list of pages, and room for one of them. */
export function Shell({ path, name, state, foot, children, inert }: ShellProps) {
  return (
    <div className="shell" inert={inert}>
      <nav aria-label="Pages">
        <div className="brand">
          <span className={`dot ${state}`} title={state} />
          <div>
            <strong>Mycel</strong>
            <span>{name ?? "…"}</span>
          </div>
        </div>
        <ul>
          {PAGES.map(({ path: to, label, icon: Icon }) => {
            const here = to === "/" ? path === "/" : path?.startsWith(to);
            return (
              <li key={to}>
                <Link href={to} aria-current={here ? "page" : undefined}>
                  <Icon aria-hidden />
                  <span>{label}</span>
                </Link>
              </li>
            );
          })}
        </ul>
        {foot}
      </nav>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** Stands where a page will be. One that replaces another page waits a moment before it is seen, so that it does not flash. */
export function Skeleton({ late }: { late?: boolean }) {
  return (
    <div className={late ? "skeleton late" : "skeleton"} role="status" aria-label="Loading">
      <i />
      <i />
      <div className="stats">
        <i />
        <i />
        <i />
        <i />
      </div>
      <i />
    </div>
  );
}

/**
 * The first frame: seen as soon as page and style are there, before any script has run. The build draws it into the page.
 * It is inert, so that nobody is told of it who would be told of the same again.
 */
export const FirstFrame = () => (
  <Router ssrPath="/">
    <Shell state="connecting" inert>
      <Skeleton />
    </Shell>
  </Router>
);
