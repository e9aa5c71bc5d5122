// A device with OpenAI's API that can be taken off the network and put back.
import { createServer } from "node:http";

const ANSWER = "Spores travel far, and every thread of the mycelium carries a little of what the others need.".split(" ");

export class Device {
  constructor(models, { delayMs = 5, words = ANSWER } = {}) {
    this.models = models;
    this.delayMs = delayMs;
    this.words = words;
    this.port = 0;
    this.server = null;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async start() {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise((done) => this.server.listen(this.port, "127.0.0.1", done));
    this.port = this.server.address().port;
    return this;
  }

  async stop() {
    const ended = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await ended;
  }

  async answer(request, response) {
    if (request.url === "/v1/models") {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ object: "list", data: this.models.map((id) => ({ id, object: "model", created: 1, owned_by: "someone" })) }));
      return;
    }
    let body = "";
    for await (const piece of request) body += piece;
    const asked = JSON.parse(body || "{}");
    const usage = { prompt_tokens: 12, completion_tokens: this.words.length, total_tokens: 12 + this.words.length };
    if (!asked.stream) {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: asked.model, choices: [{ index: 0, message: { role: "assistant", content: this.words.join(" ") }, finish_reason: "stop" }], usage }));
      return;
    }
    response.setHeader("Content-Type", "text/event-stream");
    const send = (choices, more = {}) => response.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: asked.model, choices, ...more })}\n\n`);
    for (const word of this.words) {
      if (response.destroyed) return;
      send([{ index: 0, delta: { content: `${word} ` }, finish_reason: null }]);
      await new Promise((done) => setTimeout(done, this.delayMs));
    }
    send([{ index: 0, delta: {}, finish_reason: "stop" }]);
    if (asked.stream_options?.include_usage) send([], { usage });
    response.end("data: [DONE]\n\n");
  }
}
