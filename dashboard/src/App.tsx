import { Activity, Coins, Cpu, House, MessageSquare, Moon, Network as NetworkIcon, ScrollText, Settings as SettingsIcon, Sun, SunMoon } from "lucide-react";
import { Component, type ReactNode, Suspense, lazy, useEffect, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { key } from "./api/client";
import { live, useConnection, useLive } from "./api/live";
import { isEmpty } from "./lib/health";
import { welcomed } from "./lib/welcomed";
import { type Theme, applyTheme, storedTheme } from "./lib/theme";
import { Button, Notice } from "./ui/parts";
import { SignIn } from "./pages/SignIn";

const Overview = lazy(() => import("./pages/Overview"));
const Models = lazy(() => import("./pages/Models"));
const Chat = lazy(() => import("./pages/Chat"));
const Networks = lazy(() => import("./pages/Networks"));
const Requests = lazy(() => import("./pages/Requests"));
const Credits = lazy(() => import("./pages/Credits"));
const Logs = lazy(() => import("./pages/Logs"));
const Settings = lazy(() => import("./pages/Settings"));
const Welcome = lazy(() => import("./pages/Welcome"));

const PAGES = [
  { path: "/", label: "Overview", icon: House },
  { path: "/models", label: "Models", icon: Cpu },
  { path: "/chat", label: "Chat", icon: MessageSquare },
  { path: "/network", label: "Network", icon: NetworkIcon },
  { path: "/requests", label: "Requests", icon: Activity },
  { path: "/credits", label: "Credits", icon: Coins },
  { path: "/logs", label: "Logs", icon: ScrollText },
  { path: "/settings", label: "Settings", icon: SettingsIcon },
];

export function App() {
  const connection = useConnection();
  if (connection.state === "signin") return <SignIn reason={key.get() ? connection.reason : null} onKey={() => void live.start()} />;
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="shell">
        <Navigation />
        <main id="main" tabIndex={-1}>
          {connection.state === "lost" && <Notice tone="bad">{connection.reason} Trying again …</Notice>}
          <Failure>
            <Suspense fallback={<p className="empty">Loading …</p>}>
              <Pages />
            </Suspense>
          </Failure>
        </main>
      </div>
    </>
  );
}

function Pages() {
  const [path] = useLocation();
  // In braces: newer browsers return a promise from it, which React would take for what ends the effect.
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <Switch>
      <Route path="/">
        <Home />
      </Route>
      <Route path="/welcome" component={Welcome} />
      <Route path="/models/*?" component={Models} />
      <Route path="/chat" component={Chat} />
      <Route path="/network/*?" component={Networks} />
      <Route path="/requests" component={Requests} />
      <Route path="/credits" component={Credits} />
      <Route path="/logs" component={Logs} />
      <Route path="/settings/*?" component={Settings} />
      <Route>
        <Redirect to="/" />
      </Route>
    </Switch>
  );
}

/** The overview, but for a node on which nothing was set up yet: there is nothing to see there. */
function Home() {
  const status = useLive("status");
  const models = useLive("models")?.models;
  if (!status || !models) return <p className="empty">Connecting …</p>;
  if (isEmpty(status, models) && !welcomed.get()) return <Redirect to="/welcome" />;
  return <Overview />;
}

function Navigation() {
  const [path] = useLocation();
  const status = useLive("status");
  const connection = useConnection();
  return (
    <nav aria-label="Pages">
      <div className="brand">
        <span className={`dot ${connection.state}`} title={connection.state} />
        <div>
          <strong>Mycel</strong>
          <span>{status?.name ?? "…"}</span>
        </div>
      </div>
      <ul>
        {PAGES.map(({ path: to, label, icon: Icon }) => {
          const here = to === "/" ? path === "/" : path.startsWith(to);
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
      <ThemeButton />
    </nav>
  );
}

const THEMES: Record<Theme, { next: Theme; label: string; icon: typeof Sun }> = {
  system: { next: "light", label: "Colours: system", icon: SunMoon },
  light: { next: "dark", label: "Colours: light", icon: Sun },
  dark: { next: "system", label: "Colours: dark", icon: Moon },
};

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme());
  const { next, label, icon: Icon } = THEMES[theme];
  return (
    <Button
      tone="quiet"
      className="theme"
      aria-label={label}
      title={label}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon aria-hidden />
      <span>{label}</span>
    </Button>
  );
}

/** What cannot be drawn must not take the rest of the page with it. */
class Failure extends Component<{ children: ReactNode }, { failed: boolean }> {
  state = { failed: false };
  static getDerivedStateFromError = () => ({ failed: true });
  render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Notice tone="bad">
        This page failed. The node may have been updated while it was open. <Button onClick={() => location.reload()}>Load it again</Button>
      </Notice>
    );
  }
}
