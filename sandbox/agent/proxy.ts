import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { TLSSocket } from "node:tls";
import type { Egress } from "../anthropic";
import type { Certificate } from "./certificate";
import { bodyWithSecrets, headersWithSecrets, reaches } from "./egress";

/** One request that left the agent's sandbox, or tried to. Never a secret. */
export interface Outgoing {
  readonly method: string;
  readonly host: string;
  /** Empty for a connection that was refused before a request came. */
  readonly path: string;
  readonly reached: boolean;
  /** Names of the secrets that went out with it in clear. */
  readonly sent: readonly string[];
  /** Names of the secrets whose placeholder went out with it. */
  readonly kept: readonly string[];
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
 * Starts the way out on loopback. It opens TLS, as the real one does: nothing could put a secret into a header
 * otherwise. A body is read whole.
 * @param egress asked for each request, since a replaced secret counts in a running session
 * @param upstreams where each known host is on this machine
 * @param certificate what it shows for every host
 */
export async function startEgress(
  egress: () => Egress,
  upstreams: ReadonlyMap<string, string>,
  { key, certificate }: Certificate,
): Promise<EgressProxy> {
  const log: Outgoing[] = [];
  const sockets = new Set<Socket>();
  // Where a tunnel leads is what its CONNECT said; a Host header inside may say anything.
  const tunnels = new WeakMap<Socket, string>();
  const server = createServer((incoming, answer) => {
    leave(incoming, answer).catch(() => answer.destroy());
  });

  async function leave(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const asked = addressOf(incoming, tunnels.get(incoming.socket));
    if (asked === undefined) return deny(answer, 400, "a proxy takes whole addresses");
    const { networking, mcpServers, secrets } = egress();
    const host = asked.hostname;
    const entry = { method: incoming.method ?? "", host, path: asked.pathname };
    if (!reaches({ networking, mcpServers }, host)) {
      log.push({ ...entry, reached: false, sent: [], kept: [] });
      return deny(answer, 403, "host not allowed");
    }
    const headers = headersWithSecrets(incoming.headers, secrets, host);
    const body = bodyWithSecrets(await buffer(incoming), secrets, host);
    log.push({
      ...entry,
      reached: true,
      sent: [...new Set([...headers.sent, ...body.sent])],
      kept: [...new Set([...headers.kept, ...body.kept])],
    });
    const upstream = upstreams.get(host);
    if (upstream === undefined) return deny(answer, 502, "no such host on this machine");
    const target = new URL(`${upstream.replace(/\/$/, "")}${asked.pathname}${asked.search}`);
    forward(answer, target, incoming.method ?? "GET", headers.content, body.content);
  }

  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  });
  server.on("connect", ({ url = "" }: IncomingMessage, socket: Socket) => {
    const host = url.replace(/:\d+$/, "").toLowerCase();
    if (!reaches(egress(), host)) {
      log.push({ method: "CONNECT", host, path: "", reached: false, sent: [], kept: [] });
      return void socket.end("HTTP/1.1 403 Forbidden\r\nx-deny-reason: host not allowed\r\n\r\n");
    }
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const secure = new TLSSocket(socket, { isServer: true, key, cert: certificate });
    tunnels.set(secure, host);
    server.emit("connection", secure);
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
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What is asked: by its path inside a tunnel, by the whole address outside. */
function addressOf({ url = "" }: IncomingMessage, tunnel: string | undefined): URL | undefined {
  if (tunnel !== undefined) return url.startsWith("/") ? new URL(`https://${tunnel}${url}`) : undefined;
  return /^http:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : undefined;
}

function deny(answer: ServerResponse, status: number, reason: string): void {
  answer.writeHead(status, { "content-type": "text/plain", "x-deny-reason": reason }).end(`${reason}\n`);
}

/** Headers that speak of one connection alone. */
const OF_CONNECTION = ["connection", "proxy-connection", "keep-alive", "expect", "transfer-encoding"];
const passedOn = <Value>(headers: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.includes(name)));

function forward(
  answer: ServerResponse,
  target: URL,
  method: string,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
): void {
  const { "content-length": _, ...others } = passedOn(headers);
  const length = body.length > 0 ? { "content-length": body.length } : {};
  const outgoing = request(target, { method, headers: { ...others, ...length, host: target.host } }, (back) => {
    answer.writeHead(back.statusCode ?? 502, passedOn(back.headers));
    back.pipe(answer);
  });
  outgoing.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else deny(answer, 502, "the host did not answer");
  });
  answer.on("close", () => {
    outgoing.destroy();
  });
  outgoing.end(body);
}
