import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { HostileReply } from "./types";

/** A request as the hostile server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server in GitHub's place that answers what a case wants, however wrong. */
export class Hostile {
  readonly seen: Seen[] = [];
  replies: readonly HostileReply[] = [];
  private readonly server: http.Server;

  private constructor() {
    this.server = http.createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("error", () => undefined);
      request.on("end", () => {
        const url = request.url ?? "";
        this.seen.push({ method: request.method ?? "", url, headers: request.headers, body: Buffer.concat(parts) });
        const reply = this.replies.find((r) => r.at === undefined || url.startsWith(r.at)) ?? {};
        setTimeout(() => answer(reply, response), reply.delayMs ?? 0);
      });
    });
  }

  static async start(): Promise<Hostile> {
    const hostile = new Hostile();
    await new Promise<void>((resolve) => hostile.server.listen(0, "127.0.0.1", resolve));
    return hostile;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  reset(replies: readonly HostileReply[] = []): void {
    this.seen.length = 0;
    this.replies = replies;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function answer(reply: HostileReply, response: http.ServerResponse): void {
  if (response.destroyed) return;
  if (reply.raw !== undefined) {
    response.socket?.end(reply.raw, "latin1");
    return;
  }
  const body = reply.gzip === true ? gzipSync(reply.body ?? "") : (reply.body ?? "{}");
  response.writeHead(reply.status ?? 200, {
    "content-type": "application/json; charset=utf-8",
    ...(reply.gzip === true ? { "content-encoding": "gzip" } : {}),
    ...reply.headers,
  });
  if (reply.breaks !== true) {
    response.end(body);
    return;
  }
  response.write(body);
  setTimeout(() => response.socket?.destroy(), 20);
}

/** Vault as the gate knows it, in the ways it can be broken; the first part of the path chooses. */
export async function startVaults(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const send = (
    response: http.ServerResponse,
    status: number,
    body: string,
    headers: Record<string, string> = {},
  ): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body);
  };
  let reads = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const [, mode = "", , ...rest] = (request.url ?? "").split("/");
      const login = rest[0] === "auth";
      if (login && mode !== "refusing")
        return send(response, 200, JSON.stringify({ auth: { client_token: "s.test", lease_duration: 60 } }));
      if (mode === "changing")
        return send(response, 200, JSON.stringify({ data: { data: { token: `changing-token-${++reads}` } } }));
      if (mode === "broken") return send(response, 500, '{"errors":["sealed"]}');
      if (mode === "refusing") return send(response, 403, '{"errors":["permission denied"]}');
      if (mode === "empty") return send(response, 200, '{"data":{"data":{}}}');
      if (mode === "garbled") return send(response, 200, '{"data":{"data":{"token":"x y\\r\\nz: 1"}}}');
      return send(response, 307, "", { location: `http://127.0.0.1:1/v1/${rest.join("/")}` });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
