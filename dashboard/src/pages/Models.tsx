import { useLive } from "../api/live";
import { placesOf } from "../lib/catalog";
import { bytes, count, price, rate } from "../lib/format";
import { Badge, Empty, Page, Table } from "../ui/parts";
import { RoutedTabs } from "../ui/tabs";
import { Hub } from "./models/Hub";
import { Local } from "./models/Local";
import { Relays } from "./models/Relays";

export default function Models() {
  return (
    <Page title="Models" lead="What this node can be asked for, wherever it is computed.">
      <RoutedTabs
        base="/models"
        tabs={[
          { id: "all", label: "All", content: <All /> },
          { id: "local", label: "Local", content: <Local /> },
          { id: "hub", label: "Hub", content: <Hub /> },
          { id: "relay", label: "Relay Device", content: <Relays /> },
        ]}
      />
    </Page>
  );
}

const TONES: Record<string, "ok" | "warn" | "bad" | "plain"> = { loaded: "ok", online: "ok", linked: "ok", loading: "warn", failing: "warn", failed: "bad", quarantined: "bad", offline: "bad", "not linked": "bad" };

function All() {
  const places = placesOf(useLive("models")?.models ?? [], useLive("relays")?.relays ?? [], useLive("peers")?.peers ?? []);
  if (places.length === 0) return <Empty>No model is here yet. Pull one under Local or Hub, add a device under Relay Device, or join a network.</Empty>;
  return (
    <Table label="All models" head={["Model", "Where", "State", { text: "Memory", number: true }, { text: "Context", number: true }, { text: "Tokens/s", number: true }, "Credits for a million tokens"]}>
      {places.map((place) => (
        <tr key={`${place.kind} ${place.id}`}>
          <th scope="row">
            {place.model}
            <small className="pinned">{place.id}</small>
          </th>
          <td>
            <Badge>{place.kind === "relay" ? "device" : place.kind === "peer" ? "node" : "local"}</Badge> {place.where}
          </td>
          <td>
            <Badge tone={TONES[place.state]}>{place.state}</Badge>
          </td>
          <td className="number">{bytes(place.bytes)}</td>
          <td className="number">{count(place.context)}</td>
          <td className="number">{rate(place.speed)}</td>
          <td>{place.price ? price(place.price) : "free"}</td>
        </tr>
      ))}
    </Table>
  );
}
