import { Suspense, lazy, useState } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import { useLive } from "../../api/live";
import type { Invite } from "../../api/types";
import { credits, date } from "../../lib/format";
import { useAsync } from "../../lib/useAsync";
import { ActionButton, Badge, Button, Card, CopyButton, Dialog, Empty, Field, Form, Notice, Table } from "../../ui/parts";

const Qr = lazy(() => import("../../ui/qr"));
const DAY = 86_400;
const TONES: Record<string, "ok" | "bad" | "plain"> = { open: "ok", revoked: "bad" };

export function Invites() {
  const networks = useLive("networks")?.networks ?? [];
  // Who comes in by an invite is known in its network: what changes there may have used one up.
  const known = networks.reduce((sum, network) => sum + network.peers_known, 0);
  const { value, error, again } = useAsync(() => api.get<{ invites: Invite[] }>("/v1/node/invites"), [known]);
  const [made, setMade] = useState<Invite | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const inviting = networks.filter((network) => network.is_root || network.may_invite);
  return (
    <>
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {inviting.length === 0 ? (
        <Empty>
          To invite others, <Link href="/network/networks">found a network</Link> first.
        </Empty>
      ) : (
        <Card title="Invite someone">
          <CreateForm
            names={inviting.map((network) => network.name)}
            onMade={(invite) => {
              setMade(invite);
              again();
            }}
          />
        </Card>
      )}
      {value && value.invites.length > 0 && (
        <Table label="Invites" head={["For", "Network", "State", { text: "Used", number: true }, "Valid until", "Allows", ""]}>
          {value.invites.map((invite) => (
            <tr key={invite.id}>
              <th scope="row">
                {invite.label || "–"}
                <small className="pinned">{invite.id.slice(0, 8)}</small>
              </th>
              <td>{invite.network}</td>
              <td>
                <Badge tone={TONES[invite.state]}>{invite.state.replace("_", " ")}</Badge>
              </td>
              <td className="number">
                {invite.used} of {invite.uses}
              </td>
              <td>{date(invite.expires_at)}</td>
              <td>
                {invite.terms.models ? invite.terms.models.join(", ") : "all models"}, {credits(invite.terms.credit_line)} credits of debt{invite.terms.may_invite ? ", inviting" : ""}
              </td>
              <td>
                {invite.state === "open" && (
                  <ActionButton
                    tone="danger"
                    confirm="Nobody can use this invite any more. Those it admitted stay."
                    action={async () => {
                      await api.delete(`/v1/node/invites/${invite.id}`);
                      again();
                    }}
                    onError={setProblem}
                  >
                    Revoke
                  </ActionButton>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {made?.token && (
        <Dialog title={`Invite to ${made.network}`} onClose={() => setMade(null)}>
          <Suspense fallback={null}>
            <Qr text={made.token} label="The invite as a QR code" />
          </Suspense>
          <div className="token">
            <code className="break">{made.token}</code>
            <CopyButton text={made.token} label="Copy the invite" />
          </div>
          <Notice tone="warn">It is shown this once. Whoever has it can use it, until {date(made.expires_at)}.</Notice>
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

function CreateForm({ names, onMade }: { names: string[]; onMade: (invite: Invite) => void }) {
  const [network, setNetwork] = useState(names[0]);
  const [label, setLabel] = useState("");
  const [uses, setUses] = useState("1");
  const [days, setDays] = useState("7");
  const [models, setModels] = useState("");
  const [line, setLine] = useState("");
  const [mayInvite, setMayInvite] = useState(false);
  return (
    <Form
      submit="Create invite"
      onSubmit={async () => {
        const listed = models.split(",").map((name) => name.trim()).filter(Boolean);
        onMade(
          await api.post<Invite>("/v1/node/invites", {
            network: names.includes(network) ? network : names[0],
            uses: Number(uses),
            expires_s: Math.round(Number(days) * DAY),
            ...(listed.length > 0 && { models: listed }),
            ...(line !== "" && { credit_line: Math.round(Number(line) * 1e6) }),
            may_invite: mayInvite,
            label: label.trim(),
          }),
        );
        setLabel("");
      }}
    >
      <div className="row">
        {names.length > 1 && (
          <Field label="Network">
            {(id) => (
              <select id={id} value={network} onChange={(event) => setNetwork(event.target.value)}>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field label="For whom" hint="For your own list.">
          {(id) => <input id={id} maxLength={100} value={label} onChange={(event) => setLabel(event.target.value)} placeholder="Ben" />}
        </Field>
        <Field label="People">{(id) => <input id={id} type="number" required min={1} value={uses} onChange={(event) => setUses(event.target.value)} />}</Field>
        <Field label="Valid for days">{(id) => <input id={id} type="number" required min={0.01} step="any" value={days} onChange={(event) => setDays(event.target.value)} />}</Field>
      </div>
      <details>
        <summary>What it allows</summary>
        <div className="row">
          <Field label="Models" hint="Names with commas between; empty for all.">
            {(id) => <input id={id} value={models} onChange={(event) => setModels(event.target.value)} />}
          </Field>
          <Field label="Credits of debt" hint="How far into debt guests may go; empty for the node’s standard.">
            {(id) => <input id={id} type="number" min={0} step="any" value={line} onChange={(event) => setLine(event.target.value)} />}
          </Field>
        </div>
        <label className="check">
          <input type="checkbox" checked={mayInvite} onChange={(event) => setMayInvite(event.target.checked)} /> Guests may invite others
        </label>
      </details>
    </Form>
  );
}
