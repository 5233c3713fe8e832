import * as pulumi from "@pulumi/pulumi";
import { isMisspelledTenant, endpoints } from "../model";
import type { AskGraphql } from "../plans";

/** GitHub itself ends a question after ten seconds; an Enterprise Server may take longer. */
const TIMEOUT_MS = 60_000;
/** A primary limit begins anew each hour. */
const LONGEST_WAIT_MS = 65 * 60_000;

/**
 * GitHub's GraphQL API, under the settings of GitHub's provider. The provider has no look-up that asks about many
 * repositories at once, so these questions are sent by the program itself: they only read.
 * @returns undefined where the provider signs in by other means than a token (as a GitHub App, or by `gh`)
 */
export function graphqlApi(
  env: NodeJS.ProcessEnv = process.env,
  config: Pick<pulumi.Config, "get"> = new pulumi.Config("github"),
): AskGraphql | undefined {
  const token = config.get("token") || env.GITHUB_TOKEN;
  const base = config.get("baseUrl") || env.GITHUB_BASE_URL || undefined;
  if (!token || config.get("appAuth") || (base !== undefined && isMisspelledTenant(base))) return undefined;
  const url = endpoints(base).graphql;
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "user-agent": "gatehouse",
    // Ids in the form that the REST API shows, since stacks hold ids that were looked up there.
    "x-github-next-global-id": "0",
  };
  return async ({ query, variables }) => {
    const until = Date.now() + LONGEST_WAIT_MS;
    for (;;) {
      const answer = await post(url, headers, JSON.stringify({ query, variables })).catch(() => undefined);
      const wait = answer && waitWish(answer, Date.now());
      if (answer === undefined || (answer.status !== 200 && wait === undefined)) return undefined;
      if (wait === undefined) return json(answer.text);
      if (Date.now() + wait > until) return undefined;
      void pulumi.log.info(`GitHub's limit of requests is reached; asking again in ${Math.ceil(wait / 1000)} seconds`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | null;
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  const init = { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  const proxied = ["http_proxy", "https_proxy"].some((name) => process.env[name] || process.env[name.toUpperCase()]);
  if (!proxied) return answerOf(await fetch(url, init));
  // Node's own fetch uses no proxy by itself; the provider's plugin does, as every Go program.
  const { EnvHttpProxyAgent, fetch: fetchByProxy } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({ proxyTunnel: false });
  try {
    return await answerOf(await fetchByProxy(url, { ...init, dispatcher }));
  } finally {
    await dispatcher.close();
  }
}

const answerOf = async (response: {
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
}): Promise<Answer> => ({
  status: response.status,
  text: await response.text(),
  header: (name) => response.headers.get(name),
});

/** How long GitHub asks to wait: by Retry-After for a secondary limit, until the reset for the primary one. */
export function waitWish({ status, header }: Pick<Answer, "status" | "header">, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = Number(header("retry-after") ?? NaN);
  if (Number.isFinite(after)) return Math.max(1, after) * 1000;
  const reset = Number(header("x-ratelimit-reset") ?? NaN);
  if (header("x-ratelimit-remaining") === "0" && Number.isFinite(reset)) return Math.max(1000, reset * 1000 - now);
  return status === 429 ? 60_000 : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
