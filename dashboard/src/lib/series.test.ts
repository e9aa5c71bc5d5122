import { expect, it } from "vitest";
import type { LoadSample } from "../api/types";
import { LoadSeries } from "./series";

const sample = (second: number, requests: number, tokens: number, ttft: number | null = null): LoadSample => ({
  at: new Date(second * 1000).toISOString(),
  requests,
  failed: 0,
  prompt_tokens: 0,
  completion_tokens: tokens,
  active: 0,
  queued: 0,
  ttft_ms: ttft,
  earned: 0,
  spent: 0,
});

it("turns counts into rates, whatever the time between them", () => {
  const series = new LoadSeries();
  series.reset([sample(1000, 0, 0), sample(1005, 10, 500)]);
  series.add(sample(1006, 11, 650, 40));
  expect(series.rates(300)).toEqual({ at: [1005, 1006], tokens: [100, 150], requests: [2, 1], ttft: [null, 40] });
  expect(series.now()).toEqual({ tokens: 150, requests: 1, ttft: 40 });
});

it("begins anew when the node was started again", () => {
  const series = new LoadSeries();
  series.reset([sample(1000, 50, 500), sample(1005, 60, 600)]);
  series.add(sample(1006, 1, 3));
  expect(series.rates(300).tokens).toEqual([]);
});

it("forgets what is over an hour old", () => {
  const series = new LoadSeries();
  for (let second = 0; second <= 7200; second += 60) series.add(sample(second, second, second));
  expect(series.rates(100_000).at[0]).toBeGreaterThanOrEqual(3600);
});

it("knows nothing before the first sample", () => {
  expect(new LoadSeries().now()).toEqual({ tokens: 0, requests: 0, ttft: null });
});
