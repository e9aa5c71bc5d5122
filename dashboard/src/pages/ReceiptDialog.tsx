import { useState } from "react";
import { api, send } from "../api/client";
import type { Receipt } from "../api/types";
import { count, credits, date } from "../lib/format";
import { useAsync } from "../lib/useAsync";
import { ActionButton, Badge, Button, Dialog, Facts, Notice } from "../ui/parts";

interface Check {
  whole: boolean;
  books: { network: string; book: string; entries: number; bad_receipt: string | null; problem: string | null }[];
}

/** Re-checks every signature and sum, and says in a sentence what was found. */
export async function verify(id?: string): Promise<{ ok: boolean; sentence: string }> {
  const check = await api.get<Check>("/v1/node/ledger/verify");
  const bad = check.books.find((book) => book.problem);
  if (id && check.books.some((book) => book.bad_receipt === id)) return { ok: false, sentence: "This receipt is not what was signed." };
  if (bad) return { ok: false, sentence: `${bad.network} (${bad.book}): ${bad.problem}` };
  const entries = check.books.reduce((sum, book) => sum + book.entries, 0);
  return { ok: true, sentence: id ? `Verified: this and all ${count(entries)} entries of the books are signed, and the sums are right.` : `All ${count(entries)} entries are signed, and the sums are right.` };
}

export function ReceiptDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { value: receipt, error } = useAsync(() => api.get<Receipt>(`/v1/receipts/${id}`), [id]);
  const [found, setFound] = useState<{ ok: boolean; sentence: string } | null>(null);
  return (
    <Dialog title="Receipt" onClose={onClose}>
      {error && <Notice tone="bad">{error}</Notice>}
      {receipt && (
        <Facts
          facts={[
            ["Id", <code key="id" className="break">{receipt.id}</code>],
            [receipt.side === "paid" ? "Paid to" : "Earned from", receipt.name ?? receipt.account],
            ["Amount", `${credits(receipt.amount)} credits${receipt.claimed !== receipt.amount ? ` of ${credits(receipt.claimed)} asked for` : ""}`],
            ["For", `${receipt.model}: ${count(receipt.prompt_tokens)} + ${count(receipt.completion_tokens)} tokens`],
            ["At", date(receipt.at)],
            ["State", <Badge key="state" tone={receipt.state === "posted" ? "ok" : receipt.state === "refused" ? "bad" : "warn"}>{receipt.state}</Badge>],
            ["Entry in the ledger", receipt.entry ?? "not yet"],
            ...(receipt.reason ? [["Reason", receipt.reason] as [string, string]] : []),
          ]}
        />
      )}
      {found && <Notice tone={found.ok ? "ok" : "bad"}>{found.sentence}</Notice>}
      <div className="dialog-actions">
        <ActionButton action={() => save(id)} onError={(sentence) => setFound({ ok: false, sentence })}>
          Save
        </ActionButton>
        <ActionButton action={async () => setFound(await verify(id))} onError={(sentence) => setFound({ ok: false, sentence })}>
          Verify
        </ActionButton>
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

/** The signed bytes as a file, which anyone can verify with `mycel receipt verify`. */
async function save(id: string) {
  const response = await send("GET", `/v1/receipts/${id}?format=raw`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `${id}.receipt`;
  link.click();
  URL.revokeObjectURL(link.href);
}
