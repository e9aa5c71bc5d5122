import { expect, it } from "vitest";
import type { LogEntry } from "../api/types";
import { MAX_ENTRIES, append, matches } from "./logs";

const entry: LogEntry = { ts: "1", level: "warn", category: "Mycel.Node.Relay", message: "gpu-box is offline", address: "10.0.0.7" };

it("finds entries that have all words, in fields too", () => {
  expect(matches(entry, "")).toBe(true);
  expect(matches(entry, "OFFLINE 10.0.0.7")).toBe(true);
  expect(matches(entry, "offline elsewhere")).toBe(false);
});

it("keeps the latest", () => {
  const many = Array.from({ length: MAX_ENTRIES }, (_, index) => ({ ...entry, ts: String(index) }));
  const kept = append(many, [entry]);
  expect(kept).toHaveLength(MAX_ENTRIES);
  expect(kept[0].ts).toBe("1");
});
