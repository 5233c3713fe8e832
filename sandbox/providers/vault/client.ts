import { ProviderError, type Props } from "../types";

/** How long one call may take, in milliseconds (the Go client's default). */
const CALL_TIMEOUT_MS = 60_000;
/** Longest wait between two tries, in milliseconds, whatever the server asks for. */
const LONGEST_WAIT_MS = 30_000;

/** What to do with a call. `query` none: no call of the provider has one. */
export interface VaultCall {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Under `/v1/`, without a leading slash. */
  path: string;
  body?: Props;
  headers?: Record<string, string>;
}

/** A refusal by the server, with its status and words. */
export class VaultError extends ProviderError {
  constructor(
    message: string,
    readonly status: number,
    readonly words: readonly string[],
  ) {
    super(message, [...words]);
    this.name = "VaultError";
  }
}

/** Where and as whom to connect. */
export interface VaultSettings {
  address: string;
  token: string;
  namespace?: string;
  tokenName: string;
  /** Life of the child token, in seconds. */
  maxLeaseTtlSeconds: number;
  skipChildToken: boolean;
  /** Retries of a call that met a server error. */
  maxRetries: number;
  /** Waits; tests make it short. */
  pause?: (milliseconds: number) => Promise<void>;
}

/** A JSON answer, or undefined for an empty one. */
type Answer = Record<string, unknown> | undefined;

/**
 * A thin client: exact calls matter here, more than comfort. One instance per namespace; they share token and version.
 */
export class VaultClient {
  private constructor(
    private readonly settings: VaultSettings,
    private readonly token: string,
    private readonly shared: { version?: Promise<void> },
  ) {}

  /**
   * Looks up the given token and, as the real plugin does, works with a short-lived child of it. The child belongs to
   * the namespace of the given token, and works in that of the provider.
   */
  static async connect(settings: VaultSettings): Promise<VaultClient> {
    const { namespace: _wanted, ...own } = settings;
    const asked = await new VaultClient(own, settings.token, {}).call({
      method: "GET",
      path: "auth/token/lookup-self",
    });
    if (settings.skipChildToken) return new VaultClient(settings, settings.token, {});
    const { namespace_path: path } = (asked?.data ?? {}) as { namespace_path?: unknown };
    const home = typeof path === "string" ? path.replace(/^\/+|\/+$/g, "") : "";
    const parent = new VaultClient(home === "" ? own : { ...own, namespace: home }, settings.token, {});
    const ttl = `${settings.maxLeaseTtlSeconds}s`;
    const answer = await parent.call({
      method: "POST",
      path: "auth/token/create",
      body: {
        ttl,
        explicit_max_ttl: ttl,
        display_name: settings.tokenName,
        num_uses: 0,
        renewable: false,
        type: "",
        entity_alias: "",
      },
    });
    const auth = answer?.auth as { client_token?: unknown } | undefined;
    if (typeof auth?.client_token !== "string")
      throw new ProviderError("the Vault server answered auth/token/create without a token");
    return new VaultClient(settings, auth.client_token, {});
  }

  /** The client for a resource's own namespace, below the provider's. */
  within(namespace: unknown): VaultClient {
    if (typeof namespace !== "string" || namespace === "") return this;
    const joined = [this.settings.namespace, namespace].filter(Boolean).join("/");
    return new VaultClient({ ...this.settings, namespace: joined }, this.token, this.shared);
  }

  /** Asks for the server's version once per run, where the real plugin does. */
  async askVersion(): Promise<void> {
    this.shared.version ??= this.call({ method: "GET", path: "sys/seal-status" }).then(() => undefined);
    await this.shared.version;
  }

  /** Reads; undefined when there is nothing (404). */
  async read(path: string): Promise<Props | undefined> {
    try {
      return dataOf(await this.call({ method: "GET", path }));
    } catch (error) {
      if (error instanceof VaultError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Writes (PUT, as the Go client's logical write) and returns the answer's data. */
  async write(path: string, body: Props): Promise<Props | undefined> {
    return dataOf(await this.call({ method: "PUT", path, body }));
  }

  /** Deletes. What is already gone is no error. */
  async remove(path: string): Promise<void> {
    try {
      await this.call({ method: "DELETE", path });
    } catch (error) {
      if (!(error instanceof VaultError && error.status === 404)) throw error;
    }
  }

  /** Sends one call, again after server errors, and returns the whole answer. */
  async call(call: VaultCall): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= this.settings.maxRetries;
      let response: Response;
      try {
        response = await this.send(call);
      } catch (error) {
        if (last) throw new ProviderError(`no answer from Vault at ${this.settings.address}: ${reasonOf(error)}`);
        await this.pause(1000);
        continue;
      }
      const text = await response.text();
      if (response.ok) return text === "" ? undefined : (JSON.parse(text) as Answer);
      const again =
        response.status === 429 || response.status === 412 || (response.status >= 500 && response.status !== 501);
      if (!again || last) throw this.refusal(call, response.status, text);
      await this.pause(waitOf(response.headers.get("retry-after")));
    }
  }

  /** Waits before another try. */
  pause(milliseconds: number): Promise<void> {
    return this.settings.pause?.(milliseconds) ?? new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  private send(call: VaultCall): Promise<Response> {
    const headers: Record<string, string> = {
      "user-agent": "Go-http-client/1.1",
      "x-vault-request": "true",
      "x-vault-token": this.token,
      ...(this.settings.namespace ? { "x-vault-namespace": this.settings.namespace } : {}),
      ...call.headers,
    };
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const url = `${this.settings.address.replace(/\/+$/, "")}/v1/${encodePath(call.path)}`;
    return fetch(url, {
      method: call.method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      ...body,
    });
  }

  private refusal(call: VaultCall, status: number, text: string): VaultError {
    const words = wordsOf(text).map((word) => this.withoutTokens(word));
    return new VaultError(
      `Vault refused ${call.method} ${call.path} with ${status}${words.length > 0 ? `: ${words.join("; ")}` : ""}`,
      status,
      words,
    );
  }

  private withoutTokens(text: string): string {
    return [this.token, this.settings.token].reduce(
      (cleaned, token) => (token === "" ? cleaned : cleaned.replaceAll(token, "[token]")),
      text,
    );
  }
}

/** The settings from the provider's configuration and the environment variables that the real plugin reads. */
export function settingsFrom(config: Record<string, unknown>, env: NodeJS.ProcessEnv): VaultSettings {
  const address = text(config.address) ?? env.VAULT_ADDR;
  const token = text(config.token) ?? env.VAULT_TOKEN;
  if (!address)
    throw new ProviderError(
      "the Vault provider has no address: set VAULT_ADDR, or vault:address in the stack's configuration",
    );
  if (!token) throw new ProviderError("the Vault provider has no token: set VAULT_TOKEN");
  const namespace = text(config.namespace) ?? env.VAULT_NAMESPACE;
  return {
    address,
    token,
    ...(namespace ? { namespace: namespace.replace(/^\/+|\/+$/g, "") } : {}),
    tokenName: text(config.tokenName) ?? env.VAULT_TOKEN_NAME ?? "terraform",
    maxLeaseTtlSeconds: whole(config.maxLeaseTtlSeconds ?? env.TERRAFORM_VAULT_MAX_TTL, 1200),
    skipChildToken: flag(config.skipChildToken ?? env.TERRAFORM_VAULT_SKIP_CHILD_TOKEN),
    maxRetries: whole(config.maxRetries ?? env.VAULT_MAX_RETRIES, 2),
  };
}

function dataOf(answer: Answer): Props | undefined {
  const data = answer?.data;
  return typeof data === "object" && data !== null ? (data as Props) : undefined;
}

function wordsOf(body: string): string[] {
  try {
    const parsed = JSON.parse(body) as { errors?: unknown };
    if (Array.isArray(parsed.errors)) return parsed.errors.map((word) => String(word).trim().replace(/\s+/g, " "));
  } catch {
    // Not Vault's JSON: a proxy in between.
  }
  return body === "" ? [] : [body.slice(0, 200)];
}

/** Each segment is encoded, the slashes between them are not. */
function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function waitOf(retryAfter: string | null): number {
  const seconds = Number(retryAfter);
  return retryAfter !== null && Number.isFinite(seconds) && seconds >= 0
    ? Math.min(seconds * 1000, LONGEST_WAIT_MS)
    : 1000;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function whole(value: unknown, otherwise: number): number {
  const number = Number(value);
  return value !== undefined && value !== "" && Number.isInteger(number) && number >= 0 ? number : otherwise;
}

function flag(value: unknown): boolean {
  return value === true || value === "true" || value === "1";
}
