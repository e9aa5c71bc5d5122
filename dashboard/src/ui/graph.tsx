import type { Peer, Relay, Status } from "../api/types";
import { ms } from "../lib/format";

/** Nodes drawn at most; the rest is counted. */
const MAX_DRAWN = 24;
const WIDTH = 520;
const HEIGHT = 280;

interface Leaf {
  id: string;
  name: string;
  note: string;
  kind: "relay" | "peer";
  up: boolean;
}

/** This node, its devices and the other nodes, and how they are linked. */
export function NetworkGraph({ status, relays, peers }: { status: Status; relays: Relay[]; peers: Peer[] }) {
  const leaves: Leaf[] = [
    ...relays.map((relay): Leaf => ({ id: relay.url, name: relay.name, note: relay.online ? `device · ${ms(relay.latency_ms)}` : "device · offline", kind: "relay", up: relay.online })),
    ...peers.map((peer): Leaf => ({ id: peer.id, name: peer.name, note: peer.linked ? `${peer.carrier} · ${ms(peer.round_trip_ms)}` : "not linked", kind: "peer", up: peer.linked })),
  ];
  const drawn = leaves.slice(0, MAX_DRAWN);
  const sentence = `${status.name} with ${leaves.filter((leaf) => leaf.up).length} of ${leaves.length} devices and nodes connected: ${leaves.map((leaf) => `${leaf.name} (${leaf.note})`).join(", ") || "none yet"}`;
  return (
    <figure className="graph">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={sentence}>
        {drawn.map((leaf, index) => {
          const [x, y] = place(index, drawn.length);
          return <line key={leaf.id} x1={WIDTH / 2} y1={HEIGHT / 2} x2={x} y2={y} className={leaf.up ? `link ${leaf.kind}` : "link down"} />;
        })}
        {drawn.map((leaf, index) => {
          const [x, y] = place(index, drawn.length);
          // Away from the middle, where the lines are.
          const below = y >= HEIGHT / 2 - 4 ? 25 : -28;
          return (
            <g key={leaf.id} className={`leaf ${leaf.kind} ${leaf.up ? "" : "down"}`}>
              {leaf.kind === "relay" ? <rect x={x - 9} y={y - 9} width={18} height={18} rx={4} /> : <circle cx={x} cy={y} r={10} />}
              <text x={x} y={y + below}>
                {cut(leaf.name)}
              </text>
              <text x={x} y={y + below + 14} className="note">
                {leaf.note}
              </text>
            </g>
          );
        })}
        <g className="self">
          <circle cx={WIDTH / 2} cy={HEIGHT / 2} r={16} />
          <text x={WIDTH / 2} y={HEIGHT / 2 + 34}>
            {cut(status.name)}
          </text>
        </g>
      </svg>
      <figcaption>
        {leaves.length === 0
          ? "Nothing is connected yet."
          : `Squares are devices this node fronts, circles are other nodes; dashed lines are down.${leaves.length > drawn.length ? ` ${leaves.length - drawn.length} more are not drawn.` : ""}`}
      </figcaption>
    </figure>
  );
}

/** Places on an ellipse, begun at its sides, where names have most room. */
function place(index: number, total: number): [number, number] {
  const angle = total === 1 ? 0 : (index / total) * 2 * Math.PI + Math.PI / 6;
  return [WIDTH / 2 + Math.cos(angle) * (WIDTH / 2 - 80), HEIGHT / 2 - 4 + Math.sin(angle) * (HEIGHT / 2 - 52)];
}

const cut = (name: string) => (name.length > 18 ? `${name.slice(0, 17)}…` : name);
