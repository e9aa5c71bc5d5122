import type { LocalModel, Peer, Relay } from "../api/types";

/** A model at one place that has it. */
export interface Place {
  /** The name that asks for it there and nowhere else. */
  id: string;
  /** Its plain name, which is answered by whoever is best. */
  model: string;
  kind: "local" | "relay" | "peer";
  where: string;
  usable: boolean;
  state: string;
  bytes: number | null;
  context: number | null;
  speed: number | null;
  price: string | null;
  embedding: boolean;
}

/** Every model at every place: this node's own, its devices', and those of other nodes. */
export function placesOf(models: LocalModel[], relays: Relay[], peers: Peer[]): Place[] {
  return [
    ...models
      .filter((model) => model.state !== "pulling")
      .map((model): Place => ({
        id: `local:${model.name}`,
        model: model.name,
        kind: "local",
        where: model.device ? `this node (${model.device})` : "this node",
        usable: ["unloaded", "loading", "loaded", "failed"].includes(model.state),
        state: model.state,
        bytes: model.process_bytes ?? model.estimated_bytes ?? model.file_bytes,
        context: model.context ?? model.context_train,
        speed: model.tokens_per_second,
        price: null,
        embedding: model.embedding,
      })),
    ...relays.flatMap((relay) =>
      relay.models.map((model): Place => ({
        id: `relay:${relay.name}:${model}`,
        model,
        kind: "relay",
        where: relay.name,
        usable: relay.online,
        state: stateOf(relay),
        bytes: null,
        context: null,
        speed: null,
        price: null,
        embedding: false,
      })),
    ),
    ...peers.flatMap((peer) =>
      peer.models.map((model): Place => ({
        id: `${peer.route ?? `peer:${peer.name}`}:${model}`,
        model,
        kind: "peer",
        where: peer.name,
        usable: peer.linked,
        state: peer.linked ? "linked" : "not linked",
        bytes: null,
        context: null,
        speed: null,
        price: peer.prices[model] ?? null,
        embedding: false,
      })),
    ),
  ];
}

/** How a device is. One that did not answer just now is offline only after more of that. */
export const stateOf = (relay: Relay) => (!relay.online ? "offline" : relay.healthy && !relay.last_error ? "online" : "failing");

export interface Choice {
  group: string;
  id: string;
  label: string;
}

/** What a chat may be held with: each plain name once, then each place by itself. */
export function choicesOf(places: Place[]): Choice[] {
  const usable = places.filter((place) => place.usable && !place.embedding);
  const plain = new Map<string, Choice>();
  for (const { kind, model } of usable) {
    // Devices' models are asked for as relay:NAME where this node has none of the name itself.
    const id = kind === "relay" ? `relay:${model}` : model;
    if (!plain.has(id)) plain.set(id, { group: "Wherever it is best", id, label: id });
  }
  return [...plain.values(), ...usable.map((place) => ({ group: place.kind === "local" ? "This node" : place.where, id: place.id, label: place.id }))];
}
