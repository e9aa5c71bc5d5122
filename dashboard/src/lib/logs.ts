import type { LogEntry } from "../api/types";

/** Entries kept on the page. */
export const MAX_ENTRIES = 2000;

const PLAIN = new Set(["ts", "level", "category", "event", "message"]);

/** The entry's own fields, as text. */
export const fieldsOf = (entry: LogEntry) =>
  Object.entries(entry)
    // What the message says already is not said again.
    .filter(([name, value]) => !PLAIN.has(name) && !(typeof value === "string" && entry.message.includes(value)))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");

/** Whether an entry has all the words. */
export function matches(entry: LogEntry, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = `${entry.level} ${entry.category} ${entry.event ?? ""} ${entry.message} ${fieldsOf(entry)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** With new entries at the end; the oldest go where there are too many. */
export const append = (entries: LogEntry[], fresh: LogEntry[]) => [...entries, ...fresh].slice(-MAX_ENTRIES);
