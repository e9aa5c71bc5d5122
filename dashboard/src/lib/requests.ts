import type { RequestRecord } from "../api/types";

/** Tokens a second after the first; null where it cannot be told. */
export function speedOfRecord(record: RequestRecord): number | null {
  const rest = record.duration_ms - (record.ttft_ms ?? record.duration_ms);
  return record.status === 200 && (record.completion_tokens ?? 0) > 1 && rest > 1 ? ((record.completion_tokens! - 1) * 1000) / rest : null;
}
