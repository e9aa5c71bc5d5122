import { useCallback, useEffect, useState } from "react";
import { sentenceOf } from "../api/client";

/** What was asked for once, with what went wrong, and a way to ask again. */
export function useAsync<T>(ask: () => Promise<T>, dependencies: unknown[] = []): { value: T | undefined; error: string | null; again: () => void } {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    ask().then(
      (answer) => {
        if (!current) return;
        setValue(answer);
        setError(null);
      },
      (problem) => current && setError(sentenceOf(problem)),
    );
    return () => {
      current = false;
    };
  }, [round, ...dependencies]);
  return { value, error, again: useCallback(() => setRound((last) => last + 1), []) };
}
