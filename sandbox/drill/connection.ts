import { request } from "node:http";
import type { Octokit } from "@octokit/rest";
import type { DrillAnswer } from "../../cli/report/drill";

/**
 * One way to reach GitHub with one credential: through the gate with the gate key, or straight with the machine user's
 * token.
 */
export interface Connection {
  readonly kind: "gate" | "github";
  /** REST base, without trailing slash. */
  readonly rest: string;
  readonly graphql: string;
  /** Base of git remotes, without trailing slash. */
  readonly git: string;
  readonly credential: string;
}

export type Outcome = DrillAnswer;

interface Problem {
  message?: string;
  gatehouse?: { rule?: string };
  errors?: (string | { message?: string; extensions?: { gatehouse?: { rule?: string } } })[];
  data?: unknown;
}

const outcome = (status: number, body: unknown): Outcome => {
  const problem = (body ?? {}) as Problem;
  const refusedInBody = Array.isArray(problem.errors) && problem.errors.length > 0 && status === 200; // GraphQL refuses with 200
  const ok = status < 400 && !refusedInBody;
  const first = Array.isArray(problem.errors) ? problem.errors[0] : undefined;
  const graphql = typeof first === "string" ? undefined : first?.extensions?.gatehouse?.rule;
  const said =
    problem.gatehouse?.rule ?? graphql ?? (typeof first === "string" ? first : first?.message) ?? problem.message;
  return ok ? { status, ok } : { status, ok, rule: said ?? `HTTP ${status}` };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A request by Node's fetch. */
export async function viaFetch(
  connection: Connection,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const url = path === "/graphql" ? connection.graphql : `${connection.rest}${path}`;
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: {
      authorization: `Bearer ${connection.credential}`,
      "user-agent": "gatehouse-drill",
      accept: "application/vnd.github+json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return outcome(response.status, parse(await response.text()));
}

/** A request whose path reaches the wire as written: fetch would resolve dot segments first. */
export function viaRawPath(connection: Connection, method: string, path: string): Promise<Outcome> {
  const { hostname, port, pathname } = new URL(connection.rest);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        method,
        path: `${pathname.replace(/\/$/, "")}${path}`,
        headers: { authorization: `Bearer ${connection.credential}`, "user-agent": "gatehouse-drill" },
      },
      (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            text += chunk;
          })
          .on("end", () => {
            resolve(outcome(response.statusCode ?? 0, parse(text)));
          });
      },
    );
    call.on("error", reject).end();
  });
}

/** A call of an octokit method; octokit throws on a refusal, which is an answer here. */
export async function viaOctokit(
  connection: Connection,
  call: (octokit: Octokit) => Promise<{ status: number; data: unknown }>,
): Promise<Outcome & { data?: unknown }> {
  const { Octokit: Client } = await import("@octokit/rest");
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  try {
    const { status, data } = await call(
      new Client({ auth: connection.credential, baseUrl: connection.rest, userAgent: "gatehouse-drill", log: quiet }),
    );
    return { status, ok: true, data };
  } catch (error) {
    const refused = error as { status?: number; response?: { data?: unknown } };
    if (typeof refused.status !== "number") throw error;
    return outcome(refused.status, refused.response?.data);
  }
}
