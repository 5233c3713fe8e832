/**
 * Where GitHub is and how gently it is asked: the provider's configuration with the environment variables of the real
 * plugin. Besides those, `GITHUB_WRITE_DELAY_MS` sets `writeDelayMs` (default 1000, as in the plugin, which waits that
 * long after each write so that GitHub's abuse limits are kept). The sandbox sets it to 0: its stand-in has no such
 * limit.
 */
import { ProviderError, type Props } from "../types";

export interface Settings {
  /** REST root without trailing slash: `https://api.github.com`, or `{base}/api/v3` for any other host. */
  rest: string;
  /** GraphQL address: `https://api.github.com/graphql`, or `{base}/api/graphql`. */
  graphql: string;
  /** Organization or user that owns what is managed; undefined means the account of the token. */
  owner?: string | undefined;
  token: string;
  readDelayMs: number;
  writeDelayMs: number;
  retryDelayMs: number;
  maxRetries: number;
  retryableErrors: readonly number[];
  /** Send requests at the same time instead of one after the other. */
  parallel: boolean;
}

/**
 * REST and GraphQL addresses of a base URL, as the plugin derives them: anything but github.com and *.ghe.com is an
 * Enterprise Server.
 */
export function addresses(baseUrl: string): { rest: string; graphql: string } {
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw new ProviderError(`github: the base URL "${baseUrl}" is not an absolute URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new ProviderError(`github: the base URL "${baseUrl}" must start with http:// or https://`);
  }
  const host = url.host;
  const cloud = host === "github.com" || host === "api.github.com" || host.endsWith(".ghe.com");
  if (cloud) {
    if (url.protocol !== "https:" || url.pathname !== "/") {
      throw new ProviderError(`github: the base URL of ${host} must be https and have no path`);
    }
    const api = host.startsWith("api.") ? host : `api.${host}`;
    return { rest: `https://${api}`, graphql: `https://${api}/graphql` };
  }
  const prefix = url.pathname.replace(/\/+$/, "").replace(/\/api\/v3$/, "");
  return { rest: `${url.origin}${prefix}/api/v3`, graphql: `${url.origin}${prefix}/api/graphql` };
}

/** Reads the provider's inputs (plain or as the strings in which Pulumi keeps configuration) and the environment. */
export function readSettings(config: Props, env: NodeJS.ProcessEnv): Settings {
  const token = text(config.token) ?? env.GITHUB_TOKEN;
  if (!token) throw new ProviderError("github: no token. Set GITHUB_TOKEN (or the provider's `token`).");
  if (config.appAuth !== undefined)
    throw new ProviderError("github: the sandbox's provider does not support `appAuth`; use a token.");
  if (config.legacyClient === false || config.legacyClient === "false") {
    throw new ProviderError(
      "github: the sandbox's provider sends what the legacy client sends; `legacyClient: false` is not supported.",
    );
  }
  return {
    ...addresses(text(config.baseUrl) ?? env.GITHUB_BASE_URL ?? "https://api.github.com/"),
    owner: text(config.owner) ?? text(config.organization) ?? env.GITHUB_OWNER ?? env.GITHUB_ORGANIZATION,
    token,
    readDelayMs: count(config.readDelayMs, "readDelayMs") ?? 0,
    writeDelayMs:
      count(config.writeDelayMs, "writeDelayMs") ?? count(env.GITHUB_WRITE_DELAY_MS, "GITHUB_WRITE_DELAY_MS") ?? 1000,
    retryDelayMs: count(config.retryDelayMs, "retryDelayMs") ?? 1000,
    maxRetries: count(config.maxRetries, "maxRetries") ?? 3,
    retryableErrors: numbers(config.retryableErrors) ?? [500, 502, 503, 504],
    parallel: config.parallelRequests === true || config.parallelRequests === "true",
  };
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 0)
    throw new ProviderError(`github: ${name} must be a whole number of at least 0, not "${String(value)}"`);
  return parsed;
}

function numbers(value: unknown): number[] | undefined {
  const list: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return Array.isArray(list) ? list.map(Number) : undefined;
}
