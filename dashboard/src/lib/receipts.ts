import type { Receipt, ReceiptCheck } from "../api/types";

export interface Outcome {
  ok: boolean;
  sentence: string;
}

/** What each check looks at, for people. */
const CHECKS: Record<string, string> = {
  order: "The order: the node that asked signed the model, the price and the most that it would pay.",
  devices: "The two nodes: each was certified by its account when the work was done.",
  receipt: "The receipt: the node that answered signed it, for this order; tokens times price make the amount, within what was ordered.",
  countersignature: "The agreement: the node that asked signed for this receipt; tokens times price make the amount.",
  book: "The book of this node: it has written down what was signed.",
};

export interface Line {
  check: string;
  result: "holds" | "wrong" | "missing";
  sentence: string;
}

/** Each thing that was checked, and how it came out. */
export const linesOf = (check: ReceiptCheck): Line[] =>
  check.checks.map(({ check: name, result, problem }) => {
    const what = CHECKS[name] ?? name;
    return { check: name, result, sentence: result === "holds" ? what : result === "missing" ? `${what.split(":")[0]}: not signed yet.` : `${what.split(":")[0]}: ${problem}` };
  });

/** What all of it comes to. */
export function outcomeOf(check: ReceiptCheck): Outcome {
  if (!check.holds) return { ok: false, sentence: "This receipt proves nothing: something in it does not hold." };
  if (!check.settled) return { ok: true, sentence: "All that is signed so far holds; one side has yet to sign." };
  return { ok: true, sentence: "Verified: both sides signed this receipt, and its sums are right." };
}

/** How far a receipt has come: a word, and what it means. */
const STATES: Record<string, { tone: "ok" | "warn" | "bad"; word: string; meaning: string }> = {
  receipted: { tone: "warn", word: "one signature", meaning: "The node that answered has signed, the one that asked has not." },
  countersigned: { tone: "warn", word: "both signed", meaning: "Both sides have signed; it is on its way to the ledger." },
  acknowledged: { tone: "warn", word: "both signed", meaning: "Both sides have signed, and both have it for certain; it is on its way to the ledger." },
  waiting: { tone: "warn", word: "waiting", meaning: "The ledger has it, and the payer would owe more than it may." },
  posted: { tone: "ok", word: "posted", meaning: "It is in the ledger, and in the balances of both." },
  refused: { tone: "bad", word: "refused", meaning: "It counts for nothing." },
};

export const stateOfReceipt = (receipt: Receipt) => STATES[receipt.state] ?? { tone: "warn", word: receipt.state, meaning: "" };
