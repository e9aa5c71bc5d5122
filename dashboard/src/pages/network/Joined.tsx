import { useState } from "react";
import { api } from "../../api/client";
import { useLive } from "../../api/live";
import type { Network } from "../../api/types";
import { credits, date, shortId } from "../../lib/format";
import { ActionButton, Badge, Card, Empty, Facts, Field, Form, Notice } from "../../ui/parts";

export function Joined() {
  const networks = useLive("networks")?.networks;
  const [error, setError] = useState<string | null>(null);
  return (
    <>
      {error && <Notice tone="bad">{error}</Notice>}
      {networks?.length === 0 && <Empty>This node is in no network yet. Found one and invite others, or join with an invite that you were given.</Empty>}
      <div className="cards">
        {networks?.map((network) => (
          <Card key={network.id} title={network.name} actions={<Badge tone={network.is_root ? "info" : "plain"}>{network.is_root ? "yours" : "joined"}</Badge>}>
            <Facts
              facts={[
                ["Id", <code key="id" title={network.id}>{shortId(network.id)}</code>],
                ["Nodes", `${network.peers_linked} of ${network.peers_known} linked`],
                ["Admits", network.public ? "everyone" : "by invite"],
                ["You may ask for", network.models ? network.models.join(", ") : "all models"],
                // In a network of one's own no membership says what one may owe: the settings do, and the page of credits shows it.
                ...(network.is_root ? [] : [["You may owe", `${credits(network.credit_line)} credits`] as [string, string], ["Member since", date(network.member_since)] as [string, string]]),
              ]}
            />
            <div className="card-actions">
              <ActionButton tone="danger" confirm={`This node leaves ${network.name}: it is linked to its nodes no more, and to come back takes a new invite.`} action={() => api.delete(`/v1/node/networks/${network.id}`)} onError={setError}>
                Leave
              </ActionButton>
            </div>
          </Card>
        ))}
      </div>
      <div className="columns">
        <Card title="Join a network">
          <JoinForm />
        </Card>
        {!networks?.some((network) => network.is_root) && (
          <Card title="Found a network">
            <FoundForm />
          </Card>
        )}
      </div>
    </>
  );
}

/** Also on the first visit's page. */
export function JoinForm() {
  const [token, setToken] = useState("");
  const [joined, setJoined] = useState<Network | null>(null);
  return (
    <>
      <Form
        submit="Join"
        onSubmit={async () => {
          // Mail and chat programs break long words.
          setJoined(await api.post<Network>("/v1/node/join", { token: token.replace(/\s+/g, "") }));
          setToken("");
        }}
      >
        <Field label="Invite" hint="Paste the whole token that you were given; it begins with mycel-.">
          {(id) => <textarea id={id} rows={3} required value={token} onChange={(event) => setToken(event.target.value)} placeholder="mycel-…" spellCheck={false} />}
        </Field>
      </Form>
      {joined && <Notice tone="ok">This node is in {joined.name} now.</Notice>}
    </>
  );
}

function FoundForm() {
  const [name, setName] = useState("");
  const [open, setOpen] = useState(false);
  return (
    <Form submit="Found" onSubmit={() => api.post("/v1/node/networks", { name: name.trim(), public: open })}>
      <Field label="Name">{(id) => <input id={id} required maxLength={64} value={name} onChange={(event) => setName(event.target.value)} placeholder="friends" />}</Field>
      <label className="check">
        <input type="checkbox" checked={open} onChange={(event) => setOpen(event.target.checked)} /> Newcomers need no invite
      </label>
    </Form>
  );
}
