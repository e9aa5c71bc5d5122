import { expect, it } from "vitest";
import { type Answer, bodyOf, partsOf, speedOf, take } from "./chat";

const empty = (): Answer => ({ text: "", thinking: "", route: null, attempts: 1, promptTokens: null, completionTokens: null, ttftMs: null, durationMs: 0, receipt: null, finish: null });

it("puts an answer together from its stream", () => {
  const answer = empty();
  take(answer, '{"choices":[{"delta":{"reasoning_content":"hm"}}]}', []);
  take(answer, '{"choices":[{"delta":{"content":"Hel"}}]}', []);
  take(answer, '{"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]}', []);
  take(answer, '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}', []);
  take(answer, "[DONE]", ["mycel-receipt 3f6c"]);
  expect(answer).toMatchObject({ text: "Hello", thinking: "hm", finish: "stop", promptTokens: 3, completionTokens: 2, receipt: "3f6c" });
});

it("throws the error that a stream ends with", () => {
  expect(() => take(empty(), '{"error":{"message":"The device broke off."}}', [])).toThrow("The device broke off.");
});

it("leaves empty settings to the model", () => {
  const body = bodyOf("m", [], { temperature: "0", topP: "", maxTokens: "50" });
  expect(body).toMatchObject({ temperature: 0, max_tokens: 50, top_p: undefined });
});

it("tells code from text", () => {
  expect(partsOf("Look:\n```js\nlet a;\n```\nDone.").map((part) => [part.code, part.text])).toEqual([
    [false, "Look:"],
    [true, "let a;"],
    [false, "Done."],
  ]);
});

it("reckons speed after the first token", () => {
  expect(speedOf({ ...empty(), completionTokens: 101, ttftMs: 500, durationMs: 1500 })).toBe(100);
  expect(speedOf(empty())).toBeNull();
  // All at once: 20,000 tokens a second would be said of a model that has 300.
  expect(speedOf({ ...empty(), completionTokens: 9, ttftMs: 49, durationMs: 49.4 })).toBeNull();
});
