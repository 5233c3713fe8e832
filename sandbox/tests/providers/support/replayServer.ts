import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { withoutNumbers, type RecordedCall } from "./recording";

/** A call as it arrived, in the recording's form. */
export interface SeenCall {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
}

/**
 * Answers calls with recorded answers and keeps what arrived. A call that the recording does not have is answered with
 * 418.
 */
export class ReplayServer {
  private expected: RecordedCall[] = [];
  private seen: SeenCall[] = [];
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {
    server.on("request", (request, response) => void this.answer(request, response));
  }

  static async start(): Promise<ReplayServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ReplayServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Expects these calls from now on. */
  expect(calls: readonly RecordedCall[]): void {
    this.expected = [...calls];
    this.seen = [];
  }

  /** What arrived since. */
  take(): SeenCall[] {
    return this.seen;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", this.origin);
    const path = url.pathname.replaceAll("%3C", "<").replaceAll("%3E", ">");
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        String(value).replace(/boundary=\S+/, "boundary=<boundary>"),
      ]),
    );
    this.seen.push({
      method: request.method ?? "",
      path,
      query: Object.fromEntries(url.searchParams),
      headers,
      body: bodyOf(Buffer.concat(chunks).toString("utf8"), request.headers["content-type"] ?? ""),
    });
    const index = this.expected.findIndex(
      (call) => call.method === request.method && withoutNumbers(call.path) === withoutNumbers(path),
    );
    const [match] = index >= 0 ? this.expected.splice(index, 1) : [];
    if (!match) {
      response.writeHead(418, { "content-type": "application/json", "x-should-retry": "false" });
      response.end(JSON.stringify({ errors: [`not in the recording: ${request.method} ${path}`] }));
      return;
    }
    send(response, match);
  }
}

function send(response: ServerResponse, call: RecordedCall): void {
  const headers = { "content-type": "application/json", ...call.responseHeaders };
  response.writeHead(call.status, headers);
  if (call.response === null) return void response.end();
  const special = call.response as {
    multipart?: { name?: string; filename?: string; contentType: string; text: string }[];
    text?: string;
  };
  const boundary = /boundary=(\S+)/.exec(headers["content-type"])?.[1];
  if (special.multipart && boundary) {
    const parts = special.multipart.map(
      (part) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${part.name ?? ""}"; filename="${part.filename ?? ""}"\r\nContent-Type: ${part.contentType}\r\n\r\n${part.text}\r\n`,
    );
    return void response.end(`${parts.join("")}--${boundary}--\r\n`);
  }
  response.end(
    typeof special.text === "string" && Object.keys(special).length === 1
      ? special.text
      : JSON.stringify(call.response),
  );
}

/** A body in the recording's form. */
function bodyOf(text: string, contentType: string): unknown {
  if (text === "") return null;
  const boundary = /boundary=(\S+)/.exec(contentType)?.[1];
  if (!boundary) return JSON.parse(text) as unknown;
  const parts = text.split(`--${boundary}`).slice(1, -1);
  return {
    multipart: parts.map((part) => {
      const [head = "", ...rest] = part.replace(/^\r\n/, "").replace(/\r\n$/, "").split("\r\n\r\n");
      const content = rest.join("\r\n\r\n");
      const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? null;
      const filename = /filename="([^"]*)"/.exec(head)?.[1] ?? null;
      const name = /[ ;]name="([^"]*)"/.exec(head)?.[1];
      return {
        name,
        filename,
        contentType: type,
        ...((type === "application/json" || name === "metadata") && content !== ""
          ? { json: JSON.parse(content) as unknown }
          : { text: content }),
      };
    }),
  };
}
