import { describe, expect, it } from "vitest";
import { SseParser } from "./sse";

describe("SseParser", () => {
  const text = ": hello\n\nevent: status\ndata: {\"a\":1}\n\ndata: one\r\ndata: two\r\n\r\n: mycel-receipt 5f\ndata: [DONE]\n\n";

  it("takes events apart, however they are cut", () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new SseParser();
      expect([...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))]).toEqual([
        { name: "status", data: '{"a":1}', comments: [] },
        { name: "message", data: "one\ntwo", comments: [] },
        { name: "message", data: "[DONE]", comments: ["mycel-receipt 5f"] },
      ]);
    }
  });

  it("keeps what is not complete", () => {
    const parser = new SseParser();
    expect(parser.feed("data: half")).toEqual([]);
    expect(parser.feed("\n\n")).toHaveLength(1);
  });

  it("does not grow without end", () => {
    expect(() => new SseParser().feed("x".repeat((8 << 20) + 1))).toThrow();
  });
});
