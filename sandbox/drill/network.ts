import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { agentHosts } from "../../infra/plans";
import type { Outcome } from "./connection";
import { harmless, type Fixture } from "./fixture";

/** A host of GitHub, as the agent's environment would name it. */
const GITHUB_HOST = "api.github.com";
const hostsOf = new WeakMap<Fixture, string[]>();

/** The declared hosts; widened ones once the lock is open. */
const hosts = (fixture: Fixture): readonly string[] => hostsOf.get(fixture) ?? agentHosts(fixture.environment);

export function widenHosts(fixture: Fixture): Promise<void> {
  hostsOf.set(fixture, [...hosts(fixture), GITHUB_HOST]);
  return Promise.resolve();
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });

/**
 * The way out of the agent's environment: a forward proxy that knows the host list and nothing else, as the sandbox of
 * a managed agent has one. Names lead to this machine's stand-ins, so what is proven is the declared list, not
 * somebody's proxy.
 */
async function withProxy<T>(
  allowed: readonly string[],
  resolve: (host: string) => string | undefined,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const server = createServer((incoming, outgoing) => {
    const target = new URL(incoming.url ?? "", "http://nowhere.invalid");
    const to = allowed.includes(target.hostname) ? resolve(target.hostname) : undefined;
    if (!to) {
      outgoing
        .writeHead(403, { "content-type": "application/json" })
        .end(JSON.stringify({ message: `host not in allowlist: ${target.hostname}` }));
      return;
    }
    const upstream = request(
      `${to}${target.pathname}${target.search}`,
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(to).host } },
      (answer: IncomingMessage) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    upstream.on("error", () => {
      outgoing.writeHead(502).end();
    });
    incoming.pipe(upstream);
  });
  const port = await listen(server);
  try {
    return await use(port);
  } finally {
    await close(server);
  }
}

function viaProxy(port: number, url: string, credential: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: "127.0.0.1",
        port,
        path: url,
        headers: { host: new URL(url).host, authorization: `Bearer ${credential}`, "user-agent": "gatehouse-drill" },
      },
      (answer) => {
        let text = "";
        answer
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            text += chunk;
          })
          .on("end", () => {
            resolve({ status: answer.statusCode ?? 0, text });
          });
      },
    )
      .on("error", reject)
      .end();
  });
}

/**
 * Asks GitHub itself from inside the agent's environment; the gate must answer there, or the list would only prove that
 * nothing works.
 */
export function reachGitHub(fixture: Fixture): Promise<Outcome> {
  const { harness } = fixture;
  const declared = agentHosts(fixture.environment);
  const resolve = (host: string): string | undefined =>
    host === GITHUB_HOST ? harness.github.rest : declared.includes(host) ? harness.gate.rest : undefined;
  return withProxy(hosts(fixture), resolve, async (port) => {
    for (const host of declared) {
      const gate = await viaProxy(port, `http://${host}${fixture.path}`, harness.gate.credential);
      if (gate.status !== 200)
        throw new Error(
          `the agent's environment does not reach the gate at ${host}: ${gate.status} ${gate.text.slice(0, 200)}`,
        );
    }
    const { status, text } = await viaProxy(port, `http://${GITHUB_HOST}${fixture.path}`, fixture.direct.credential);
    return status === 200
      ? { status, ok: true }
      : harmless(status, (JSON.parse(text) as { message?: string }).message ?? "refused");
  });
}

/** Asks the gate for another host by an absolute request target; a canary tells whether anything arrived there. */
export async function reachThroughGate(fixture: Fixture, straight: boolean): Promise<Outcome> {
  let reached = 0;
  const canary = createServer((_, answer) => {
    reached += 1;
    answer.end("{}");
  });
  const port = await listen(canary);
  try {
    const url = `http://127.0.0.1:${port}/`;
    if (straight) {
      const { status } = await fetch(url);
      return { status, ok: reached > 0 };
    }
    const gate = new URL(fixture.harness.gate.rest);
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      request(
        {
          host: gate.hostname,
          port: gate.port,
          path: url,
          headers: {
            host: `127.0.0.1:${port}`,
            authorization: `Bearer ${fixture.harness.gate.credential}`,
            "user-agent": "gatehouse-drill",
          },
        },
        (answer) => {
          let body = "";
          answer
            .setEncoding("utf8")
            .on("data", (chunk: string) => {
              body += chunk;
            })
            .on("end", () => {
              resolve({ status: answer.statusCode ?? 0, text: body });
            });
        },
      )
        .on("error", reject)
        .end();
    });
    if (reached > 0) return { status, ok: true };
    let rule = "nothing arrived there";
    try {
      rule = (JSON.parse(text) as { gatehouse?: { rule?: string } }).gatehouse?.rule ?? rule;
    } catch {
      /* the runtime's own refusal is no JSON */
    }
    return harmless(status, rule);
  } finally {
    await close(canary);
  }
}
