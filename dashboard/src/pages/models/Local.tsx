import { useState } from "react";
import { api } from "../../api/client";
import { useLive } from "../../api/live";
import type { LocalModel, Pull, Recommended } from "../../api/types";
import { bytes, count, duration, rate } from "../../lib/format";
import { useAsync } from "../../lib/useAsync";
import { ActionButton, Badge, Button, Card, Dialog, Empty, Facts, Field, Form, Meter, Notice } from "../../ui/parts";

export const startPull = (source: string) => api.post<Pull>("/v1/node/models/pull", { source });

export function Local() {
  const models = useLive("models")?.models;
  const pulls = useLive("pulls")?.pulls ?? [];
  const [loading, setLoading] = useState<LocalModel | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [source, setSource] = useState("");
  const [path, setPath] = useState("");
  const shown = pulls.filter((pull) => pull.state !== "done" && pull.state !== "cancelled");
  return (
    <>
      {error && <Notice tone="bad">{error}</Notice>}
      {models?.length === 0 && shown.length === 0 && <Empty>No model is here yet. Take one that fits this machine from below, or pull any other.</Empty>}
      <div className="cards">
        {models
          ?.filter((model) => model.state !== "pulling")
          .map((model) => (
            <ModelCard key={model.name} model={model} onLoad={() => setLoading(model)} onError={setError} />
          ))}
        {shown.map((pull) => (
          <PullCard key={pull.id} pull={pull} onError={setError} />
        ))}
      </div>
      <div className="columns">
        <Card title="Pull a model">
          <Form
            submit="Pull"
            onSubmit={async () => {
              await startPull(source.trim());
              setSource("");
            }}
          >
            <Field label="Source" hint="hf:ORG/REPO:FILE.gguf, or a name from the list below. What broke off goes on where it was.">
              {(id) => <input id={id} required value={source} onChange={(event) => setSource(event.target.value)} placeholder="hf:Qwen/Qwen3-4B-GGUF:Qwen3-4B-Q4_K_M.gguf" />}
            </Field>
          </Form>
        </Card>
        <Card title="Use a file">
          <Form
            submit="Load"
            onSubmit={async () => {
              await api.post("/v1/node/models/load", { model: path.trim(), wait: false });
              setPath("");
            }}
          >
            <Field label="Path" hint="Full path of a GGUF file on the node’s machine.">
              {(id) => <input id={id} required value={path} onChange={(event) => setPath(event.target.value)} placeholder="/srv/models/model.gguf" />}
            </Field>
          </Form>
        </Card>
      </div>
      <Suggestions onError={setError} />
      {loading && <LoadDialog model={loading} onClose={() => setLoading(null)} />}
    </>
  );
}

const STATES: Record<string, { tone: "ok" | "warn" | "bad" | "plain"; label: string }> = {
  loaded: { tone: "ok", label: "loaded" },
  loading: { tone: "warn", label: "loading" },
  unloaded: { tone: "plain", label: "loads when asked" },
  available: { tone: "plain", label: "not in use" },
  failed: { tone: "bad", label: "failed" },
  quarantined: { tone: "bad", label: "quarantined" },
};

function ModelCard({ model, onLoad, onError }: { model: LocalModel; onLoad: () => void; onError: (sentence: string) => void }) {
  const state = STATES[model.state] ?? { tone: "plain", label: model.state };
  const announced = model.state !== "available";
  return (
    <Card title={model.name} actions={<Badge tone={state.tone}>{state.label}</Badge>}>
      <p className="tags">
        {model.tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </p>
      {model.state === "loading" && <Meter value={model.progress} label={`Loading ${model.name}`} />}
      {model.error && <Notice tone="bad">{model.error}</Notice>}
      <Facts
        facts={[
          ["File", bytes(model.file_bytes)],
          [model.process_bytes ? "Memory in use" : "Memory, estimated", bytes(model.process_bytes ?? model.estimated_bytes)],
          ["Context", model.context ? `${count(model.context)} of ${count(model.context_train)}` : count(model.context_train)],
          ["Slots", model.slots ? `${model.in_flight} of ${model.slots} in use` : "–"],
          ["Speed", model.tokens_per_second ? `${rate(model.tokens_per_second)} tokens/s` : "–"],
          ["Runs on", model.device ?? "–"],
        ]}
      />
      <div className="card-actions">
        {model.state !== "loaded" && model.state !== "loading" && <Button tone="primary" onClick={onLoad}>Load …</Button>}
        {announced && (
          <ActionButton action={() => api.post("/v1/node/models/unload", { model: model.name })} onError={onError}>
            Unload
          </ActionButton>
        )}
        {!announced && (
          <ActionButton tone="danger" confirm={`This deletes the file of ${model.name} (${bytes(model.file_bytes)}).`} action={() => api.delete(`/v1/node/models/${encodeURIComponent(model.name)}`)} onError={onError}>
            Delete
          </ActionButton>
        )}
      </div>
    </Card>
  );
}

function PullCard({ pull, onError }: { pull: Pull; onError: (sentence: string) => void }) {
  const known = pull.total_bytes ? pull.received_bytes / pull.total_bytes : 0;
  const running = ["queued", "running", "verifying"].includes(pull.state);
  return (
    <Card title={pull.name} actions={<Badge tone={pull.state === "failed" ? "bad" : running ? "warn" : "plain"}>{pull.state === "running" ? "pulling" : pull.state}</Badge>}>
      <p className="muted break">{pull.source}</p>
      {running && <Meter value={known} label={`Pulling ${pull.name}`} />}
      <p>
        {bytes(pull.received_bytes)} of {bytes(pull.total_bytes)}
        {pull.state === "running" && ` · ${bytes(pull.bytes_per_second)}/s${pull.eta_s ? ` · ${duration(pull.eta_s)} left` : ""}`}
      </p>
      {pull.error && <Notice tone="bad">{pull.error.message}</Notice>}
      <div className="card-actions">
        {!running && (
          <ActionButton tone="primary" action={() => startPull(pull.source)} onError={onError}>
            Go on
          </ActionButton>
        )}
        <ActionButton action={() => api.delete(`/v1/node/models/pulls/${pull.id}`)} onError={onError}>
          {running ? "Stop" : "Discard"}
        </ActionButton>
      </div>
    </Card>
  );
}

/** What loading would take, before it is done. */
function LoadDialog({ model, onClose }: { model: LocalModel; onClose: () => void }) {
  const { value, error } = useAsync(() => api.get<LocalModel>(`/v1/node/models/${encodeURIComponent(model.name)}`), [model.name]);
  const [context, setContext] = useState("");
  const [slots, setSlots] = useState("");
  const memory = value?.memory;
  return (
    <Dialog title={`Load ${model.name}`} onClose={onClose}>
      {error && <Notice tone="bad">{error}</Notice>}
      {memory && (
        <>
          <Notice tone={memory.fits ? "ok" : "bad"}>
            {memory.fits
              ? `It fits: ${bytes(memory.total_bytes)} of the ${bytes(memory.budget_bytes)} that models may take here.`
              : `It does not fit: it needs ${bytes(memory.total_bytes)}, and models may take ${bytes(memory.budget_bytes)} here. A smaller context or fewer slots need less.`}
          </Notice>
          <Facts
            facts={[
              ["Weights", bytes(memory.weight_bytes)],
              ["Context", `${bytes(memory.cache_bytes)} for ${count(memory.context)} tokens in ${memory.slots} slots`],
              ["Working memory", bytes(memory.compute_bytes + memory.output_bytes)],
            ]}
          />
        </>
      )}
      <Form
        submit="Load"
        onSubmit={async () => {
          await api.post("/v1/node/models/load", { model: model.name, ...(context ? { context: Number(context) } : {}), ...(slots ? { slots: Number(slots) } : {}), wait: false });
          onClose();
        }}
      >
        <div className="row">
          <Field label="Context in tokens" hint="Empty: as much as fits.">
            {(id) => <input id={id} type="number" min={16} value={context} onChange={(event) => setContext(event.target.value)} placeholder={memory ? String(memory.context) : ""} />}
          </Field>
          <Field label="Requests at once" hint="Empty: chosen for this machine.">
            {(id) => <input id={id} type="number" min={1} value={slots} onChange={(event) => setSlots(event.target.value)} placeholder={memory ? String(memory.slots) : ""} />}
          </Field>
        </div>
      </Form>
      <div className="dialog-actions">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Suggestions({ onError }: { onError: (sentence: string) => void }) {
  const { value } = useAsync(() => api.get<Recommended>("/v1/node/models/recommended"));
  const pulls = useLive("pulls")?.pulls ?? [];
  if (!value) return null;
  return (
    <Card title={`Suggested for this machine (${bytes(value.budget_bytes)} for models)`}>
      <ul className="list">
        {value.models.map((model) => {
          const pulling = pulls.some((pull) => pull.name === model.name && ["queued", "running", "verifying"].includes(pull.state));
          return (
            <li key={model.name}>
              <div>
                <strong>{model.name}</strong> <Badge>{model.purpose}</Badge> {!model.fits && <Badge tone="bad">does not fit</Badge>}
                <p className="muted">
                  {bytes(model.file_bytes)} to pull, {bytes(model.needed_bytes)} of memory · {count(model.parameters)} parameters · {model.licence}
                </p>
              </div>
              {model.pulled ? (
                <Badge tone="ok">here</Badge>
              ) : (
                <ActionButton disabled={!model.fits || pulling} action={() => startPull(model.name)} onError={onError} aria-label={`Pull ${model.name}`}>
                  {pulling ? "Pulling" : "Pull"}
                </ActionButton>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
