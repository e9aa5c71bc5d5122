import { expect, it } from "vitest";
import { ago, bytes, count, credits, duration, ms, rate, shortId } from "./format";

it("says bytes", () => expect([bytes(null), bytes(512), bytes(1536), bytes(2_497_280_256), bytes(160e9)]).toEqual(["–", "512 B", "1.5 kB", "2.5 GB", "160 GB"]));
it("says counts", () => expect([count(9999), count(12_400), count(3_000_000), count(undefined)]).toEqual(["9,999", "12.4 k", "3 M", "–"]));
it("says rates", () => expect([rate(0), rate(31.46), rate(1240)]).toEqual(["0", "31.5", "1,240"]));
it("says times", () => expect([ms(0.84), ms(311.2), ms(2210), duration(75), duration(90_000), duration(3600)]).toEqual(["0.8 ms", "311 ms", "2.2 s", "1 min 15 s", "1 d 1 h", "1 h"]));
it("says how long ago", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  expect([ago(null), ago("2026-01-01T11:59:58Z", now), ago("2026-01-01T11:00:00Z", now), ago("2025-12-30T12:00:00Z", now)]).toEqual(["never", "just now", "1 h ago", "2 d ago"]);
});
it("says credits with no more digits than tell something", () => expect([credits(0), credits(3_200_000), credits(137), credits(-2_500_000), credits(250e6)]).toEqual(["0", "3.2", "0.000137", "−2.5", "250"]));
it("shortens ids", () => expect([shortId("abc"), shortId("9d6344824b90c138067c")]).toEqual(["abc", "9d6344…067c"]));
