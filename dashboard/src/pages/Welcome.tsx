import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api/client";
import type { Recommended } from "../api/types";
import { bytes } from "../lib/format";
import { useAsync } from "../lib/useAsync";
import { ActionButton, Button, Card, Notice, Page } from "../ui/parts";
import { AddRelay } from "./models/Relays";
import { startPull } from "./models/Local";
import { JoinForm } from "./network/Joined";

/** The first visit to a node on which nothing was set up. */
export default function Welcome() {
  const [, navigate] = useLocation();
  const [error, setError] = useState<string | null>(null);
  const { value } = useAsync(() => api.get<Recommended>("/v1/node/models/recommended"));
  const best = value?.models.find((model) => model.fits && !model.pulled && model.purpose === "chat");
  return (
    <Page title="Welcome" lead="This node runs, and has no model yet. There are three ways to begin; more can follow any time.">
      {error && <Notice tone="bad">{error}</Notice>}
      <div className="ways">
        <Card title="1 · Add a relay">
          <p>Models run on another machine already, with Ollama, LM Studio or llama-server, or you have a key to a service.</p>
          <AddRelay />
        </Card>
        <Card title="2 · Pull a model">
          <p>This machine computes itself. {value && `About ${bytes(value.budget_bytes)} of its memory are free for models.`}</p>
          {best ? (
            <>
              <p>
                <strong>{best.name}</strong> is the best that fits: {bytes(best.file_bytes)} to pull, {best.licence}.
              </p>
              <ActionButton
                tone="primary"
                action={async () => {
                  await startPull(best.name);
                  navigate("/models/local");
                }}
                onError={setError}
              >
                Pull {best.name}
              </ActionButton>
            </>
          ) : (
            value && <p>None of the known models fits. A smaller one may be on the hub.</p>
          )}
          <p>
            <Link href="/models/hub">Search the hub for another</Link>
          </p>
        </Card>
        <Card title="3 · Join a network">
          <p>A friend has invited you: use the models of their nodes, and share yours.</p>
          <JoinForm />
        </Card>
      </div>
      <Card title="Just looking?">
        <p>A very small model comes with the program. It writes nonsense in the manner of Jane Austen, and shows at once that everything works.</p>
        <div className="card-actions">
          <ActionButton
            action={async () => {
              await api.post("/v1/node/models/load", { model: "tiny-austen" });
              navigate("/chat");
            }}
            onError={setError}
          >
            Try the demo model
          </ActionButton>
          <Button
            tone="quiet"
            onClick={() => {
              sessionStorage.setItem("mycel.welcomed", "yes");
              navigate("/");
            }}
          >
            Go to the overview
          </Button>
        </div>
      </Card>
    </Page>
  );
}
