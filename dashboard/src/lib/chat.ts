import { send } from "../api/client";
import { readEvents } from "../api/sse";

export interface Message {
  role: "user" | "assistant" | "system";
  content: string;
}

export interface Sampling {
  temperature: string;
  topP: string;
  maxTokens: string;
}

/** How an answer came about. */
export interface Answer {
  text: string;
  thinking: string;
  route: string | null;
  attempts: number;
  promptTokens: number | null;
  completionTokens: number | null;
  ttftMs: number | null;
  durationMs: number;
  receipt: string | null;
  finish: string | null;
}

/** The body of a request; empty settings are left to the model. */
export function bodyOf(model: string, messages: Message[], sampling: Sampling) {
  const number = (text: string) => (text.trim() === "" ? undefined : Number(text));
  return {
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: number(sampling.temperature),
    top_p: number(sampling.topP),
    max_tokens: number(sampling.maxTokens),
  };
}

/** Asks, and tells of each piece as it comes. What came before it was stopped stays an answer. */
export async function ask(body: object, signal: AbortSignal, onChange: (answer: Answer) => void, now = () => performance.now()): Promise<Answer> {
  const started = now();
  const response = await send("POST", "/v1/chat/completions", body, signal);
  const answer: Answer = {
    text: "",
    thinking: "",
    route: response.headers.get("X-Mycel-Route"),
    attempts: Number(response.headers.get("X-Mycel-Attempts") ?? 1),
    promptTokens: null,
    completionTokens: null,
    ttftMs: null,
    durationMs: 0,
    receipt: response.headers.get("X-Mycel-Receipt"),
    finish: null,
  };
  try {
    await readEvents(response, ({ data, comments }) => {
      take(answer, data, comments);
      if (answer.ttftMs === null && (answer.text || answer.thinking)) answer.ttftMs = now() - started;
      answer.durationMs = now() - started;
      onChange({ ...answer });
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    answer.finish = "stopped";
  }
  return { ...answer, durationMs: now() - started };
}

/** Takes one event of the stream in. */
export function take(answer: Answer, data: string, comments: string[]) {
  for (const comment of comments) if (comment.startsWith("mycel-receipt ")) answer.receipt = comment.slice("mycel-receipt ".length);
  if (data === "[DONE]") return;
  const chunk = JSON.parse(data);
  if (chunk.error) throw new Error(chunk.error.message);
  const choice = chunk.choices?.[0];
  answer.text += choice?.delta?.content ?? "";
  answer.thinking += choice?.delta?.reasoning_content ?? choice?.delta?.reasoning ?? "";
  answer.finish = choice?.finish_reason ?? answer.finish;
  if (chunk.usage) {
    answer.promptTokens = chunk.usage.prompt_tokens ?? null;
    answer.completionTokens = chunk.usage.completion_tokens ?? null;
  }
}

/** What came within less, in milliseconds, came in one piece, and tells nothing of speed. */
const MIN_SPEED_MS = 20;

/** Tokens a second after the first one. */
export function speedOf(answer: Answer): number | null {
  const rest = answer.durationMs - (answer.ttftMs ?? 0);
  return answer.completionTokens !== null && answer.completionTokens > 1 && rest >= MIN_SPEED_MS ? ((answer.completionTokens - 1) * 1000) / rest : null;
}

export interface Part {
  code: boolean;
  language: string;
  text: string;
}

/** A text in parts: what stands between fences is code. */
export function partsOf(text: string): Part[] {
  return text.split(/^```/m).flatMap((part, index): Part[] => {
    if (index % 2 === 0) return part.trim() ? [{ code: false, language: "", text: part.trim() }] : [];
    const end = part.indexOf("\n");
    return [{ code: true, language: end < 0 ? "" : part.slice(0, end).trim(), text: end < 0 ? part : part.slice(end + 1).replace(/\n$/, "") }];
  });
}
