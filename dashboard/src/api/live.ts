import { useSyncExternalStore } from "react";
import { LoadSeries } from "../lib/series";
import { ApiError, send } from "./client";
import { readEvents } from "./sse";
import type { LoadSample, Sections } from "./types";

/** How the page stands with the node. */
export type Connection = { state: "connecting" | "live" } | { state: "lost"; reason: string } | { state: "signin"; reason: string | null };

/** Longest wait before the stream is opened again, in milliseconds. */
const MAX_WAIT = 10_000;

/** The node as its event stream tells it; pages read it and are drawn again when their part has changed. */
export class Live {
  connection: Connection = { state: "connecting" };
  readonly series = new LoadSeries();
  private readonly sections: Partial<Sections> = {};
  private readonly listeners = new Set<() => void>();
  private abort: AbortController | null = null;
  private wait = 500;

  get<K extends keyof Sections>(name: K): Sections[K] | undefined {
    return this.sections[name];
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Follows the node until it is stopped, or asks for a key. */
  async start(): Promise<void> {
    this.stop();
    const abort = (this.abort = new AbortController());
    this.setConnection({ state: "connecting" });
    while (!abort.signal.aborted) {
      try {
        const response = await send("GET", "/v1/node/events", undefined, abort.signal);
        await readEvents(response, (event) => this.take(event.name, event.data));
        this.lose("The node ended the connection.");
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
          this.setConnection({ state: "signin", reason: error.code === "insufficient_scope" ? "This key may use models only. The dashboard takes one of scope admin." : error.message });
          return;
        }
        this.lose(error instanceof ApiError ? error.message : "The connection broke off.");
      }
      await new Promise((done) => setTimeout(done, this.wait));
      this.wait = Math.min(this.wait * 2, MAX_WAIT);
    }
  }

  stop() {
    this.abort?.abort();
    this.abort = null;
  }

  /** Takes one event; exposed for tests. */
  take(name: string, data: string) {
    const value = JSON.parse(data);
    (this.sections as Record<string, unknown>)[name] = value;
    if (name === "history") this.series.reset((value as Sections["history"]).samples);
    if (name === "load") this.series.add(value as LoadSample);
    this.wait = 500;
    if (this.connection.state !== "live" && name === "status") this.connection = { state: "live" };
    this.tell();
  }

  private lose(reason: string) {
    this.setConnection({ state: "lost", reason });
  }

  private setConnection(connection: Connection) {
    this.connection = connection;
    this.tell();
  }

  private tell() {
    for (const listener of this.listeners) listener();
  }
}

export const live = new Live();

/** One part of the node, as it is now; undefined before it is known. */
export function useLive<K extends keyof Sections>(name: K): Sections[K] | undefined {
  return useSyncExternalStore(live.subscribe, () => live.get(name));
}

export function useConnection(): Connection {
  return useSyncExternalStore(live.subscribe, () => live.connection);
}

/** The load of the past, drawn again with each sample. */
export function useSeries(): LoadSeries {
  useSyncExternalStore(live.subscribe, () => live.series.version);
  return live.series;
}
