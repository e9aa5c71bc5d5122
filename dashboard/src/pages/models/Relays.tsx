import { useState } from "react";
import { ApiError, api } from "../../api/client";
import { useLive } from "../../api/live";
import type { Relay } from "../../api/types";
import { stateOf } from "../../lib/catalog";
import { ago, ms } from "../../lib/format";
import { ActionButton, Badge, Button, Card, Empty, Facts, Field, Form, Notice } from "../../ui/parts";

export function Relays() {
  const relays = useLive("relays")?.relays;
  const [error, setError] = useState<string | null>(null);
  return (
    <>
      <Card title="Add a device">
        <AddRelay />
      </Card>
      {error && <Notice tone="bad">{error}</Notice>}
      {relays?.length === 0 && <Empty>No device yet. Any server with OpenAI’s API will do: Ollama, LM Studio, llama-server, vLLM, or a service with a key.</Empty>}
      <div className="cards">
        {relays?.map((relay) => (
          <RelayCard key={relay.url} relay={relay} onError={setError} />
        ))}
      </div>
    </>
  );
}

/** Also on the first visit's page. */
export function AddRelay() {
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [apiKey, setApiKey] = useState("");
  const [limit, setLimit] = useState("");
  const [unreachable, setUnreachable] = useState<string | null>(null);
  const [added, setAdded] = useState<Relay | null>(null);
  const add = async (force: boolean) => {
    setUnreachable(null);
    const body = { url: url.trim(), ...(name && { name: name.trim() }), ...(apiKey && { api_key: apiKey.trim() }), ...(limit && { max_concurrent: Number(limit) }), force };
    try {
      setAdded(await api.post<Relay>("/v1/node/relay/add", body));
      setUrl("");
      setName("");
      setApiKey("");
      setLimit("");
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "relay_unreachable") throw error;
      setUnreachable(error.message);
    }
  };
  return (
    <>
      <Form submit="Add Relay" onSubmit={() => add(false)}>
        <Field label="Address" hint="Paste the URL of the device, such as an Ollama on your gaming PC.">
          {(id) => <input id={id} type="url" required value={url} onChange={(event) => setUrl(event.target.value)} placeholder="http://192.168.1.20:11434" />}
        </Field>
        <details>
          <summary>Name, key and limit</summary>
          <div className="row">
            <Field label="Name" hint="Empty: from the address.">
              {(id) => <input id={id} value={name} onChange={(event) => setName(event.target.value)} pattern="[a-z0-9._\-]{1,64}" title="1 to 64 of a-z, 0-9, '.', '_' and '-'" placeholder="gpu-box" />}
            </Field>
            <Field label="API key" hint="Kept encrypted on the node; secret:NAME names one that is there.">
              {(id) => <input id={id} type="password" autoComplete="off" value={apiKey} onChange={(event) => setApiKey(event.target.value)} />}
            </Field>
            <Field label="Requests at once">{(id) => <input id={id} type="number" min={1} max={10000} value={limit} onChange={(event) => setLimit(event.target.value)} placeholder="32" />}</Field>
          </div>
        </details>
      </Form>
      {unreachable && (
        <Notice tone="warn">
          {unreachable}{" "}
          <Button
            onClick={() => {
              add(true).catch((error: Error) => setUnreachable(error.message));
            }}
          >
            Add it all the same
          </Button>
        </Notice>
      )}
      {added && (
        <Notice tone="ok">
          {added.name} was added{added.online ? ` with ${added.model_count} model${added.model_count === 1 ? "" : "s"}` : "; it is offline now, and is looked for until it is there"}.
        </Notice>
      )}
    </>
  );
}

const ADDED_BY: Record<string, string> = { flag: "a flag at the start", env: "a variable of the environment", file: "the configuration file" };

function RelayCard({ relay, onError }: { relay: Relay; onError: (sentence: string) => void }) {
  const state = stateOf(relay);
  return (
    <Card title={relay.name} actions={<Badge tone={state === "offline" ? "bad" : state === "failing" ? "warn" : "ok"}>{state}</Badge>}>
      <p className="muted break">{relay.url}</p>
      {relay.last_error && <Notice tone={relay.online ? "warn" : "bad"}>{relay.last_error}</Notice>}
      <p className="tags">
        {relay.models.map((model) => (
          <Badge key={model}>{model}</Badge>
        ))}
      </p>
      <Facts
        facts={[
          ["Requests", `${relay.in_flight} of ${relay.max_concurrent} at once`],
          ["Answers within", ms(relay.latency_ms)],
          ["Last asked", ago(relay.last_poll_at)],
          ["Key", relay.has_key ? "set" : "none"],
          ["Added by", relay.source === "api" ? "you, here or by command" : ADDED_BY[relay.source] ?? relay.source],
        ]}
      />
      <div className="card-actions">
        <ActionButton action={() => api.post("/v1/node/relay/refresh", { name: relay.name })} onError={onError} aria-label={`Refresh ${relay.name}`}>
          Refresh
        </ActionButton>
        {relay.source === "api" && (
          <ActionButton tone="danger" confirm={`${relay.name} and its models will not be offered any more.`} action={() => api.post("/v1/node/relay/remove", { name: relay.name })} onError={onError} aria-label={`Remove ${relay.name}`}>
            Remove
          </ActionButton>
        )}
      </div>
    </Card>
  );
}
