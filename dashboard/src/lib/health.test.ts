import { expect, it } from "vitest";
import type { LocalModel, Peer, Relay, Status } from "../api/types";
import { healthOf, isEmpty } from "./health";

const status = (models: number, state = "ready") => ({ state, models, relays: { total: 0, online: 0 }, links: { networks: 0 } }) as Status;
const relay = (name: string, online: boolean, healthy = online) => ({ name, online, healthy }) as Relay;
const model = (name: string, state: string) => ({ name, state }) as LocalModel;
const peer = (linked: boolean) => ({ linked }) as Peer;

it("says what is wrong before what is right", () => {
  expect(healthOf(status(2), [], [], [])).toEqual({ level: "ok", sentence: "All is well: 2 models can be used." });
  expect(healthOf(status(1), [relay("a", true), relay("b", false)], [], []).sentence).toBe("1 model can be used; b is offline.");
  expect(healthOf(status(0), [relay("a", false), relay("b", false)], [], [])).toEqual({ level: "bad", sentence: "No model can be used: a and b are offline." });
  expect(healthOf(status(0), [], [], []).level).toBe("warn");
  expect(healthOf(status(3), [], [model("m", "failed")], []).sentence).toContain("m could not be loaded");
  expect(healthOf(status(3), [relay("a", true, false)], [], []).sentence).toContain("a failed lately");
  expect(healthOf(status(3), [], [], [peer(false)]).sentence).toContain("no other node is linked");
  expect(healthOf(status(3, "draining"), [], [], []).sentence).toBe("The node is shutting down.");
});

it("knows a node on which nothing was set up", () => {
  expect(isEmpty(status(0), [])).toBe(true);
  expect(isEmpty(status(0), [model("m", "pulling")])).toBe(false);
});
