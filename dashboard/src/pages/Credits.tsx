import { useState } from "react";
import { Link } from "wouter";
import { api } from "../api/client";
import { useLive } from "../api/live";
import type { NetworkCredit, Receipt } from "../api/types";
import { ago, count, credits, date, shortId } from "../lib/format";
import { useAsync } from "../lib/useAsync";
import { ActionButton, Badge, Button, Card, Empty, Field, Notice, Page, Stat, Table } from "../ui/parts";
import { type Outcome, stateOfReceipt } from "../lib/receipts";
import { ReceiptDialog } from "./ReceiptDialog";

interface BooksCheck {
  whole: boolean;
  books: { network: string; book: string; entries: number; problem: string | null }[];
}

/** Re-checks every signature and sum, and says in a sentence what was found. */
async function checkBooks(): Promise<Outcome> {
  const { books } = await api.get<BooksCheck>("/v1/node/ledger/verify");
  const bad = books.find((book) => book.problem);
  if (bad) return { ok: false, sentence: `${bad.network} (${bad.book}): ${bad.problem}` };
  return { ok: true, sentence: `All ${count(books.reduce((sum, book) => sum + book.entries, 0))} entries are signed, and the sums are right.` };
}

export default function Credits() {
  const credit = useLive("credits");
  const [checked, setChecked] = useState<Outcome | null>(null);
  return (
    <Page
      title="Credits"
      lead={credit?.sentence}
      actions={
        <ActionButton action={async () => setChecked(await checkBooks())} onError={(sentence) => setChecked({ ok: false, sentence })}>
          Check the books
        </ActionButton>
      }
    >
      {checked && <Notice tone={checked.ok ? "ok" : "bad"}>{checked.sentence}</Notice>}
      {credit?.networks.map((network) => (
        <NetworkCard key={network.id} credit={network} />
      ))}
      {credit?.networks.length === 0 && <Empty>
          Credit is kept within networks. <Link href="/network/networks">Join or found one</Link>.
        </Empty>}
      <HistoryCard marker={JSON.stringify(credit?.networks.map((network) => [network.earned, network.used, network.earned_pending, network.used_pending]))} networks={credit?.networks ?? []} />
    </Page>
  );
}

function NetworkCard({ credit }: { credit: NetworkCredit }) {
  const notes = [
    credit.clears_here ? "The ledger is kept here." : credit.ledger_reached ? `The ledger said so ${ago(credit.standing_at)}.` : "No node that keeps the ledger is reached now.",
    credit.refused && "Fraud of this account was proved: it is refused.",
  ].filter(Boolean);
  return (
    <Card title={credit.name}>
      <div className="stats">
        <Stat label="Balance" value={credits(credit.balance)} unit="credits" tone={credit.balance < 0 ? "bad" : undefined} note={`may go to −${credits(credit.line)}`} />
        <Stat label="Can be spent" value={credits(credit.available)} unit="credits" note={credit.reserved > 0 ? `${credits(credit.reserved)} held for what runs` : undefined} />
        <Stat label="Earned" value={credits(credit.earned)} unit="credits" note={credit.earned_pending > 0 ? `${credits(credit.earned_pending)} on the way` : undefined} />
        <Stat label="Used" value={credits(credit.used)} unit="credits" note={credit.used_pending > 0 ? `${credits(credit.used_pending)} on the way` : undefined} />
      </div>
      <p className="muted">{notes.join(" ")}</p>
      {credit.tabs.length > 0 && (
        <Table label={`Tabs in ${credit.name}`} head={["With", { text: "Earned from them", number: true }, { text: "Used from them", number: true }, { text: "Net, in credits", number: true }]}>
          {credit.tabs.map((tab) => (
            <tr key={tab.account}>
              <th scope="row">
                {tab.names.join(", ") || shortId(tab.account)}
                <small className="pinned">
                  <code title={tab.account}>{shortId(tab.account)}</code>
                </small>
              </th>
              <td className="number">
                {credits(tab.earned)}
                {tab.earned_pending > 0 && <small className="pinned">+ {credits(tab.earned_pending)} on the way</small>}
              </td>
              <td className="number">
                {credits(tab.used)}
                {tab.used_pending > 0 && <small className="pinned">+ {credits(tab.used_pending)} on the way</small>}
              </td>
              <td className="number">{credits(tab.earned - tab.used)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

interface ReceiptPage {
  receipts: Receipt[];
  next: string | null;
}

function HistoryCard({ marker, networks }: { marker: string; networks: NetworkCredit[] }) {
  const [side, setSide] = useState("");
  const [older, setOlder] = useState<ReceiptPage | null>(null);
  const [open, setOpen] = useState<{ id: string; verifying: boolean } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const query = side ? `&side=${side}` : "";
  const { value, error } = useAsync(() => api.get<ReceiptPage>(`/v1/node/credits/history?limit=50${query}`), [marker, side]);
  const first = value?.receipts ?? [];
  // The first page moves on as receipts come; what is in both is shown once.
  const shown = [...first, ...(older?.receipts ?? []).filter((receipt) => !first.some((newer) => newer.id === receipt.id))];
  const next = older ? older.next : (value?.next ?? null);
  return (
    <Card
      title="History"
      actions={
        <Field label="Show">
          {(id) => (
            <select
              id={id}
              value={side}
              onChange={(event) => {
                setSide(event.target.value);
                setOlder(null);
              }}
            >
              <option value="">earned and paid</option>
              <option value="earned">earned</option>
              <option value="paid">paid</option>
            </select>
          )}
        </Field>
      }
    >
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {shown.length === 0 && value && <Empty>Nothing was earned or paid yet. What others ask of your models earns credits, and what you ask of theirs is paid with them.</Empty>}
      {shown.length > 0 && (
        <Table label="Receipts" head={["When", "With", { text: "Credits", number: true }, "Model", { text: "Tokens read + written", number: true }, "State", ""]}>
          {shown.map((receipt) => (
            <tr key={receipt.id}>
              <td title={date(receipt.at)}>{ago(receipt.at)}</td>
              <th scope="row">
                {receipt.name ?? shortId(receipt.account)}
                {networks.length > 1 && <small className="pinned">{networks.find((network) => network.id === receipt.network)?.name}</small>}
              </th>
              <td className={`number ${receipt.side}`}>
                {receipt.side === "earned" ? "+" : "−"}
                {credits(receipt.amount)}
              </td>
              <td>{receipt.model}</td>
              <td className="number">
                {count(receipt.prompt_tokens)} + {count(receipt.completion_tokens)}
              </td>
              <td>
                <Badge tone={stateOfReceipt(receipt).tone}>{stateOfReceipt(receipt).word}</Badge>
                {receipt.reason && <small className="pinned">{receipt.reason}</small>}
              </td>
              <td className="buttons">
                <Button onClick={() => setOpen({ id: receipt.id, verifying: false })} aria-label={`Show the receipt ${receipt.id}`}>
                  Show
                </Button>
                <Button onClick={() => setOpen({ id: receipt.id, verifying: true })} aria-label={`Verify the receipt ${receipt.id}`}>
                  Verify
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {next && (
        <ActionButton
          action={async () => {
            const page = await api.get<ReceiptPage>(`/v1/node/credits/history?limit=50&before=${next}${query}`);
            setOlder({ receipts: [...(older?.receipts ?? []), ...page.receipts], next: page.next });
          }}
          onError={setProblem}
        >
          Show older
        </ActionButton>
      )}
      {open && <ReceiptDialog {...open} onClose={() => setOpen(null)} />}
    </Card>
  );
}
