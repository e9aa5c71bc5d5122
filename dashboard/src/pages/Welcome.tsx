import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api/client";
import { useLive } from "../api/live";
import type { Recommended } from "../api/types";
import { bytes } from "../lib/format";
import { useAsync } from "../lib/useAsync";
import { welcomed } from "../lib/welcomed";
import { ActionButton, Card, Notice, Page } from "../ui/parts";
import { AddRelay } from "./models/Relays";
import { startPull } from "./models/Local";
import { JoinForm } from "./network/Joined";

/** The first visit to a node on which nothing was set up. */
export default function Welcome() {
  const [, navigate] = useLocation();
  const [error, setError] = useState<string | null>(null);
  const known = useLive("status")?.models;
  const { value } = useAsync(() => api.get<Recommended>("/v1/node/models/recommended"));
  const able = value?.models.filter((model) => model.fits && !model.pulled && model.purpose === "chat") ?? [];
  // The most able one that leaves the machine most of its memory, and is pulled while its owner waits.
  const best = able.find((model) => model.needed_bytes <= value!.budget_bytes / 4) ?? able.at(-1);
  useEffect(welcomed.set, []);
  return (
    <Page title="Welcome" lead={`This node runs${known === 0 ? ", and has no model yet" : ""}. There are three ways to begin; more can follow any time.`}>
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
                <strong>{best.name}</strong> is a good first one: {bytes(best.file_bytes)} to pull, {bytes(best.needed_bytes)} of memory.
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
            <Link href="/models/local">See what else fits</Link>, or <Link href="/models/hub">search the hub</Link>.
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
          <Link className="button quiet" href="/">
            Go to the overview
          </Link>
        </div>
      </Card>
    </Page>
  );
}
