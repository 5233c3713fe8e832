import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Egress } from "../anthropic";
import { reaches, withSecrets } from "./egress";

/** One request that left the agent's sandbox, or tried to. Never a secret. */
export interface Outgoing {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly reached: boolean;
  /** Names of the secrets that went out with it. */
  readonly secrets: readonly string[];
}

/** The way out of one session's sandbox, as Anthropic's egress proxy is for a real one. */
export interface EgressProxy {
  /** For `http_proxy` and `https_proxy`. */
  readonly url: string;
  /** Everything that was asked, oldest first. */
  readonly log: readonly Outgoing[];
  close(): Promise<void>;
}

/**
 * Starts the way out on loopback. It speaks plain HTTP: what a tool asks by https (CONNECT) is refused by the network or
 * not at all understood, and never read.
 * @param egress asked for each request, since a replaced secret counts in a running session
 * @param upstreams where each known host is on this machine
 */
export async function startEgress(egress: () => Egress, upstreams: ReadonlyMap<string, string>): Promise<EgressProxy> {
  const log: Outgoing[] = [];
  const server = createServer((incoming, answer) => {
    const asked = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
    if (asked === undefined) return deny(answer, 400, "a proxy takes absolute addresses");
    const now = egress();
    const entry = { method: incoming.method ?? "", host: asked.hostname, path: asked.pathname };
    if (!reaches(now, asked.hostname)) {
      log.push({ ...entry, reached: false, secrets: [] });
      return deny(answer, 403, "host not allowed");
    }
    const { headers, sent } = withSecrets(incoming.headers, now.secrets, asked.hostname);
    log.push({ ...entry, reached: true, secrets: sent });
    const upstream = upstreams.get(asked.hostname);
    if (upstream === undefined) return deny(answer, 502, "no such host on this machine");
    forward(incoming, answer, new URL(asked.pathname + asked.search, upstream), headers);
  });
  server.on("connect", ({ url = "" }: IncomingMessage, socket: Socket) => {
    const host = url.replace(/:\d+$/, "");
    const reached = reaches(egress(), host);
    log.push({ method: "CONNECT", host, path: "", reached, secrets: [] });
    socket.on("error", () => undefined);
    socket.end(reached ? "HTTP/1.1 501 Not Implemented\r\n\r\n" : "HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function deny(answer: ServerResponse, status: number, reason: string): void {
  answer.writeHead(status, { "content-type": "text/plain", "x-deny-reason": reason }).end(`${reason}\n`);
}

function forward(
  incoming: IncomingMessage,
  answer: ServerResponse,
  target: URL,
  headers: Record<string, string | string[] | undefined>,
): void {
  const { "proxy-connection": _, connection: __, ...passed } = headers;
  const outgoing = request(target, { method: incoming.method, headers: { ...passed, host: target.host } }, (back) => {
    answer.writeHead(back.statusCode ?? 502, back.headers);
    back.pipe(answer);
  });
  outgoing.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else deny(answer, 502, "the host did not answer");
  });
  answer.on("close", () => {
    outgoing.destroy();
  });
  incoming.pipe(outgoing);
}
