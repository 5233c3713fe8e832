import { readFileSync } from "node:fs";
import { createServer as createHttpServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { run } from "../../../sandbox/tools/run";

/**
 * The name under which clients see the gate. It resolves nowhere: they reach it through a proxy, which needs no root
 * and no hosts file.
 */
export const HOST = "gate.acme.example";

/** A gate behind TLS at `https://gate.acme.example`, on port 443 as clients see it. */
export interface Front {
  /** `HTTPS_PROXY` and the files of the certificate, for Go, git, Python and curl. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** @param gate address of the gate without TLS @param folder for the certificate */
export async function startFront(gate: string, folder: string): Promise<Front> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = await run(
    "openssl",
    [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
      ...["-keyout", key, "-out", certificate, "-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`],
    ],
    { timeoutMs: 20_000, env: process.env },
  );
  if (made.code !== 0) throw new Error(`openssl made no certificate: ${made.stderr.trim().split("\n").at(-1) ?? ""}`);
  const tls = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (inner, outer) =>
    forward(gate, inner, outer),
  );
  const tlsPort = await listen(tls);
  // A CONNECT proxy that knows one host. Everything else is refused, so that a client which leaves the gate is seen to.
  const proxy = createHttpServer((_request, response) => response.writeHead(502).end());
  const sockets = new Set<Socket>();
  proxy.on("connect", (asked, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    if (asked.url !== `${HOST}:443`) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const to = connect(tlsPort, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      to.pipe(socket).pipe(to);
    });
    sockets.add(to);
    to.on("error", () => socket.destroy());
  });
  const address = `http://127.0.0.1:${await listen(proxy)}`;
  return {
    env: {
      HTTPS_PROXY: address,
      https_proxy: address,
      SSL_CERT_FILE: certificate,
      GIT_SSL_CAINFO: certificate,
      REQUESTS_CA_BUNDLE: certificate,
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      tls.closeAllConnections();
      proxy.closeAllConnections();
      await Promise.all([tls, proxy].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Passes a request on byte for byte; of an answer, addresses that name the gate without TLS are named with it. */
function forward(gate: string, inner: IncomingMessage, outer: ServerResponse): void {
  const { hostname, port } = new URL(gate);
  const out = request(
    {
      hostname,
      port,
      method: inner.method,
      path: inner.url,
      headers: { ...inner.headers, host: HOST, "accept-encoding": "identity" },
    },
    (answer) => {
      const secure = (text: string): string => text.replaceAll(`http://${HOST}`, `https://${HOST}`);
      const headers = { ...answer.headers };
      for (const name of ["link", "location"] as const)
        if (headers[name] !== undefined) headers[name] = secure(String(headers[name]));
      if (!String(headers["content-type"]).includes("json")) {
        outer.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outer);
        return;
      }
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        const body = secure(Buffer.concat(parts).toString());
        delete headers["transfer-encoding"];
        outer.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": Buffer.byteLength(body) });
        outer.end(body);
      });
    },
  );
  out.on("error", () => outer.destroy());
  inner.pipe(out);
}

function listen(server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}
