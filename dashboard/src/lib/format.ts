const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Bytes as people say them: 1.2 GB. */
export function bytes(value: number | null | undefined): string {
  if (value == null) return "–";
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A count: 1 841, 12.4 k, 3.1 M. */
export function count(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value < 10_000) return Math.round(value).toLocaleString("en");
  if (value < 1e6) return `${trim(value / 1e3)} k`;
  if (value < 1e9) return `${trim(value / 1e6)} M`;
  return `${trim(value / 1e9)} B`;
}

/** A rate: 0, 0.4, 31.5, 1,240. */
export function rate(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value === 0) return "0";
  return value < 100 ? value.toFixed(1) : count(value);
}

/** Milliseconds: 0.8 ms, 311 ms, 2.2 s. */
export function ms(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  return duration(value / 1000);
}

/** Seconds: 4.2 s, 3 min 20 s, 5 h 2 min, 3 d 4 h. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** How long ago a time was. */
export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at) return "never";
  const seconds = (now - Date.parse(at)) / 1000;
  if (seconds < 5) return "just now";
  const [amount, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "min"] : seconds < 86_400 ? [seconds / 3600, "h"] : [seconds / 86_400, "d"];
  return `${Math.floor(amount)} ${unit} ago`;
}

/** Micro-credits as credits, with no more digits than tell something. */
export function credits(micro: number | null | undefined): string {
  if (micro == null) return "–";
  const value = micro / 1e6;
  if (value === 0) return "0";
  const size = Math.abs(value);
  return value.toLocaleString("en", { maximumFractionDigits: size >= 100 ? 0 : size >= 1 ? 2 : size >= 0.01 ? 4 : 6 }).replace("-", "−");
}

/** A price as the API says it, `0.25/1`, with what it is of: credits for a million tokens. */
export function price(text: string): string {
  const [read, written] = text.split("/");
  return `${read} read, ${written} written`;
}

/** The beginning and end of a long id. */
export const shortId = (id: string) => (id.length > 14 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id);

/** A date and time of the reader's own place. */
export const date = (at: string | null | undefined) => (at ? new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "–");

const trim = (value: number) => (value >= 100 ? Math.round(value).toString() : value.toFixed(1).replace(/\.0$/, ""));
