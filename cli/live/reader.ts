import pLimit, { type Limit } from "p-limit";
import { type System, Unavailable, messageOf } from "../../rotation/errors";
import type { Effects } from "../../rotation/effects";
import { type Answer, request } from "../../rotation/wire";
import { addressFrom } from "../support/address";
import type { HourlyLimit, Watch } from "../support/progress";
import type { Journal } from "./journal";

/** One question to a system, as it stands beside the answer it led to. The status is 0 when there was no answer. */
export interface Call {
  readonly system: System;
  readonly method: "GET" | "HEAD" | "POST";
  /** Path with its query, below the system's address; never a credential. */
  readonly path: string;
  readonly status: number;
}

/** An answer of a system, or why there is none. */
export interface Response {
  readonly call: Call;
  readonly text: string;
  /** Why there was no answer; empty when there was one. */
  readonly failure: string;
  header(name: string): string | undefined;
  /** The body as JSON; undefined when it is none. */
  json(): unknown;
}

export interface Listed {
  readonly items: readonly Record<string, unknown>[];
  readonly calls: readonly Call[];
  /** Absent when every page was read. */
  readonly failed?: Response;
}

export interface ReaderOptions {
  readonly effects: Effects;
  readonly system: System;
  /** Without a trailing slash. */
  readonly base: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests at once; GitHub asks for few. */
  readonly atOnce?: number;
  /** The only paths that may be posted to, for questions that cannot be asked otherwise. */
  readonly postable?: readonly string[];
  /** How long it waits in all for one answer when a limit is reached. Default: not longer than a retry waits. */
  readonly patienceMs?: number;
  readonly watch?: Watch | undefined;
  /** Answers of an earlier run that was interrupted; new ones are added. */
  readonly journal?: Journal | undefined;
}

const PAGES = 100;

/**
 * Asks one system and changes nothing: it sends GET and HEAD, and POST only to paths that are named as questions. The
 * same question is asked once. Passing failures and rate limits are waited for as the system asks, within bounds.
 */
export class Reader {
  private readonly asked = new Map<string, Promise<Response>>();
  private readonly inTurn: Limit;

  constructor(private readonly options: ReaderOptions) {
    this.inTurn = pLimit(options.atOnce ?? 6);
  }

  get(path: string, accept?: string): Promise<Response> {
    return this.once("GET", path, undefined, accept);
  }

  /** Asks although the same was asked before. */
  again(path: string): Promise<Response> {
    return this.inTurn(() => this.send("GET", path, undefined));
  }

  head(path: string): Promise<Response> {
    return this.once("HEAD", path);
  }

  /** @throws Error when the path is none that only asks: a defect, never sent */
  ask(path: string, body: unknown): Promise<Response> {
    if (this.options.postable?.includes(path) !== true)
      throw new Error(`${this.options.system}: a POST to ${path} could change something`);
    return this.once("POST", path, body);
  }

  /**
   * Every page of a list, by the Link header. @param key property that holds the items, where the answer is an object
   */
  async list(path: string, key?: string): Promise<Listed> {
    const items: Record<string, unknown>[] = [];
    const calls: Call[] = [];
    let next: string | undefined = `${path}${path.includes("?") ? "&" : "?"}per_page=100`;
    for (let page = 0; next !== undefined && page < PAGES; page++) {
      const toResponse: Response = await this.get(next);
      calls.push(toResponse.call);
      const body = toResponse.json();
      const found: unknown = key === undefined ? body : (body as Record<string, unknown> | undefined)?.[key];
      if (toResponse.call.status !== 200 || !Array.isArray(found)) return { items, calls, failed: toResponse };
      items.push(...(found as Record<string, unknown>[]));
      next = this.nextPage(toResponse.header("link"));
    }
    return { items, calls };
  }

  /**
   * Every page of a long list in turn, by the Link header, without keeping any. The last one may be a refusal: look at
   * its status.
   */
  async *pages(path: string): AsyncGenerator<Response, void, undefined> {
    for (let next: string | undefined = path; next !== undefined;) {
      const response: Response = await this.again(next);
      yield response;
      next = response.call.status === 200 ? this.nextPage(response.header("link")) : undefined;
    }
  }

  private nextPage(link: string | undefined): string | undefined {
    const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
    return url?.startsWith(`${this.options.base}/`) ? url.slice(this.options.base.length) : undefined;
  }

  private once(method: Call["method"], path: string, body?: unknown, accept?: string): Promise<Response> {
    const key = JSON.stringify([method, path, body, accept]);
    const known = this.asked.get(key);
    if (known) return known;
    const fresh = this.kept(key, method, path) ?? this.inTurn(() => this.send(method, path, body, accept, key));
    this.asked.set(key, fresh);
    return fresh;
  }

  private kept(key: string, method: Call["method"], path: string): Promise<Response> | undefined {
    const { journal, base, system } = this.options;
    const kept = journal?.find(`${base} ${key}`);
    return kept
      ? Promise.resolve(
          toResponse({ system, method, path, status: kept.status }, kept.text, "", (name) =>
            name === "link" ? kept.link : undefined,
          ),
        )
      : undefined;
  }

  private async send(
    method: Call["method"],
    path: string,
    json: unknown,
    accept?: string,
    key?: string,
  ): Promise<Response> {
    const { effects, system, base, headers, watch, journal, patienceMs = 0 } = this.options;
    watch?.asked();
    const until = effects.now() + patienceMs;
    for (;;) {
      try {
        const answer = await request(effects, {
          system,
          what: "answer",
          method,
          url: `${base}${path}`,
          attempts: 3,
          timeoutMs: method === "POST" ? 60_000 : 20_000, // a query about many takes longer than one answer
          headers: { "user-agent": "gatehouse-assess", ...headers, ...(accept === undefined ? {} : { accept }) },
          ...(json === undefined ? {} : { json }),
          meant: (answer) => system === "the gate" && answer.status !== 429, // the gate's refusals are what is asked for
        });
        watch?.answered(limitOf(answer));
        const link = answer.header("link");
        if (key !== undefined)
          journal?.keep(`${base} ${key}`, {
            status: answer.status,
            text: answer.text,
            ...(link === undefined ? {} : { link }),
          });
        return toResponse({ system, method, path, status: answer.status }, answer.text, "", (name) =>
          answer.header(name),
        );
      } catch (error) {
        const wait = error instanceof Unavailable ? error.retryAfterMs : undefined;
        if (wait === undefined || effects.now() + wait > until) {
          watch?.answered();
          return toResponse({ system, method, path, status: 0 }, "", messageOf(error));
        }
        // A limit is no failure: it is waited for as the system asks, a little longer than to the second.
        watch?.waits(wait);
        await effects.sleep(wait + 1_000);
      }
    }
  }
}

/** What GitHub says with each answer that its hourly limit leaves. */
function limitOf({ header }: Pick<Answer, "header">): HourlyLimit | undefined {
  const [remaining, reset] = ["x-ratelimit-remaining", "x-ratelimit-reset"].map((name) => Number(header(name) ?? NaN));
  return Number.isFinite(remaining) && Number.isFinite(reset) && header("x-ratelimit-resource") === "core"
    ? { remaining: remaining!, resetAt: reset! * 1000 }
    : undefined;
}

/** A response with its body still unread. @param failure why there was no answer */
export const toResponse = (
  call: Call,
  text: string,
  failure = "",
  header: Response["header"] = () => undefined,
): Response => ({
  call,
  text,
  failure,
  header,
  json: () => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  },
});

/** Why an answer is not the one that was asked for, in few words: it did not come, or its status. */
export const failureOf = ({ call, failure }: Response): string => failure || `answer ${call.status}`;

/** GitHub's REST API, and its GraphQL queries, which lie at another address. */
export class GitHubReader extends Reader {
  private readonly queries: Reader;

  constructor(options: ReaderOptions, graphql: string) {
    super(options);
    const cut = graphql.lastIndexOf("/");
    this.queries = new Reader({ ...options, base: graphql.slice(0, cut), postable: [graphql.slice(cut)] });
    this.path = graphql.slice(cut);
  }

  private readonly path: string;

  /** @throws Error when the text is no query alone: a defect, never sent */
  graphql(body: { readonly query: string; readonly variables: Readonly<Record<string, unknown>> }): Promise<Response> {
    if (!/^\s*query\b/.test(body.query) || /\b(?:mutation|subscription)\b/.test(body.query))
      throw new Error("only queries are asked");
    return this.queries.ask(this.path, body);
  }
}

/** GitHub under a token, or without one. */
export function gitHubReader(
  effects: Effects,
  at: { readonly api: string; readonly graphql: string },
  token: string | undefined,
  long: Pick<ReaderOptions, "patienceMs" | "watch" | "journal"> = {},
): GitHubReader {
  return new GitHubReader(
    {
      ...long,
      effects,
      system: "GitHub",
      base: at.api,
      headers: {
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    },
    at.graphql,
  );
}

/** Where Cloudflare's API is reached. */
export const cloudflareAddress = (env: Readonly<Record<string, string | undefined>>): string =>
  addressFrom(env, "CLOUDFLARE_BASE_URL") ?? "https://api.cloudflare.com/client/v4";

/** Cloudflare's API under a token. */
export const cloudflareReader = (effects: Effects, base: string, token: string): Reader =>
  new Reader({ effects, system: "Cloudflare", base, headers: { authorization: `Bearer ${token}` } });
