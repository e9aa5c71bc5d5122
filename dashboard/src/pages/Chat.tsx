import { Send, Square } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { api, sentenceOf } from "../api/client";
import { useLive } from "../api/live";
import type { Receipt } from "../api/types";
import { choicesOf, placesOf } from "../lib/catalog";
import { type Answer, type Message, type Sampling, ask, bodyOf, partsOf, speedOf } from "../lib/chat";
import { credits, ms, rate } from "../lib/format";
import { ReceiptDialog } from "./ReceiptDialog";
import { Button, CopyButton, Empty, Field, Notice, Page } from "../ui/parts";

interface Turn {
  question: string;
  answer: Answer | null;
  error: string | null;
}

const STANDARD: Sampling = { temperature: "", topP: "", maxTokens: "" };

export default function Chat() {
  const models = useLive("models")?.models;
  const relays = useLive("relays")?.relays;
  const peers = useLive("peers")?.peers;
  const choices = useMemo(() => choicesOf(placesOf(models ?? [], relays ?? [], peers ?? [])), [models, relays, peers]);
  const [chosen, setChosen] = useState("");
  const [turns, setTurns] = useState<Turn[]>([]);
  const [text, setText] = useState("");
  const [system, setSystem] = useState("");
  const [sampling, setSampling] = useState(STANDARD);
  const [running, setRunning] = useState<AbortController | null>(null);
  const end = useRef<HTMLDivElement>(null);
  const model = choices.some((choice) => choice.id === chosen) ? chosen : (choices[0]?.id ?? "");
  const groups = [...new Set(choices.map((choice) => choice.group))];

  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [turns]);
  useEffect(() => () => running?.abort(), [running]);

  const submit = async () => {
    const question = text.trim();
    if (!question || running || !model) return;
    const abort = new AbortController();
    setRunning(abort);
    setText("");
    const messages: Message[] = [
      ...(system.trim() ? [{ role: "system" as const, content: system.trim() }] : []),
      ...turns.filter((turn) => turn.answer?.text).flatMap((turn): Message[] => [{ role: "user", content: turn.question }, { role: "assistant", content: turn.answer!.text }]),
      { role: "user", content: question },
    ];
    const put = (turn: Partial<Turn>) => setTurns((all) => [...all.slice(0, -1), { ...all.at(-1)!, ...turn }]);
    setTurns((all) => [...all, { question, answer: null, error: null }]);
    try {
      put({ answer: await ask(bodyOf(model, messages, sampling), abort.signal, (answer) => put({ answer })) });
    } catch (error) {
      if (!abort.signal.aborted) put({ error: sentenceOf(error) });
    } finally {
      setRunning(null);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };

  return (
    <Page
      title="Chat"
      actions={
        turns.length > 0 && (
          <Button
            onClick={() => {
              running?.abort();
              setTurns([]);
            }}
          >
            New chat
          </Button>
        )
      }
    >
      <div className="chat">
        <div className="chat-settings">
          <Field label="Model">
            {(id) => (
              <select id={id} value={model} onChange={(event) => setChosen(event.target.value)}>
                {choices.length === 0 && <option value="">No model can be used now</option>}
                {groups.map((group) => (
                  <optgroup key={group} label={group}>
                    {choices
                      .filter((choice) => choice.group === group)
                      .map((choice) => (
                        <option key={choice.id} value={choice.id}>
                          {choice.label}
                        </option>
                      ))}
                  </optgroup>
                ))}
              </select>
            )}
          </Field>
          <details>
            <summary>System prompt and sampling</summary>
            <Field label="System prompt">{(id) => <textarea id={id} rows={2} value={system} onChange={(event) => setSystem(event.target.value)} />}</Field>
            <div className="row">
              <SamplingField label="Temperature" name="temperature" max={2} step={0.1} sampling={sampling} onChange={setSampling} />
              <SamplingField label="Top p" name="topP" max={1} step={0.05} sampling={sampling} onChange={setSampling} />
              <SamplingField label="Most tokens" name="maxTokens" step={1} sampling={sampling} onChange={setSampling} />
            </div>
          </details>
        </div>
        <div className="turns" role="log" aria-label="Conversation">
          {turns.length === 0 && <Empty>Ask anything. What you write goes to the node that the model runs on, and is kept nowhere.</Empty>}
          {turns.map((turn, index) => (
            <TurnView key={index} turn={turn} busy={running !== null && index === turns.length - 1} />
          ))}
          <div ref={end} />
        </div>
        <div className="composer">
          <textarea aria-label="Message" rows={2} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={onKey} placeholder="Enter sends, Shift+Enter begins a new line" />
          {running ? (
            <Button onClick={() => running.abort()}>
              <Square aria-hidden /> Stop
            </Button>
          ) : (
            <Button tone="primary" onClick={() => void submit()} disabled={!text.trim() || !model}>
              <Send aria-hidden /> Send
            </Button>
          )}
        </div>
      </div>
    </Page>
  );
}

function SamplingField({ label, name, max, step, sampling, onChange }: { label: string; name: keyof Sampling; max?: number; step: number; sampling: Sampling; onChange: (sampling: Sampling) => void }) {
  return (
    <Field label={label}>
      {(id) => (
        <input id={id} type="number" min={name === "maxTokens" ? 1 : 0} max={max} step={step} value={sampling[name]} placeholder="the model’s own" onChange={(event) => onChange({ ...sampling, [name]: event.target.value })} />
      )}
    </Field>
  );
}

function TurnView({ turn, busy }: { turn: Turn; busy: boolean }) {
  const { answer } = turn;
  return (
    <article className="turn">
      <div className="question">{turn.question}</div>
      <div className="answer" aria-busy={busy}>
        {answer?.thinking && (
          <details className="thinking">
            <summary>Thoughts</summary>
            {answer.thinking}
          </details>
        )}
        {partsOf(answer?.text ?? "").map((part, index) =>
          part.code ? (
            <div key={index} className="code">
              <CopyButton text={part.text} label="Copy the code" />
              <pre tabIndex={0}>{part.text}</pre>
            </div>
          ) : (
            <p key={index}>{part.text}</p>
          ),
        )}
        {busy && <span className="caret" aria-label="Answering" role="img" />}
        {turn.error && <Notice tone="bad">{turn.error}</Notice>}
        {answer && !busy && <Footer answer={answer} />}
      </div>
    </article>
  );
}

/** Where it ran, what it took, and what it cost. */
function Footer({ answer }: { answer: Answer }) {
  const [open, setOpen] = useState(false);
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  useEffect(() => {
    if (!answer.receipt) return;
    // The two nodes sign it in the moment after the answer.
    let tries = 0;
    const look = () => {
      api.get<Receipt>(`/v1/receipts/${answer.receipt}`).then(setReceipt, () => {
        if (++tries < 5) timer = setTimeout(look, 500 * tries);
      });
    };
    let timer = setTimeout(look, 200);
    return () => clearTimeout(timer);
  }, [answer.receipt]);
  const speed = speedOf(answer);
  const facts = [
    answer.route && `by ${answer.route}`,
    answer.completionTokens !== null && `${answer.promptTokens ?? "?"} + ${answer.completionTokens} tokens`,
    speed !== null && `${rate(speed)} tokens/s`,
    answer.ttftMs !== null && `first after ${ms(answer.ttftMs)}`,
    answer.attempts > 1 && `at attempt ${answer.attempts}`,
    answer.finish === "length" && "cut off at its longest",
    answer.finish === "stopped" && "stopped",
    receipt ? `${credits(receipt.amount)} credits` : !answer.receipt && "free",
  ].filter(Boolean);
  return (
    <p className="answer-footer">
      {facts.join(" · ")}
      {receipt && (
        <>
          {" · "}
          <button type="button" className="as-link" onClick={() => setOpen(true)}>
            receipt
          </button>
        </>
      )}
      <CopyButton text={answer.text} label="Copy the answer" />
      {open && receipt && <ReceiptDialog id={receipt.id} onClose={() => setOpen(false)} />}
    </p>
  );
}
