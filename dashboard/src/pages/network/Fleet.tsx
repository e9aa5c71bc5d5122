import { api } from "../../api/client";
import type { FleetNode } from "../../api/types";
import { useLive } from "../../api/live";
import { ago, ms } from "../../lib/format";
import { useAsync } from "../../lib/useAsync";
import { Badge, Empty, Notice, Table } from "../../ui/parts";
import { carrierOf } from "./Peers";

export function Fleet() {
  // The other nodes of the account are among the peers: what changes there changes here.
  const peers = useLive("peers");
  const { value, error } = useAsync(() => api.get<{ nodes: FleetNode[] }>("/v1/node/fleet"), [peers]);
  if (error) return <Notice tone="bad">{error}</Notice>;
  return (
    <>
      <Table label="Nodes of this account" head={["Node", "Link", { text: "Round trip", number: true }, "Models", { text: "Slots free", number: true }, "Version"]}>
        {value?.nodes.map((node) => (
          <tr key={node.id}>
            <th scope="row">
              {node.name} {node.this && <Badge tone="info">this one</Badge>}
            </th>
            <td>
              <Badge tone={node.linked ? "ok" : "bad"}>{node.this ? "here" : node.linked ? "linked" : "not linked"}</Badge>
              {node.linked && !node.this && <small className="pinned">{carrierOf(node.carrier)}</small>}
              {!node.linked && (
                <small className="pinned">
                  seen {ago(node.last_seen)}
                  {node.last_error && `: ${node.last_error}`}
                </small>
              )}
            </td>
            <td className="number">{ms(node.round_trip_ms)}</td>
            <td className="tags">
              {node.models.map((model) => (
                <Badge key={model}>{model}</Badge>
              ))}
            </td>
            <td className="number">
              {node.free_slots} of {node.slots}
            </td>
            <td>{node.version ?? "–"}</td>
          </tr>
        ))}
      </Table>
      {value?.nodes.length === 1 && (
        <Empty>
          This is your only node. A second one of the same account is added with <code>mycel account export</code> here and <code>mycel account import</code> there.
        </Empty>
      )}
    </>
  );
}
