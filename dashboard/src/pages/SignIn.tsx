import { useState } from "react";
import { key } from "../api/client";
import { Field, Form, Notice } from "../ui/parts";

export function SignIn({ reason, onKey }: { reason: string | null; onKey: () => void }) {
  const [secret, setSecret] = useState("");
  return (
    <main className="signin">
      <div className="card">
        <h1>Sign in to this node</h1>
        <p className="lead">
          It takes a key of scope <code>admin</code>. On the node’s own machine, make one with
        </p>
        <pre>mycel keys create --name dashboard --scope admin</pre>
        {reason && <Notice tone="bad">{reason}</Notice>}
        <Form
          submit="Sign in"
          onSubmit={async () => {
            key.set(secret.trim());
            onKey();
          }}
        >
          <Field label="Key" hint="Kept in this tab until it is closed, and sent to this node alone.">
            {(id) => <input id={id} type="password" autoComplete="off" autoFocus required value={secret} onChange={(event) => setSecret(event.target.value)} placeholder="mycel-…" />}
          </Field>
        </Form>
      </div>
    </main>
  );
}
