import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { live } from "../../api/live";
import type { Peer } from "../../api/types";
import { Peers } from "./Peers";

afterEach(cleanup);

const peer: Peer = {
  id: "9d6344824b90c138067c", name: "attic", route: "peer:attic", account: "a1", own: false, networks: ["friends"], linked: true, carrier: "quic", address: "10.0.0.7:8421", direction: "out",
  since: new Date().toISOString(), round_trip_ms: 12, models: ["qwen3-4b"], prices: { "qwen3-4b": "0.25/1" }, slots: 4, free_slots: 3, version: "0.1.0", last_seen: null, last_error: null, reliability: 0.93,
};

it("tells how far a node is relied on, what it asks for, and why one is not linked", () => {
  const lost: Peer = { ...peer, id: "b", name: "cellar", route: null, linked: false, carrier: null, last_seen: null, last_error: "the connection timed out", reliability: null, own: true, models: [] };
  live.take("peers", JSON.stringify({ peers: [peer, lost] }));
  render(<Peers />);
  expect(screen.getByText("93 %")).toBeTruthy();
  expect(screen.getByText("qwen3-4b: 0.25 read, 1 written")).toBeTruthy();
  expect(screen.getByText("never linked: the connection timed out")).toBeTruthy();
  expect(screen.getByText("it is yours")).toBeTruthy();
});
