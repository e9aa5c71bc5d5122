import { Check, Copy, LoaderCircle } from "lucide-react";
import { type ButtonHTMLAttributes, type FormEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { sentenceOf } from "../api/client";

export function Page({ title, lead, actions, children }: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Mycel`;
  }, [title]);
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Card({ title, actions, children, className }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`card ${className ?? ""}`}>
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

type Tone = "ok" | "warn" | "bad" | "info" | "plain";

/** A word with a colour; the word alone says what it means. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

export function Stat({ label, value, unit, note, tone }: { label: string; value: ReactNode; unit?: string; note?: ReactNode; tone?: "bad" }) {
  return (
    <div className="stat">
      <span className="label">{label}</span>
      <span className={`value ${tone ?? ""}`}>
        {value}
        {unit && <small> {unit}</small>}
      </span>
      {note && <span className="note">{note}</span>}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Notice({ tone = "info", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onError"> & { tone?: "primary" | "danger" | "quiet"; busy?: boolean };

/** While it is busy it does nothing more, and yet is not disabled: that would take the focus from it. */
export function Button({ tone, busy, children, className, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${tone ?? ""} ${className ?? ""}`}
      aria-busy={busy}
      aria-disabled={busy}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy && <LoaderCircle className="spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A button whose work takes time; what goes wrong goes to `onError`. */
export function ActionButton({ action, onError, confirm, ...rest }: ButtonProps & { action: () => Promise<unknown>; onError?: (sentence: string) => void; confirm?: string }) {
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const run = async () => {
    setAsking(false);
    setBusy(true);
    try {
      await action();
    } catch (error) {
      onError?.(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button busy={busy} onClick={() => (confirm ? setAsking(true) : void run())} {...rest} />
      {asking && (
        <Dialog title="Are you sure?" onClose={() => setAsking(false)}>
          <p>{confirm}</p>
          <div className="dialog-actions">
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button tone="danger" onClick={() => void run()}>
              {rest.children}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <Button tone="quiet" className="icon" onClick={() => void copy()} aria-label={copied ? "Copied" : label} title={label}>
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </Button>
  );
}

/** Browsers give the clipboard to secure pages only; a node on the local network is reached over plain HTTP. */
async function copyText(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function Dialog({ title, onClose, children, wide }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed while it is still in the page: only then the browser gives the focus back to where it was.
  useLayoutEffect(() => {
    const element = dialog.current!;
    if (!element.open) element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      className={wide ? "wide" : undefined}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="dialog-body">
        <h2 id={heading}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint && <span className="hint">{hint}</span>}
    </div>
  );
}

/** A form that waits for what it began, and says what went wrong. */
export function Form({ onSubmit, submit, children, inline }: { onSubmit: () => Promise<unknown>; submit: ReactNode; children: ReactNode; inline?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const handle = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
    } catch (problem) {
      setError(sentenceOf(problem));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={handle} className={inline ? "inline" : undefined}>
      {children}
      <Button type="submit" tone="primary" busy={busy}>
        {submit}
      </Button>
      {error && <Notice tone="bad">{error}</Notice>}
    </form>
  );
}

export function Meter({ value, label }: { value: number; label: string }) {
  return <progress className="meter" max={1} value={Math.min(Math.max(value, 0), 1)} aria-label={label} />;
}

/** A table that scrolls by itself where the screen is narrow. */
export function Table({ head, children, label }: { head: (string | { text: string; number: true })[]; children: ReactNode; label: string }) {
  return (
    <div className="table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((column, index) => (
              <th key={index} scope="col" className={typeof column === "object" ? "number" : undefined}>
                {typeof column === "object" ? column.text : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Facts as pairs of a name and a value. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
