import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it reached GitHub's place. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: string | Buffer;
}

export type Handler = (request: Received) => Reply | Promise<Reply> | undefined;

/** A loopback server in GitHub's place: keeps what reached it, answers what the test says. */
export class Upstream {
  readonly received: Received[] = [];
  handler: Handler = () => undefined;
  private readonly server: http.Server;

  private constructor() {
    this.server = http.createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const received = {
          method: request.method ?? "",
          url: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(parts),
        };
        this.received.push(received);
        void Promise.resolve(this.handler(received)).then((reply = {}) => {
          const { status = 200, headers = {}, body = "{}" } = reply;
          response.writeHead(status, {
            "content-type": "application/json; charset=utf-8",
            ...(headers as Record<string, string>),
          });
          response.end(body);
        });
      });
    });
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    await new Promise<void>((resolve) => upstream.server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what was received and answers an empty object again. */
  reset(): void {
    this.received.length = 0;
    this.handler = () => undefined;
  }

  /** Breaks every connection, whatever is under way on it. */
  dropConnections(): void {
    this.server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
