import { Moon, Sun, SunMoon } from "lucide-react";
import { Component, type ReactNode, Suspense, lazy, useEffect, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { key } from "./api/client";
import { live, useConnection, useLive } from "./api/live";
import { isEmpty } from "./lib/health";
import { welcomed } from "./lib/welcomed";
import { type Theme, applyTheme, storedTheme } from "./lib/theme";
import { Button, Notice } from "./ui/parts";
import { Shell, Skeleton } from "./ui/shell";
import { SignIn } from "./pages/SignIn";

/** The pages, each a part of its own that comes when it is first looked at. */
const PARTS = {
  "": () => import("./pages/Overview"),
  welcome: () => import("./pages/Welcome"),
  models: () => import("./pages/Models"),
  chat: () => import("./pages/Chat"),
  network: () => import("./pages/Networks"),
  requests: () => import("./pages/Requests"),
  credits: () => import("./pages/Credits"),
  logs: () => import("./pages/Logs"),
  settings: () => import("./pages/Settings"),
};
const Overview = lazy(PARTS[""]);
const Welcome = lazy(PARTS.welcome);
const Models = lazy(PARTS.models);
const Chat = lazy(PARTS.chat);
const Networks = lazy(PARTS.network);
const Requests = lazy(PARTS.requests);
const Credits = lazy(PARTS.credits);
const Logs = lazy(PARTS.logs);
const Settings = lazy(PARTS.settings);

/** Begins to fetch the page of an address, so that it comes while the node is asked what it is to show. */
export function fetchPage(path: string) {
  const name = path.split("/")[1];
  // What fails here fails again where the page is drawn, and is told there.
  if (name in PARTS) PARTS[name as keyof typeof PARTS]().catch(() => null);
}

export function App() {
  const connection = useConnection();
  const name = useLive("status")?.name;
  const [path] = useLocation();
  const [arrived, setArrived] = useState(false);
  if (connection.state === "signin") return <SignIn reason={key.get() ? connection.reason : null} onKey={() => void live.start()} />;
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Shell path={path} name={name} state={connection.state} foot={<ThemeButton />}>
        {connection.state === "lost" && <Notice tone="bad">{connection.reason} Trying again …</Notice>}
        <Failure>
          <Suspense fallback={<Skeleton late={arrived} />}>
            <Pages onArrived={setArrived} />
          </Suspense>
        </Failure>
      </Shell>
    </>
  );
}

function Pages({ onArrived }: { onArrived: (arrived: boolean) => void }) {
  const [path] = useLocation();
  useEffect(() => onArrived(true), [onArrived]);
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
  if (!status || !models) return <Skeleton />;
  if (isEmpty(status, models) && !welcomed.get()) return <Redirect to="/welcome" />;
  return <Overview />;
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
