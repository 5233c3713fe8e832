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

interface ToolAnswer extends Problem {
  result?: { isError?: boolean; content?: { text?: string }[]; _meta?: Problem };
  error?: { message?: string; data?: Problem };
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

/** A call of a tool at the gate's `/mcp`. Its refusal comes with status 200, in the result or as an error of JSON-RPC. */
export async function viaMcp(connection: Connection, name: string, args: object): Promise<Outcome> {
  const response = await fetch(`${connection.rest}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${connection.credential}`,
      "user-agent": "gatehouse-drill",
      "content-type": "application/json",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
  const body = parse(await response.text()) as ToolAnswer | undefined;
  const { result, error } = body ?? {};
  if (result !== undefined && result.isError !== true) return { status: response.status, ok: true };
  const rule = (result?._meta ?? error?.data)?.gatehouse?.rule;
  const said = result?.content?.[0]?.text ?? error?.message;
  return {
    status: result === undefined ? response.status : 0,
    ok: false,
    rule: rule ?? said ?? outcome(response.status, body).rule ?? "no result",
  };
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
