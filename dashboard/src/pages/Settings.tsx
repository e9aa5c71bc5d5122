import { useState } from "react";
import { api, key } from "../api/client";
import { live } from "../api/live";
import type { AccessKey, ConfigValue } from "../api/types";
import { date } from "../lib/format";
import { useAsync } from "../lib/useAsync";
import { ActionButton, Badge, Button, Card, CopyButton, Dialog, Empty, Field, Form, Notice, Page, Table } from "../ui/parts";
import { RoutedTabs } from "../ui/tabs";

export default function Settings() {
  return (
    <Page
      title="Settings"
      actions={
        key.get() && (
          <Button
            onClick={() => {
              key.clear();
              void live.start();
            }}
          >
            Sign out
          </Button>
        )
      }
    >
      <RoutedTabs
        base="/settings"
        tabs={[
          { id: "configuration", label: "Configuration", content: <Configuration /> },
          { id: "keys", label: "Keys", content: <Keys /> },
          { id: "secrets", label: "Secrets", content: <Secrets /> },
        ]}
      />
    </Page>
  );
}

const show = (value: unknown) => (value === null ? "–" : Array.isArray(value) && value.length === 0 ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Where a value comes from, in words. */
const sourceOf = (value: ConfigValue, file: string | null) =>
  value.source === "default" ? "standard" : value.source === "file" ? `${file ?? "file"}${value.line ? `, line ${value.line}` : ""}` : `${value.name ?? value.source}`;

function Configuration() {
  const { value, error, again } = useAsync(() => api.get<{ file: string | null; values: ConfigValue[] }>("/v1/node/config"));
  const [search, setSearch] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const [outcome, setOutcome] = useState<{ ok: boolean; sentence: string } | null>(null);
  const shown = value?.values.filter((one) => (!changedOnly || one.source !== "default") && one.key.includes(search.trim().toLowerCase())) ?? [];
  return (
    <>
      <Notice>
        {value?.file ? (
          <>
            Settings are read from <code>{value.file}</code>.
          </>
        ) : (
          "There is no configuration file; everything is as standard, or as flags and variables say."
        )}{" "}
        <ActionButton
          action={async () => {
            const done = await api.post<{ applied: string[]; restart_required: { key: string }[] }>("/v1/node/reload");
            const later = done.restart_required.length > 0 ? ` After a restart: ${done.restart_required.map((one) => one.key).join(", ")}.` : "";
            setOutcome({ ok: true, sentence: `${done.applied.length > 0 ? `In force now: ${done.applied.join(", ")}.` : "Nothing has changed."}${later}` });
            again();
          }}
          onError={(sentence) => setOutcome({ ok: false, sentence })}
        >
          Read it again
        </ActionButton>
      </Notice>
      {(error || outcome) && <Notice tone={outcome?.ok ? "ok" : "bad"}>{error ?? outcome?.sentence}</Notice>}
      <div className="row filters">
        <Field label="Search">{(id) => <input id={id} type="search" value={search} onChange={(event) => setSearch(event.target.value)} placeholder="limits" />}</Field>
        <label className="check">
          <input type="checkbox" checked={changedOnly} onChange={(event) => setChangedOnly(event.target.checked)} /> Set by you only
        </label>
      </div>
      {value && shown.length === 0 ? (
        <Empty>No setting is like that.</Empty>
      ) : (
        <Table label="Settings in force" head={["Setting", "Value", "From"]}>
          {shown.map((one) => (
            <tr key={one.key}>
              <th scope="row">
                <code>{one.key}</code>
              </th>
              <td className="break">{show(one.value)}</td>
              <td>{one.source === "default" ? <span className="muted">standard</span> : <Badge tone="info">{sourceOf(one, value?.file ?? null)}</Badge>}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

function Keys() {
  const { value, error, again } = useAsync(() => api.get<{ keys: AccessKey[] }>("/v1/node/keys"));
  const [name, setName] = useState("");
  const [scope, setScope] = useState("inference");
  const [rate, setRate] = useState("");
  const [budget, setBudget] = useState("");
  const [made, setMade] = useState<AccessKey | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <>
      <Card title="Make a key">
        {value?.keys.length === 0 && (
          <Notice tone="warn">With the first key, every program and this page need one. Make yours of scope admin first; this tab is then signed in with it.</Notice>
        )}
        <Form
          submit="Make key"
          onSubmit={async () => {
            const first = value?.keys.length === 0;
            const created = await api.post<AccessKey>("/v1/node/keys", { name: name.trim(), scope, ...(rate && { rate }), ...(budget && { budget }) });
            if (first && created.secret && scope === "admin") key.set(created.secret);
            setMade(created);
            setName("");
            again();
          }}
        >
          <div className="row">
            <Field label="Name">{(id) => <input id={id} required value={name} onChange={(event) => setName(event.target.value)} placeholder="laptop" />}</Field>
            <Field label="Good for">
              {(id) => (
                <select id={id} value={scope} onChange={(event) => setScope(event.target.value)}>
                  <option value="inference">models</option>
                  <option value="metrics">metrics</option>
                  <option value="admin">everything (admin)</option>
                </select>
              )}
            </Field>
            <Field label="Rate" hint="Such as 600/m; empty for none.">
              {(id) => <input id={id} value={rate} onChange={(event) => setRate(event.target.value)} />}
            </Field>
            <Field label="Budget in credits" hint="Such as 5/month; empty for none.">
              {(id) => <input id={id} value={budget} onChange={(event) => setBudget(event.target.value)} />}
            </Field>
          </div>
        </Form>
      </Card>
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {value && value.keys.length > 0 && (
        <Table label="Keys" head={["Name", "Good for", "Begins with", "Made", "Limits", ""]}>
          {value.keys.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.name}</th>
              <td>
                <Badge tone={one.scope === "admin" ? "warn" : "plain"}>{one.scope}</Badge>
              </td>
              <td>
                <code>{one.prefix}…</code>
              </td>
              <td>{date(one.created_at)}</td>
              <td>{[one.concurrent && `${one.concurrent} at once`, one.rate, one.budget && `${one.budget} credits`].filter(Boolean).join(", ") || "none"}</td>
              <td>
                <ActionButton
                  tone="danger"
                  confirm={`Programs that use ${one.name} are refused from now on.`}
                  action={async () => {
                    await api.delete(`/v1/node/keys/${one.id}`);
                    again();
                  }}
                  onError={setProblem}
                  aria-label={`Revoke ${one.name}`}
                >
                  Revoke
                </ActionButton>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {made?.secret && (
        <Dialog title={`The key ${made.name}`} onClose={() => setMade(null)}>
          <div className="token">
            <code className="break">{made.secret}</code>
            <CopyButton text={made.secret} label="Copy the key" />
          </div>
          <Notice tone="warn">It is shown this once. Put it where it is used now.</Notice>
          <div className="dialog-actions">
            <Button tone="primary" onClick={() => setMade(null)}>
              Done
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Secrets() {
  const { value, error, again } = useAsync(() => api.get<{ secrets: { name: string; updated_at: string }[] }>("/v1/node/secrets"));
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <>
      <Card title="Keep a secret">
        <Form
          submit="Keep"
          onSubmit={async () => {
            await api.put(`/v1/node/secrets/${encodeURIComponent(name.trim())}`, { value: text });
            setName("");
            setText("");
            again();
          }}
        >
          <div className="row">
            <Field label="Name" hint="Relays name it as secret:NAME.">
              {(id) => <input id={id} required value={name} onChange={(event) => setName(event.target.value)} placeholder="cloud" />}
            </Field>
            <Field label="Value" hint="Goes in encrypted, and never comes out.">
              {(id) => <input id={id} type="password" autoComplete="off" required value={text} onChange={(event) => setText(event.target.value)} />}
            </Field>
          </div>
        </Form>
      </Card>
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {value?.secrets.length === 0 && <Empty>No secret is kept.</Empty>}
      {value && value.secrets.length > 0 && (
        <Table label="Secrets" head={["Name", "Changed", ""]}>
          {value.secrets.map((secret) => (
            <tr key={secret.name}>
              <th scope="row">{secret.name}</th>
              <td>{date(secret.updated_at)}</td>
              <td>
                <ActionButton
                  tone="danger"
                  confirm={`What uses ${secret.name} is without it from now on.`}
                  action={async () => {
                    await api.delete(`/v1/node/secrets/${encodeURIComponent(secret.name)}`);
                    again();
                  }}
                  onError={setProblem}
                  aria-label={`Delete ${secret.name}`}
                >
                  Delete
                </ActionButton>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
