import { expect, it } from "vitest";
import type { ReceiptCheck } from "../api/types";
import { linesOf, outcomeOf } from "./receipts";

const all = (changes: Partial<Record<string, [ReceiptCheck["checks"][number]["result"], string | null]>> = {}): ReceiptCheck => {
  const checks = ["order", "devices", "receipt", "countersignature", "book"].map((check) => ({ check, result: changes[check]?.[0] ?? ("holds" as const), problem: changes[check]?.[1] ?? null }));
  return { holds: checks.every((one) => one.result !== "wrong"), settled: checks.every((one) => one.result !== "missing"), checks };
};

it("says what was checked of a receipt that holds", () => {
  expect(outcomeOf(all())).toEqual({ ok: true, sentence: "Verified: both sides signed this receipt, and its sums are right." });
  expect(linesOf(all())).toHaveLength(5);
});

it("names the part that does not hold, with the reason", () => {
  const check = all({ receipt: ["wrong", "The receipt has no valid signature."] });
  expect(outcomeOf(check).ok).toBe(false);
  expect(linesOf(check)[2].sentence).toBe("The receipt: The receipt has no valid signature.");
});

it("tells one that is not signed by both yet from one that is", () => {
  const check = all({ countersignature: ["missing", null] });
  expect(outcomeOf(check).sentence).toContain("has yet to sign");
  expect(linesOf(check)[3].sentence).toBe("The agreement: not signed yet.");
});
