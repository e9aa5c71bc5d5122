export interface SseEvent {
  name: string;
  data: string;
  /** Comments within its block. */
  comments: string[];
}

/** Longest event taken, in characters; what is longer is no event of a node. */
const MAX_PENDING = 8 << 20;

/** Takes a stream of server-sent events apart, however it is cut into pieces. */
export class SseParser {
  private pending = "";

  /** Events that are complete with this piece. */
  feed(piece: string): SseEvent[] {
    this.pending += piece.replaceAll("\r", "");
    if (this.pending.length > MAX_PENDING) throw new Error("The node sent an event that is too long.");
    const blocks = this.pending.split("\n\n");
    this.pending = blocks.pop()!;
    return blocks.map(parse).filter((event) => event !== null);
  }
}

function parse(block: string): SseEvent | null {
  let name = "message";
  const data: string[] = [];
  const comments: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith(":")) comments.push(line.slice(1).trim());
    else if (line.startsWith("data:")) data.push(line.startsWith("data: ") ? line.slice(6) : line.slice(5));
  }
  return data.length > 0 ? { name, data: data.join("\n"), comments } : null;
}

/** Reads a reply as server-sent events until it ends or is aborted. */
export async function readEvents(response: Response, take: (event: SseEvent) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new SseParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of parser.feed(value)) take(event);
  }
}
