import { useState } from "react";
import { api } from "../../api/client";
import type { HubFiles, HubRepository } from "../../api/types";
import { ago, bytes, count } from "../../lib/format";
import { useAsync } from "../../lib/useAsync";
import { ActionButton, Badge, Button, Card, Dialog, Empty, Field, Form, Notice } from "../../ui/parts";
import { startPull } from "./Local";

/** A model's memory is its file and about a fifth more for context and working memory. */
const MEMORY_PER_BYTE = 1.2;

export function Hub() {
  const [words, setWords] = useState("");
  const [found, setFound] = useState<{ hub: string; repositories: HubRepository[] } | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  return (
    <>
      <Card>
        <Form
          inline
          submit="Search"
          onSubmit={async () => setFound(await api.get(`/v1/node/hub?q=${encodeURIComponent(words.trim())}`))}
        >
          <Field label="Search the hub" hint={found ? `Asked: ${found.hub}` : "Hugging Face, or the hub that HF_ENDPOINT names where the node runs; HF_TOKEN signs in there."}>
            {(id) => <input id={id} type="search" value={words} onChange={(event) => setWords(event.target.value)} placeholder="qwen3 4b" />}
          </Field>
        </Form>
      </Card>
      {found?.repositories.length === 0 && <Empty>Nothing there has all of these words and GGUF files. Fewer words find more.</Empty>}
      {found && found.repositories.length > 0 && (
        <Card>
          <ul className="list">
            {found.repositories.map((repository) => (
              <li key={repository.id}>
                <div>
                  <strong className="break">{repository.id}</strong> {repository.gated && <Badge tone="warn">asks for consent</Badge>}
                  <p className="muted">
                    {count(repository.downloads)} downloads · {count(repository.likes)} likes{repository.updated_at && ` · changed ${ago(repository.updated_at)}`}
                  </p>
                </div>
                <Button onClick={() => setOpen(repository.id)} aria-label={`Files of ${repository.id}`}>
                  Files
                </Button>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {open && <Files id={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function Files({ id, onClose }: { id: string; onClose: () => void }) {
  const { value, error } = useAsync(() => api.get<HubFiles>(`/v1/node/hub/${id}`), [id]);
  const [problem, setProblem] = useState<string | null>(null);
  const [pulled, setPulled] = useState<string[]>([]);
  return (
    <Dialog title={id} onClose={onClose} wide>
      {(error || problem) && <Notice tone="bad">{error ?? problem}</Notice>}
      {!value && !error && <Empty>Asking the hub …</Empty>}
      {value?.files.length === 0 && <Empty>It has no file that holds a whole model.</Empty>}
      <ul className="list">
        {value?.files.map((file) => (
          <li key={file.path}>
            <div>
              <span className="break">{file.path}</span>
              <p className="muted">
                {bytes(file.bytes)} {file.bytes * MEMORY_PER_BYTE > value.budget_bytes && <Badge tone="bad">too large for this machine</Badge>}
              </p>
            </div>
            {pulled.includes(file.source) ? (
              <Badge tone="ok">pulling, see Local</Badge>
            ) : (
              <ActionButton
                action={async () => {
                  await startPull(file.source);
                  setPulled([...pulled, file.source]);
                }}
                onError={setProblem}
                aria-label={`Pull ${file.path}`}
              >
                Pull
              </ActionButton>
            )}
          </li>
        ))}
      </ul>
      <div className="dialog-actions">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}
