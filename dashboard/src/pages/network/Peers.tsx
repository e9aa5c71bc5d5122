import { Link } from "wouter";
import { useLive } from "../../api/live";
import { ago, duration, ms, price, shortId } from "../../lib/format";
import { Badge, CopyButton, Empty, Table } from "../../ui/parts";

const CARRIERS: Record<string, string> = { quic: "directly (QUIC)", tunnel: "through its web port", relay: "through another node" };

/** How a link gets to the other node, for people. */
export const carrierOf = (carrier: string | null) => CARRIERS[carrier ?? ""] ?? carrier ?? "linked";

export function Peers() {
  const peers = useLive("peers")?.peers;
  const requests = useLive("requests");
  if (peers?.length === 0) {
    return (
      <Empty>
        No other node yet. <Link href="/network/networks">Join a network</Link> with an invite, or <Link href="/network/invites">invite someone</Link>.
      </Empty>
    );
  }
  return (
    <Table label="Other nodes" head={["Node", "Link", { text: "Round trip", number: true }, "Models, and their credits for a million tokens", { text: "Slots free", number: true }, "Relied on", "Networks"]}>
      {peers?.map((peer) => {
        const figures = requests?.by_route.filter((route) => peer.route && route.name.startsWith(peer.route)) ?? [];
        const asked = figures.reduce((sum, route) => sum + route.requests, 0);
        const failed = figures.reduce((sum, route) => sum + route.failed, 0);
        return (
          <tr key={peer.id}>
            <th scope="row">
              {peer.name} {peer.own && <Badge tone="info">yours</Badge>}
              <small className="pinned with-copy">
                <code title={peer.id}>{shortId(peer.id)}</code>
                <CopyButton text={peer.id} label={`Copy the id of ${peer.name}`} />
              </small>
            </th>
            <td>
              <Badge tone={peer.linked ? "ok" : "bad"}>{peer.linked ? "linked" : "not linked"}</Badge>
              <small className="pinned">
                {peer.linked ? `${carrierOf(peer.carrier)}${peer.address ? ` ${peer.direction === "out" ? "to" : "from"} ${peer.address}` : ""}, for ${duration((Date.now() - Date.parse(peer.since ?? "")) / 1000)}` : `${peer.last_seen ? `seen ${ago(peer.last_seen)}` : "never linked"}${peer.last_error ? `: ${peer.last_error}` : ""}`}
              </small>
            </td>
            <td className="number">{ms(peer.round_trip_ms)}</td>
            <td className="tags">
              {peer.models.map((model) => (
                <Badge key={model}>{peer.prices[model] ? `${model}: ${price(peer.prices[model])}` : model}</Badge>
              ))}
            </td>
            <td className="number">
              {peer.free_slots} of {peer.slots}
            </td>
            <td>
              {peer.own ? "it is yours" : peer.reliability === null ? "–" : `${Math.round(peer.reliability * 100)} %`}
              <small className="pinned">{asked === 0 ? "not asked lately" : `${asked} asked lately, ${failed === 0 ? "none failed" : `${failed} failed`}`}</small>
            </td>
            <td>{peer.networks.join(", ") || "–"}</td>
          </tr>
        );
      })}
    </Table>
  );
}
