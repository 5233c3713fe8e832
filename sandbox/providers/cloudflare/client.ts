import { ProviderError } from "../types";

/** Where the API is when neither configuration nor environment says otherwise. */
const DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4/";
const USER_AGENT =
  "terraform-provider-cloudflare/pulumi terraform-plugin-framework/1.19.0 terraform/1.0.0+pulumi-terraform-bridge";
/** Tries after the first, as the Go client has them. */
const MAX_RETRIES = 10;
/** The first pause and the longest, in milliseconds; each pause is twice the one before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** The longest that a server's Retry-After is heeded, in milliseconds. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const CALL_TIMEOUT_MS = 60_000;

/** Where and as whom to connect. `pause` waits; tests make it short. */
export interface CloudflareSettings {
  baseUrl: string;
  authorization: Readonly<Record<string, string>>;
  pause?: (milliseconds: number) => Promise<void>;
}

/** One call. `path` is relative to the base URL and already encoded. */
export interface CloudflareCall {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Readonly<Record<string, string>>;
  /** A JSON value. */
  json?: unknown;
  /** A body that is no JSON, with its content type. */
  raw?: { contentType: string; body: string };
  headers?: Readonly<Record<string, string>>;
}

/** An answer below 400. */
export interface CloudflareAnswer {
  status: number;
  contentType: string;
  text: string;
}

/** A refusal by the API. `codes` are Cloudflare's own error numbers. */
export class CloudflareError extends ProviderError {
  constructor(
    message: string,
    readonly status: number,
    readonly codes: readonly number[],
    reasons: string[],
  ) {
    super(message, reasons);
    this.name = "CloudflareError";
  }
}

/** A thin client of the v4 API: exact calls matter here, more than comfort. */
export class CloudflareClient {
  constructor(private readonly settings: CloudflareSettings) {}

  /** Sends a call and returns the `result` of the envelope (undefined for an empty answer). */
  async result(call: CloudflareCall): Promise<unknown> {
    const answer = await this.send(call);
    if (answer.text === "") return undefined;
    return (JSON.parse(answer.text) as { result?: unknown }).result;
  }

  /** Like `result`, but undefined where the thing does not exist (404). */
  async resultIfAny(call: CloudflareCall): Promise<unknown> {
    try {
      return await this.result(call);
    } catch (error) {
      if (error instanceof CloudflareError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Deletes; what is already gone is no error. */
  async remove(path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    try {
      await this.send({ method: "DELETE", path, headers });
    } catch (error) {
      if (!(error instanceof CloudflareError && error.status === 404)) throw error;
    }
  }

  /** All pages of a list. */
  async list(path: string, query: Readonly<Record<string, string>> = {}): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    for (let page = 1; ; page++) {
      const answer = await this.send({ method: "GET", path, query: { ...query, page: String(page), per_page: "100" } });
      const { result, result_info: info } = JSON.parse(answer.text) as {
        result?: unknown;
        result_info?: { total_pages?: number };
      };
      const items = Array.isArray(result) ? (result as Record<string, unknown>[]) : [];
      found.push(...items);
      if (items.length === 0 || page >= (info?.total_pages ?? 1)) return found;
    }
  }

  /**
   * Sends a call, again after connection errors, 408, 409, 429 and server errors, unless the answer's `x-should-retry`
   * says otherwise.
   */
  async send(call: CloudflareCall): Promise<CloudflareAnswer> {
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= MAX_RETRIES;
      let response: Response;
      try {
        response = await this.fetch(call, attempt);
      } catch (error) {
        if (last) throw new ProviderError(`no answer from Cloudflare at ${this.settings.baseUrl}: ${reasonOf(error)}`);
        await this.pause(pauseOf(attempt, undefined));
        continue;
      }
      const text = await response.text();
      if (response.ok)
        return { status: response.status, contentType: response.headers.get("content-type") ?? "", text };
      if (last || !shouldRetry(response)) throw this.refusal(call, response.status, text);
      await this.pause(pauseOf(attempt, response));
    }
  }

  private fetch(call: CloudflareCall, attempt: number): Promise<Response> {
    const url = new URL(call.path, this.settings.baseUrl);
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value);
    const body = call.raw?.body ?? (call.json === undefined ? undefined : JSON.stringify(call.json));
    const contentType = call.raw?.contentType ?? (call.json === undefined ? undefined : "application/json");
    const headers = {
      accept: "application/json",
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...this.settings.authorization,
      "user-agent": USER_AGENT,
      "x-stainless-retry-count": String(attempt),
      ...call.headers,
    };
    return fetch(url, {
      method: call.method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    });
  }

  private pause(milliseconds: number): Promise<void> {
    return this.settings.pause?.(milliseconds) ?? new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  private refusal(call: CloudflareCall, status: number, text: string): CloudflareError {
    const errors = errorsOf(text);
    const reasons = errors.map((error) => this.withoutCredentials(`${error.message} (${error.code})`));
    const words = reasons.length > 0 ? reasons.join("; ") : this.withoutCredentials(text.slice(0, 200));
    return new CloudflareError(
      `Cloudflare refused ${call.method} ${call.path} with ${status}${words === "" ? "" : `: ${words}`}`,
      status,
      errors.map((error) => error.code),
      reasons,
    );
  }

  private withoutCredentials(text: string): string {
    return Object.values(this.settings.authorization).reduce((cleaned, value) => {
      const secret = value.replace(/^Bearer /, "");
      return secret === "" ? cleaned : cleaned.replaceAll(secret, "[credential]");
    }, text);
  }
}

/** The settings from the provider's configuration and the environment variables that the real plugin reads. */
export function settingsFrom(config: Record<string, unknown>, env: NodeJS.ProcessEnv): CloudflareSettings {
  const base = text(config.baseUrl) ?? text(env.CLOUDFLARE_BASE_URL) ?? DEFAULT_BASE_URL;
  const token = text(config.apiToken) ?? text(env.CLOUDFLARE_API_TOKEN);
  const key = text(config.apiKey) ?? text(env.CLOUDFLARE_API_KEY);
  const email = text(config.email) ?? text(env.CLOUDFLARE_EMAIL);
  const baseUrl = base.endsWith("/") ? base : `${base}/`;
  if (token) return { baseUrl, authorization: { authorization: `Bearer ${token}` } };
  if (key && email) return { baseUrl, authorization: { "x-auth-key": key, "x-auth-email": email } };
  throw new ProviderError(
    "the Cloudflare provider has no credential: set CLOUDFLARE_API_TOKEN, or cloudflare:apiToken in the stack's configuration",
  );
}

function shouldRetry(response: Response): boolean {
  const wish = response.headers.get("x-should-retry");
  if (wish === "true") return true;
  if (wish === "false") return false;
  return [408, 409, 429].includes(response.status) || response.status >= 500;
}

function pauseOf(attempt: number, response: Response | undefined): number {
  const milliseconds = Number(response?.headers.get("retry-after-ms") ?? "none");
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return Math.min(milliseconds, LONGEST_RETRY_AFTER_MS);
  const after = response?.headers.get("retry-after");
  if (after) {
    const seconds = Number(after);
    const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(after) - Date.now();
    if (Number.isFinite(wait) && wait >= 0) return Math.min(wait, LONGEST_RETRY_AFTER_MS);
  }
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
}

function errorsOf(body: string): { code: number; message: string }[] {
  try {
    const { errors } = JSON.parse(body) as { errors?: { code?: unknown; message?: unknown }[] };
    return (errors ?? []).map((error) => ({ code: Number(error.code ?? 0), message: String(error.message ?? "") }));
  } catch {
    // Not the API's envelope: a proxy in between.
    return [];
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
