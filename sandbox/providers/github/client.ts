/**
 * How the real plugin talks to GitHub (its default, "legacy" client): one request at a time, a pause after each write,
 * retries on server errors, ETags from state, and errors in the server's words.
 */
import { ProviderError } from "../types";
import type { Settings } from "./settings";

/** Media types of preview features that some calls name in `Accept`; without one it is the plain v3 type. */
export const ACCEPT = {
  organization: "application/vnd.github.surtur-preview+json",
  repository: ["scarlet-witch", "mercy", "baptiste", "nebula"]
    .map((name) => `application/vnd.github.${name}-preview+json`)
    .join(", "),
  editRepository: ["baptiste", "nebula"].map((name) => `application/vnd.github.${name}-preview+json`).join(", "),
  teamRepository: "application/vnd.github.v3.repository+json",
  topics: "application/vnd.github.mercy-preview+json",
  alerts: "application/vnd.github.dorian-preview+json",
} as const;

export interface RestOptions {
  body?: unknown;
  query?: Record<string, string | number>;
  accept?: string;
  /** The ETag in state: asks for 304 when nothing changed. Empty or undefined sends nothing. */
  etag?: string | undefined;
  /** "Not found" is an answer, not an error. */
  acceptNotFound?: boolean;
}

export interface Answer<T> {
  status: number;
  statusText: string;
  etag: string;
  headers: Headers;
  data: T;
  text: string;
  /** The next page's number of a list, from the Link header. */
  nextPage?: number;
}

/** An answer that is not a success. `status` 0 means that no answer came. */
export class GitHubError extends ProviderError {
  constructor(
    message: string,
    readonly status: number,
    readonly documentationUrl = "",
  ) {
    super(message);
    this.name = "GitHubError";
  }
}

/** True for the answer that says "there is no such thing (for you)". */
export const isNotFound = (error: unknown): boolean => error instanceof GitHubError && error.status === 404;

/**
 * A well-behaved server stops naming its secondary limit after a while; this keeps an ill-behaved one from holding us
 * for ever.
 */
const MAX_LIMIT_WAITS = 20;

export class GitHubClient {
  private turn: Promise<unknown> = Promise.resolve();
  private pauseMs = 0;

  constructor(private readonly settings: Settings) {}

  /**
   * One REST call. `path` has no leading slash and is sent as it is. Throws {@link GitHubError}, except for 2xx (but
   * 202) and 304.
   */
  async rest<T = unknown>(method: string, path: string, options: RestOptions = {}): Promise<Answer<T>> {
    const url = new URL(`${this.settings.rest}/${path}`);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, String(value));
    const headers: Record<string, string> = {
      accept: `${options.accept ?? "application/vnd.github.v3+json"},application/vnd.github.stone-crop-preview+json`,
      authorization: `Bearer ${this.settings.token}`,
      "user-agent": "go-github/v88.0.0",
      "x-github-api-version": "2022-11-28",
    };
    if (options.etag) headers["if-none-match"] = options.etag;
    if (options.body !== undefined) headers["content-type"] = "application/json";
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const answer = await this.send<T>(method, url, headers, body);
    if (answer.status === 202) throw new GitHubError("job scheduled on GitHub side; try again later", 202);
    if (
      (answer.status >= 200 && answer.status < 300) ||
      answer.status === 304 ||
      (options.acceptNotFound && answer.status === 404)
    )
      return answer;
    throw this.refusal(method, url, answer);
  }

  /** All pages of a list. */
  async list<T>(path: string, options: RestOptions = {}): Promise<T[]> {
    const items: T[] = [];
    for (let page: number | undefined = 0; page !== undefined;) {
      const query: Record<string, string | number> = { ...options.query, ...(page ? { page } : {}) };
      const answer: Answer<T[]> = await this.rest<T[]>("GET", path, { ...options, query });
      items.push(...answer.data);
      page = answer.nextPage;
    }
    return items;
  }

  /**
   * One GraphQL call; the client of the real plugin is strict, so this one is too: `errors` in the answer fail the call
   * (first message), and so does an answer without `data`. The caller says with `shape` which object must be there.
   */
  async graphql<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    const url = new URL(this.settings.graphql);
    const headers = {
      accept: "application/vnd.github.stone-crop-preview+json",
      authorization: `Bearer ${this.settings.token}`,
      "user-agent": "Go-http-client/1.1",
      "content-type": "application/json",
    };
    const answer = await this.send<{ data?: T; errors?: { message: string }[] }>(
      "POST",
      url,
      headers,
      JSON.stringify({ query, variables }),
    );
    if (answer.status !== 200)
      throw new GitHubError(
        `non-200 OK status code: ${answer.status} ${answer.statusText} body: ${this.clean(answer.text)}`,
        answer.status,
      );
    const { data, errors } = answer.data;
    if (errors?.length) throw new GitHubError(this.clean(errors.map((error) => error.message).join(", ")), 200);
    if (data === undefined || data === null)
      throw new GitHubError("the GraphQL answer has neither data nor errors", 200);
    const extra = unasked(query, data);
    if (extra) throw new GitHubError(`struct field for "${extra}" doesn't exist in any of 1 places to unmarshal`, 200);
    return data;
  }

  private refusal(method: string, url: URL, answer: Answer<unknown>): GitHubError {
    const said = (typeof answer.data === "object" && answer.data !== null ? answer.data : {}) as {
      message?: string;
      errors?: unknown[];
      documentation_url?: string;
    };
    const details = (said.errors ?? []).map((error) =>
      typeof error === "string" ? error : describe(error as Record<string, unknown>),
    );
    const message = said.message ?? (answer.text.slice(0, 200) || answer.statusText);
    const line = `${method} ${url.href}: ${answer.status} ${message}${details.length ? ` [${details.join("; ")}]` : ""}`;
    return new GitHubError(this.clean(line), answer.status, said.documentation_url);
  }

  /** A server may quote what it was sent: the token must not come back in an error. */
  private clean(line: string): string {
    return line.split(this.settings.token).join("(token)");
  }

  private async send<T>(method: string, url: URL, headers: Record<string, string>, body?: string): Promise<Answer<T>> {
    if (this.settings.parallel) return this.attempt<T>(method, url, headers, body);
    const mine = this.turn.then(async () => {
      if (this.pauseMs > 0) await sleep(this.pauseMs);
      try {
        return await this.attempt<T>(method, url, headers, body);
      } finally {
        this.pauseMs = method === "GET" ? this.settings.readDelayMs : this.settings.writeDelayMs;
      }
    });
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async attempt<T>(
    method: string,
    url: URL,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer<T>> {
    let retries = 0;
    let waits = 0;
    for (;;) {
      let answer: Answer<T>;
      try {
        answer = await read<T>(await fetch(url, { method, headers, body: body ?? null, redirect: "manual" }));
      } catch (error) {
        if (retries++ < this.settings.maxRetries) {
          await sleep(this.settings.retryDelayMs);
          continue;
        }
        throw new GitHubError(`${method} ${url.href}: no answer from ${url.host}: ${this.clean(reason(error))}`, 0);
      }
      if (this.settings.retryableErrors.includes(answer.status) && retries++ < this.settings.maxRetries) {
        await sleep(this.settings.retryDelayMs);
        continue;
      }
      const wait = limitWaitMs(answer);
      if (wait !== undefined && waits++ < MAX_LIMIT_WAITS) {
        await sleep(wait);
        continue;
      }
      return answer;
    }
  }
}

async function read<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  let data: unknown = null;
  try {
    data = text === "" ? null : JSON.parse(text);
  } catch {
    // Not JSON: the text alone is kept, a caller that needs data will say so.
  }
  const next = /<[^>]*[?&]page=(\d+)[^>]*>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  return {
    status: response.status,
    statusText: response.statusText,
    etag: response.headers.get("etag") ?? "",
    headers: response.headers,
    data: data as T,
    text,
    ...(next ? { nextPage: Number(next) } : {}),
  };
}

/** How long a limit asks us to wait: the secondary limit by Retry-After, the primary one until its reset. */
function limitWaitMs(answer: Answer<unknown>): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const documentation = (answer.data as { documentation_url?: string } | null)?.documentation_url ?? "";
  if (/(#abuse-rate-limits|secondary-rate-limits)$/.test(documentation))
    return Number(answer.headers.get("retry-after") ?? 60) * 1000;
  if (answer.headers.get("x-ratelimit-remaining") === "0") {
    return Math.max(0, Number(answer.headers.get("x-ratelimit-reset") ?? 0) * 1000 - Date.now()) + 1000;
  }
  return undefined;
}

/** `Repository.visibility: Visibility is already private.` */
function describe(error: Record<string, unknown>): string {
  const where = [error.resource, error.field].filter(Boolean).join(".");
  const what = String(error.message ?? error.code ?? JSON.stringify(error));
  return where ? `${where}: ${what}` : what;
}

/** The name of a top-level field of any object in `data` that the query text does not contain. */
function unasked(query: string, data: unknown): string | undefined {
  if (Array.isArray(data)) {
    for (const item of data) {
      const found = unasked(query, item);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof data !== "object" || data === null) return undefined;
  for (const [name, value] of Object.entries(data)) {
    if (!new RegExp(`\\b${name}\\b`).test(query)) return name;
    const found = unasked(query, value);
    if (found) return found;
  }
  return undefined;
}

const reason = (error: unknown): string => {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error as Error).message;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
