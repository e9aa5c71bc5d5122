import { Ban, CircleCheck, Hourglass } from "lucide-react";
import { useEffect, useState } from "react";
import { api, sentenceOf, send } from "../api/client";
import type { Receipt, ReceiptCheck } from "../api/types";
import { count, credits, date } from "../lib/format";
import { linesOf, outcomeOf, stateOfReceipt } from "../lib/receipts";
import { useAsync } from "../lib/useAsync";
import { ActionButton, Badge, Button, CopyButton, Dialog, Facts, Notice } from "../ui/parts";

const ICONS = { holds: CircleCheck, wrong: Ban, missing: Hourglass };
const WORDS = { holds: "holds", wrong: "does not hold", missing: "not there yet" };

/** One receipt; `verifying` checks it as soon as it is open. */
export function ReceiptDialog({ id, verifying, onClose }: { id: string; verifying?: boolean; onClose: () => void }) {
  const { value: receipt, error } = useAsync(() => api.get<Receipt>(`/v1/receipts/${id}`), [id]);
  const [check, setCheck] = useState<ReceiptCheck | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const verify = async () => {
    setProblem(null);
    setCheck(await api.get<ReceiptCheck>(`/v1/receipts/${id}/verify`));
  };
  useEffect(() => {
    if (verifying) verify().catch((failure) => setProblem(sentenceOf(failure)));
  }, [id, verifying]);
  const state = receipt && stateOfReceipt(receipt);
  const outcome = check && outcomeOf(check);
  return (
    <Dialog title="Receipt" onClose={onClose}>
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {outcome && <Notice tone={outcome.ok ? "ok" : "bad"}>{outcome.sentence}</Notice>}
      {check && (
        <ul className="checks" aria-label="What was checked">
          {linesOf(check).map((line) => {
            const Icon = ICONS[line.result];
            return (
              <li key={line.check} className={line.result}>
                <Icon role="img" aria-label={WORDS[line.result]} />
                <span>{line.sentence}</span>
              </li>
            );
          })}
        </ul>
      )}
      {receipt && state && (
        <Facts
          facts={[
            [
              "Id",
              <span key="id" className="with-copy">
                <code className="break">{receipt.id}</code>
                <CopyButton text={receipt.id} label="Copy the id" />
              </span>,
            ],
            [receipt.side === "paid" ? "Paid to" : "Earned from", receipt.name ?? receipt.account],
            ["Amount", `${credits(receipt.amount)} credits${receipt.claimed !== receipt.amount ? ` of ${credits(receipt.claimed)} asked for` : ""}`],
            ["For", `${receipt.model}: ${count(receipt.prompt_tokens)} tokens read, ${count(receipt.completion_tokens)} written`],
            ["At", date(receipt.at)],
            [
              "State",
              <span key="state">
                <Badge tone={state.tone}>{state.word}</Badge> <small className="pinned">{receipt.reason ?? state.meaning}</small>
              </span>,
            ],
            ["Ledger", receipt.entry === null ? "not in it yet" : `entry ${count(receipt.entry)}`],
          ]}
        />
      )}
      <div className="dialog-actions">
        {receipt && <CopyButton text={JSON.stringify(receipt, null, 2)} label="Copy as JSON" />}
        <ActionButton action={() => save(id)} onError={setProblem} title="The signed bytes, which anyone can check with: mycel receipt verify FILE">
          Save
        </ActionButton>
        <ActionButton action={verify} onError={setProblem}>
          {check ? "Verify again" : "Verify"}
        </ActionButton>
        <Button tone="primary" onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

/** The signed bytes as a file, the same as `mycel receipt show --save` writes. */
async function save(id: string) {
  const response = await send("GET", `/v1/receipts/${id}?format=raw`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `${id}.receipt`;
  link.click();
  URL.revokeObjectURL(link.href);
}
