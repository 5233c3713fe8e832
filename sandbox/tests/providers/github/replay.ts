/**
 * Replays recorded calls of the real plugin: a server that answers in the recorded order, and the calls that were
 * really made.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Recorded {
  resource: string;
  case: string;
  operation: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  status: number;
  responseHeaders: Record<string, string> | null;
  response: unknown;
}

/** One call in the form in which the recording and the provider are compared. */
export interface Call {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
}

const FIXTURE = join(__dirname, "../../../../tests/fixtures/provider-calls/github.jsonl");
export const recordings: readonly Recorded[] = readFileSync(FIXTURE, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

/** `GET orgs/{owner}` is recorded once and sent at the start of every operation. */
const configure = recordings.find((call) => call.operation === "configure" && call.status === 200) as Recorded;

const PLACEHOLDER = "http://127.0.0.1:PORT";
/** The headers whose values matter to a server. */
const COMPARED = ["accept", "if-none-match", "user-agent", "x-github-api-version", "content-type"];

export class Replay {
  private readonly answers: Recorded[] = [];
  private made: Call[] = [];
  private server?: Server;
  url = "";

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      void readBody(request).then((body) => {
        const url = new URL(request.url ?? "/", this.url);
        const headers = Object.fromEntries(
          COMPARED.flatMap((name) =>
            typeof request.headers[name] === "string" ? [[name, request.headers[name]]] : [],
          ),
        );
        const text = body.split(this.url).join(PLACEHOLDER);
        this.made.push({
          method: request.method ?? "",
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers,
          body: text === "" ? null : (JSON.parse(text) as unknown),
        });
        const answer = this.answers.shift();
        if (!answer) {
          response.writeHead(501).end(JSON.stringify({ message: "not recorded" }));
          return;
        }
        const content =
          answer.response === null ? "" : JSON.stringify(answer.response).split(PLACEHOLDER).join(this.url);
        response
          .writeHead(answer.status, { "content-type": "application/json", ...(answer.responseHeaders ?? {}) })
          .end(content);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
  }

  /** Expects the calls of one recorded operation. */
  expect(name: string, operation: string): Recorded[] {
    const calls =
      operation === "configure" && !recordings.some((call) => call.case === name && call.operation === "configure")
        ? [configure]
        : recordings.filter((call) => call.case === name && call.operation === operation);
    this.answers.splice(0, this.answers.length, ...calls);
    this.made = [];
    return calls;
  }

  /** What was called since `expect`. */
  calls(): Call[] {
    return this.made;
  }
}

/** A recorded call in comparable form. */
export function asCall({ method, path, query, headers, body }: Recorded): Call {
  const compared = Object.fromEntries(Object.entries(headers).filter(([name]) => COMPARED.includes(name)));
  return { method, path, query, headers: compared, body };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
