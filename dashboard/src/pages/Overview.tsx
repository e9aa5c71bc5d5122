import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { Suspense, lazy, useMemo, useState } from "react";
import { useLive, useSeries } from "../api/live";
import { count, credits, duration, ms, rate, shortId } from "../lib/format";
import { healthOf } from "../lib/health";
import { Card, CopyButton, Facts, Page, Stat } from "../ui/parts";
import { NetworkGraph } from "../ui/graph";

const Chart = lazy(() => import("../ui/chart"));
const SPANS = [
  { seconds: 300, label: "5 min" },
  { seconds: 3600, label: "1 h" },
];
const ICONS = { ok: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

export default function Overview() {
  const status = useLive("status");
  const relays = useLive("relays")?.relays ?? [];
  const models = useLive("models")?.models ?? [];
  const peers = useLive("peers")?.peers ?? [];
  const networks = useLive("networks")?.networks ?? [];
  const load = useLive("load");
  const credit = useLive("credits");
  const series = useSeries();
  if (!status) return null;
  const health = healthOf(status, relays, models, peers);
  const Icon = ICONS[health.level];
  const now = series.now();
  const failures = status.requests.total > 0 ? (status.requests.failed / status.requests.total) * 100 : 0;
  return (
    <Page title="Overview">
      <p className={`health ${health.level}`} role="status">
        <Icon aria-hidden /> {health.sentence}
      </p>
      <div className="stats">
        <Stat label="Tokens a second" value={rate(now.tokens)} note={`${count(status.tokens.completion)} written so far`} />
        <Stat label="Requests a second" value={rate(now.requests)} note={`${status.requests.active} under way${status.requests.queued > 0 ? `, ${status.requests.queued} of them waiting` : ""}`} />
        <Stat label="Time to first token" value={ms(now.ttft)} note="median, lately" />
        <Stat
          label="Requests"
          value={count(status.requests.total)}
          note={status.requests.failed > 0 ? `${count(status.requests.failed)} failed (${failures < 0.1 ? "under 0.1" : failures.toFixed(1)} %)` : "none failed"}
          tone={failures > 5 ? "bad" : undefined}
        />
        <Stat label="Credits earned" value={credits(load?.earned)} note={`${credits(load?.spent)} spent, since the start`} />
      </div>
      <Charts />
      <div className="columns">
        <Card title="Connected">
          <NetworkGraph status={status} relays={relays} peers={peers} />
        </Card>
        <Card title="This node">
          <Facts
            facts={[
              ["Name", status.name],
              [
                "Peer id",
                <span className="with-copy" key="id">
                  <code title={status.node_id}>{shortId(status.node_id)}</code>
                  <CopyButton text={status.node_id} label="Copy the peer id" />
                </span>,
              ],
              ["Networks", networks.length > 0 ? networks.map((network) => network.name).join(", ") : "none"],
              ["Version", status.version],
              ["Running for", duration(Math.floor(status.uptime_s))],
              ["Requests at once", `${status.slots.used} of at most ${status.slots.total}`],
              [
                "OpenAI address",
                <span className="with-copy" key="endpoint">
                  <code>{status.endpoint}/v1</code>
                  <CopyButton text={`${status.endpoint}/v1`} label="Copy the address" />
                </span>,
              ],
              ["Other nodes reach it at", status.links.addresses.join(", ") || status.links.problem || "– (it is in no network)"],
              ["Credit", credit?.sentence ?? "–"],
            ]}
          />
        </Card>
      </div>
    </Page>
  );
}

function Charts() {
  const series = useSeries();
  const [span, setSpan] = useState(SPANS[0].seconds);
  const { version } = series;
  const rates = useMemo(() => series.rates(span), [series, version, span]);
  return (
    <>
      <div className="segmented" role="group" aria-label="Time shown">
        {SPANS.map(({ seconds, label }) => (
          <button key={seconds} type="button" aria-pressed={span === seconds} onClick={() => setSpan(seconds)}>
            {label}
          </button>
        ))}
      </div>
      <div className="charts">
        <Suspense fallback={<Card title="Tokens a second"><div className="chart" /></Card>}>
          <Card title="Tokens a second">
            <Chart label="Tokens a second" at={rates.at} values={rates.tokens} format={rate} color="--chart-1" />
          </Card>
          <Card title="Requests a second">
            <Chart label="Requests a second" at={rates.at} values={rates.requests} format={rate} color="--chart-2" />
          </Card>
          <Card title="Time to first token">
            <Chart label="Time to first token" at={rates.at} values={rates.ttft} format={ms} color="--chart-3" />
          </Card>
        </Suspense>
      </div>
    </>
  );
}
