import { Page } from "../ui/parts";
import { RoutedTabs } from "../ui/tabs";
import { Fleet } from "./network/Fleet";
import { Invites } from "./network/Invites";
import { Joined } from "./network/Joined";
import { Peers } from "./network/Peers";

export default function Networks() {
  return (
    <Page title="Network" lead="The people whose nodes this one works with.">
      <RoutedTabs
        base="/network"
        tabs={[
          { id: "peers", label: "Nodes", content: <Peers /> },
          { id: "networks", label: "Networks", content: <Joined /> },
          { id: "invites", label: "Invites", content: <Invites /> },
          { id: "fleet", label: "Fleet", content: <Fleet /> },
        ]}
      />
    </Page>
  );
}
