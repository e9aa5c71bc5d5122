import type { LoadSample } from "../api/types";

/** Time that is kept, in seconds. */
const KEPT = 3600;

export interface Rates {
  /** Seconds since 1970. */
  at: number[];
  tokens: number[];
  requests: number[];
  ttft: (number | null)[];
}

/** Counts that only rise, turned into what happens in a second. */
export class LoadSeries {
  version = 0;
  private samples: LoadSample[] = [];

  reset(samples: LoadSample[]) {
    this.samples = [...samples];
    this.version++;
  }

  add(sample: LoadSample) {
    const last = this.samples.at(-1);
    // A node that was started again counts from 0.
    if (last && sample.requests < last.requests) this.samples = [];
    this.samples.push(sample);
    const oldest = time(sample) - KEPT;
    const keep = this.samples.findIndex((kept) => time(kept) >= oldest);
    if (keep > 0) this.samples.splice(0, keep);
    this.version++;
  }

  /** What happened in each second of the latest so many. */
  rates(seconds: number): Rates {
    const rates: Rates = { at: [], tokens: [], requests: [], ttft: [] };
    const newest = this.samples.at(-1);
    if (!newest) return rates;
    const from = time(newest) - seconds;
    for (let i = 1; i < this.samples.length; i++) {
      const [before, now] = [this.samples[i - 1], this.samples[i]];
      const span = time(now) - time(before);
      if (time(now) < from || span <= 0) continue;
      rates.at.push(time(now));
      rates.tokens.push((now.completion_tokens - before.completion_tokens) / span);
      rates.requests.push((now.requests - before.requests) / span);
      rates.ttft.push(now.ttft_ms);
    }
    return rates;
  }

  /** The means over the latest seconds: tokens and requests a second, and the latest time to first token known. */
  now(seconds = 5): { tokens: number; requests: number; ttft: number | null } {
    const newest = this.samples.at(-1);
    if (!newest) return { tokens: 0, requests: 0, ttft: null };
    const from = this.samples.find((sample) => time(sample) >= time(newest) - seconds) ?? newest;
    const span = time(newest) - time(from);
    const ttft = [...this.samples].reverse().find((sample) => sample.ttft_ms !== null)?.ttft_ms ?? null;
    if (span <= 0) return { tokens: 0, requests: 0, ttft };
    return { tokens: (newest.completion_tokens - from.completion_tokens) / span, requests: (newest.requests - from.requests) / span, ttft };
  }
}

const time = (sample: LoadSample) => Date.parse(sample.at) / 1000;
