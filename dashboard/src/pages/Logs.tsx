import { Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, send, sentenceOf } from "../api/client";
import { readEvents } from "../api/sse";
import type { LogEntry } from "../api/types";
import { append, fieldsOf, matches } from "../lib/logs";
import { Badge, Button, Empty, Field, Notice, Page } from "../ui/parts";

const LEVELS = ["trace", "debug", "info", "warn", "error"];
const TONES: Record<string, "plain" | "info" | "warn" | "bad"> = { info: "info", warn: "warn", error: "bad", critical: "bad" };

/** Entries drawn are collected for so long, so that a busy log does not keep the browser busy. */
const COLLECT_MS = 250;

export default function Logs() {
  const [level, setLevel] = useState("info");
  const [search, setSearch] = useState("");
  const [paused, setPaused] = useState(false);
  const [entries, setEntries] = useState<LogEntry[]>([]);
  const [held, setHeld] = useState(0);
  const [error, setError] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const stopped = useRef(paused);
  stopped.current = paused;
  const waiting = useRef<LogEntry[]>([]);

  useEffect(() => {
    const abort = new AbortController();
    waiting.current = [];
    const follow = async () => {
      // First the stream, then what was before it: nothing falls between.
      const stream = await send("GET", `/v1/node/logs/stream?level=${level}`, undefined, abort.signal);
      const { logs } = await api.get<{ logs: LogEntry[] }>(`/v1/node/logs?limit=500&level=${level}`, abort.signal);
      setEntries(logs);
      setError(null);
      const last = logs.at(-1)?.ts ?? "";
      await readEvents(stream, ({ data }) => {
        const entry = JSON.parse(data) as LogEntry;
        if (entry.ts > last) waiting.current = append(waiting.current, [entry]);
      });
      throw new Error("The node ended the log.");
    };
    const keep = async () => {
      while (!abort.signal.aborted) {
        await follow().catch((problem) => abort.signal.aborted || setError(sentenceOf(problem)));
        await new Promise((done) => setTimeout(done, 2000));
      }
    };
    void keep();
    const draw = setInterval(() => {
      if (stopped.current) return setHeld(waiting.current.length);
      setHeld(0);
      if (waiting.current.length === 0) return;
      const fresh = waiting.current;
      waiting.current = [];
      setEntries((all) => append(all, fresh));
    }, COLLECT_MS);
    return () => {
      abort.abort();
      clearInterval(draw);
    };
  }, [level]);

  const shown = entries.filter((entry) => matches(entry, search));
  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown.length, entries]);

  return (
    <Page
      title="Logs"
      actions={
        <Button onClick={() => setPaused(!paused)} aria-pressed={paused}>
          {paused ? <Play aria-hidden /> : <Pause aria-hidden />} {paused ? `Go on${held > 0 ? ` (${held} new)` : ""}` : "Pause"}
        </Button>
      }
    >
      <div className="row filters">
        <Field label="Level">
          {(id) => (
            <select id={id} value={level} onChange={(event) => setLevel(event.target.value)}>
              {LEVELS.map((one) => (
                <option key={one} value={one}>
                  {one} and worse
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Search">{(id) => <input id={id} type="search" value={search} onChange={(event) => setSearch(event.target.value)} placeholder="all of these words" />}</Field>
      </div>
      {error && <Notice tone="bad">{error} Trying again …</Notice>}
      <div
        className="logs"
        ref={box}
        tabIndex={0}
        role="log"
        aria-label="Log entries"
        aria-live="off"
        onScroll={({ currentTarget: at }) => {
          atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < 40;
        }}
      >
        {shown.length === 0 && <Empty>{entries.length === 0 ? "Nothing was logged at this level." : "No entry has all of these words."}</Empty>}
        {shown.map((entry, index) => (
          <div key={`${entry.ts} ${index}`} className={`entry ${entry.level}`}>
            <time dateTime={entry.ts}>{new Date(entry.ts).toLocaleTimeString(undefined, { hour12: false })}</time>
            <Badge tone={TONES[entry.level]}>{entry.level}</Badge>
            <span>
              {entry.message} <small className="muted" title={entry.category}>
                {entry.category.split(".").at(-1)}
              </small>
            </span>
            {entry.level !== "info" && fieldsOf(entry) && <small className="fields">{fieldsOf(entry)}</small>}
          </div>
        ))}
      </div>
      <p className="muted">
        {shown.length} of {entries.length} entries. {paused && "Paused: new entries wait."}
      </p>
    </Page>
  );
}
