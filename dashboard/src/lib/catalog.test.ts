import { expect, it } from "vitest";
import type { LocalModel, Peer, Relay } from "../api/types";
import { choicesOf, placesOf, stateOf } from "./catalog";

const local = (name: string, state = "loaded", embedding = false) => ({ name, state, embedding }) as LocalModel;
const relay = (name: string, models: string[], online = true) => ({ name, models, online, healthy: true }) as Relay;
const peer = (name: string, models: string[], linked = true) => ({ name, models, linked, route: linked ? `peer:${name}` : null, prices: {} as Record<string, string> }) as Peer;

it("lists each model at each place by its pinned name", () => {
  const places = placesOf([local("a")], [relay("box", ["b"])], [peer("attic", ["a"])]);
  expect(places.map((place) => place.id)).toEqual(["local:a", "relay:box:b", "peer:attic:a"]);
});

it("offers plain names once, then places, and nothing that cannot answer", () => {
  const choices = choicesOf(placesOf([local("a"), local("gone", "available"), local("vectors", "loaded", true)], [relay("box", ["b"]), relay("off", ["c"], false)], [peer("attic", ["a"]), peer("cellar", ["d"], false)]));
  expect(choices.map((choice) => choice.id)).toEqual(["a", "relay:b", "local:a", "relay:box:b", "peer:attic:a"]);
});

it("calls a device that did not answer just now failing before it is offline", () => {
  const device = relay("box", []);
  expect([device, { ...device, last_error: "refused" }, { ...device, healthy: false }, { ...device, online: false, last_error: "refused" }].map(stateOf)).toEqual(["online", "failing", "failing", "offline"]);
});
