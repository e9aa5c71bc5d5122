import type { LocalModel, Peer, Relay, Status } from "../api/types";

export interface Health {
  level: "ok" | "warn" | "bad";
  sentence: string;
}

/** How the node is, in one sentence: the worst that is wrong, or what it can do. */
export function healthOf(status: Status, relays: Relay[], models: LocalModel[], peers: Peer[]): Health {
  if (status.state !== "ready") return { level: "warn", sentence: status.state === "draining" ? "The node is shutting down." : "The node is starting." };
  const broken = models.find((model) => model.state === "failed" || model.state === "quarantined");
  const offline = relays.filter((relay) => !relay.online);
  if (status.models === 0) {
    if (offline.length > 0) return { level: "bad", sentence: `No model can be used: ${list(offline.map((relay) => relay.name))} ${offline.length === 1 ? "is" : "are"} offline.` };
    return { level: "warn", sentence: "No model is here yet. Add a relay, pull a model, or join a network." };
  }
  const able = `${plural(status.models, "model")} can be used`;
  if (broken) return { level: "warn", sentence: `${able}; ${broken.name} could not be loaded.` };
  if (offline.length > 0) return { level: "warn", sentence: `${able}; ${list(offline.map((relay) => relay.name))} ${offline.length === 1 ? "is" : "are"} offline.` };
  const sick = relays.find((relay) => !relay.healthy);
  if (sick) return { level: "warn", sentence: `${able}; ${sick.name} failed lately.` };
  const lost = peers.filter((peer) => !peer.linked).length;
  if (peers.length > 0 && lost === peers.length) return { level: "warn", sentence: `${able}; no other node is linked.` };
  return { level: "ok", sentence: `All is well: ${able}${peers.length > 0 ? `, ${plural(peers.length - lost, "node")} linked` : ""}.` };
}

export const plural = (amount: number, noun: string) => `${amount} ${noun}${amount === 1 ? "" : "s"}`;

function list(names: string[]): string {
  return names.length <= 2 ? names.join(" and ") : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
}

/** Whether nothing was set up on the node yet. */
export const isEmpty = (status: Status, models: LocalModel[]) => status.relays.total === 0 && models.length === 0 && status.links.networks === 0 && status.models === 0;
