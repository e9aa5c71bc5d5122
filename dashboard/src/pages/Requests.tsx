import { useState } from "react";
import { api } from "../api/client";
import { useLive } from "../api/live";
import type { RequestFigures, RequestRecord } from "../api/types";
import { ago, count, ms, rate } from "../lib/format";
import { plural } from "../lib/health";
import { speedOfRecord } from "../lib/requests";
import { ActionButton, Badge, Card, Empty, Field, Notice, Page, Table } from "../ui/parts";

export default function Requests() {
  const requests = useLive("requests");
  const [error, setError] = useState<string | null>(null);
  const [filter, setFilter] = useState("");
  const [failedOnly, setFailedOnly] = useState(false);
  const words = filter.trim().toLowerCase();
  const recent = (requests?.recent ?? []).filter(
    (record) => (!failedOnly || record.status >= 400) && (!words || `${record.id} ${record.model} ${record.route ?? ""} ${record.error ?? ""}`.toLowerCase().includes(words)),
  );
  return (
    <Page title="Requests" lead="What runs, waits and just ran. What was said in them is kept nowhere. Of 100 requests 50 stay within p50, and 99 within p99.">
      {error && <Notice tone="bad">{error}</Notice>}
      <Card title={`Under way (${requests?.active.length ?? 0})`}>
        {requests?.active.length ? (
          <Table label="Requests under way" head={["Request", "Model", "Where", "State", { text: "For", number: true }, { text: "First token", number: true }, ""]}>
            {requests.active.map((record) => (
              <tr key={record.id}>
                <td>
                  <code>{record.id}</code>
                </td>
                <th scope="row">{record.model}</th>
                <td>{record.route ?? "–"}</td>
                <td>
                  <Badge tone={record.state === "streaming" ? "ok" : "warn"}>{record.state}</Badge>
                </td>
                <td className="number">{ms(record.duration_ms)}</td>
                <td className="number">{ms(record.ttft_ms)}</td>
                <td>
                  <ActionButton tone="danger" action={() => api.delete(`/v1/node/requests/${encodeURIComponent(record.id)}`)} onError={setError} aria-label={`Cancel ${record.id}`}>
                    Cancel
                  </ActionButton>
                </td>
              </tr>
            ))}
          </Table>
        ) : (
          <Empty>Nothing runs now.</Empty>
        )}
      </Card>
      <div className="columns wide">
        <Figures
          title="By model"
          figures={requests?.by_model}
          note={requests?.unknown_models ? `Besides, ${plural(requests.unknown_models, "request")} for names that no model here has.` : undefined}
        />
        <Figures title="By place" figures={requests?.by_route} />
      </div>
      <Card title="Just ran">
        <div className="row filters">
          <Field label="Search">{(id) => <input id={id} type="search" value={filter} onChange={(event) => setFilter(event.target.value)} placeholder="model, place, id or error" />}</Field>
          <label className="check">
            <input type="checkbox" checked={failedOnly} onChange={(event) => setFailedOnly(event.target.checked)} /> Failed only
          </label>
        </div>
        {recent.length === 0 ? (
          <Empty>{requests?.recent.length ? "None of the latest is like that." : "No request yet. Ask something under Chat, or point a program at this node’s OpenAI address."}</Empty>
        ) : (
          <Table label="Latest requests" head={["When", "Model", "Where", "Result", { text: "Tokens read + written", number: true }, { text: "First token", number: true }, { text: "Tokens/s", number: true }, { text: "In all", number: true }]}>
            {recent.map((record) => (
              <Recent key={`${record.id} ${record.started_at}`} record={record} />
            ))}
          </Table>
        )}
      </Card>
    </Page>
  );
}

function Recent({ record }: { record: RequestRecord }) {
  const tone = record.status === 200 ? "ok" : record.status === 499 ? "plain" : record.status >= 500 ? "bad" : "warn";
  const word = record.status === 200 ? "ok" : record.status === 499 ? "caller left" : record.status === 599 ? "broke off" : String(record.status);
  return (
    <tr>
      <td title={record.id}>{ago(record.started_at)}</td>
      <th scope="row" className={record.is_model_known ? undefined : "muted"}>
        {record.model || "–"}
      </th>
      <td>
        {record.route ?? "–"}
        {record.attempts > 1 && <small className="pinned">at attempt {record.attempts}</small>}
      </td>
      <td>
        <Badge tone={tone}>{word}</Badge>
        {record.error && <small className="pinned">{record.error}</small>}
      </td>
      <td className="number">
        {count(record.prompt_tokens)} + {count(record.completion_tokens)}
      </td>
      <td className="number">
        {ms(record.ttft_ms)}
        {record.queue_ms >= 1 && <small className="pinned">{ms(record.queue_ms)} in line</small>}
      </td>
      <td className="number">{rate(speedOfRecord(record))}</td>
      <td className="number">{ms(record.duration_ms)}</td>
    </tr>
  );
}

function Figures({ title, figures, note }: { title: string; figures: RequestFigures[] | undefined; note?: string }) {
  return (
    <Card title={title}>
      {!figures?.length ? (
        <Empty>Nothing yet.</Empty>
      ) : (
        <Table label={title} head={["Name", { text: "Requests", number: true }, { text: "First token p50 / p99", number: true }, { text: "In all p50 / p99", number: true }, { text: "Tokens/s", number: true }]}>
          {figures.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name}</th>
              <td className="number">
                {count(one.requests)}
                {one.failed > 0 && <small className="pinned bad">{count(one.failed)} failed</small>}
              </td>
              <td className="number">
                {ms(one.ttft_p50_ms)} / {ms(one.ttft_p99_ms)}
              </td>
              <td className="number">
                {ms(one.duration_p50_ms)} / {ms(one.duration_p99_ms)}
              </td>
              <td className="number">{rate(one.tokens_per_second)}</td>
            </tr>
          ))}
        </Table>
      )}
      {note && <p className="muted">{note}</p>}
    </Card>
  );
}
