/**
 * Requests to Vault or OpenBao under one identity. How a request travels, and how often it is tried, is the caller's.
 */

export interface VaultAddress {
  /** Such as `https://vault.acme.dev`, without a slash at its end. */
  readonly address: string;
  /** In which everything lies, the sign-in included; the root when absent. */
  readonly namespace?: string;
}

/** With which a Worker signs in: each half is useless without the other. */
export interface AppRole {
  readonly roleId: string;
  /** A secret. */
  readonly secretId: string;
}

/** How a party proves itself. Only the last two survive the end of a Vault token. */
export type VaultLogin =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "jwt"; readonly mount: string; readonly role: string; readonly jwt: () => Promise<string> }
  | ({ readonly kind: "approle"; readonly mount: string } & AppRole);

export interface VaultCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Completes "did not …"; never contains a secret. */
  readonly what: string;
}

export interface VaultAnswer {
  readonly status: number;
  /** The body as an object; `{}` when it is none. */
  json(): Record<string, unknown>;
}

export interface VaultTransport<Answer extends VaultAnswer> {
  send(call: VaultCall): Promise<Answer>;
  /** What is thrown when Vault does not let this identity in. */
  loginRefused(answer: Answer): Error;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A session is renewed after this part of its time, so that it does not end under a request. */
const RENEW_AFTER = 0.8;

/** Signs in at the first request, and again when the session nears its end or was revoked. */
export class VaultClient<Answer extends VaultAnswer> {
  #session: { readonly token: string; readonly until: number } | undefined;

  constructor(
    private readonly at: VaultAddress,
    private readonly login: VaultLogin,
    private readonly transport: VaultTransport<Answer>,
  ) {}

  /**
   * @param path without `/v1/`
   * @returns the answer, whatever its status; a 403 only after a second sign-in, where the login allows one
   */
  async send(method: string, path: string, what: string, json?: unknown, contentType?: string): Promise<Answer> {
    const answer = await this.sendOnce(method, path, what, json, contentType);
    if (answer.status !== 403 || this.login.kind === "token") return answer;
    this.#session = undefined;
    return this.sendOnce(method, path, what, json, contentType);
  }

  /** As `send`, without the second sign-in. */
  async sendOnce(method: string, path: string, what: string, json?: unknown, contentType?: string): Promise<Answer> {
    const token = await this.#token();
    return this.#call(method, path, what, json, {
      "x-vault-token": token,
      ...(contentType === undefined ? {} : { "content-type": contentType }),
    });
  }

  async #token(): Promise<string> {
    if (this.login.kind === "token") return this.login.token;
    const now = this.transport.now();
    if (this.#session !== undefined && now < this.#session.until) return this.#session.token;
    const body =
      this.login.kind === "jwt"
        ? { role: this.login.role, jwt: await this.login.jwt() }
        : { role_id: this.login.roleId, secret_id: this.login.secretId };
    const answer = await this.#call("POST", `auth/${this.login.mount}/login`, "log in", body, {});
    const auth = answer.json().auth as { client_token?: unknown; lease_duration?: unknown } | undefined;
    const token = auth?.client_token;
    if (answer.status !== 200 || typeof token !== "string" || token === "") throw this.transport.loginRefused(answer);
    const seconds = Number(auth?.lease_duration ?? 0);
    // A session without a stated end lasts until Vault refuses it.
    this.#session = { token, until: seconds > 0 ? now + seconds * 1000 * RENEW_AFTER : Number.POSITIVE_INFINITY };
    return token;
  }

  #call(method: string, path: string, what: string, json: unknown, headers: Record<string, string>): Promise<Answer> {
    return this.transport.send({
      method,
      url: `${this.at.address}/v1/${path}`,
      what,
      headers: {
        ...headers,
        "x-vault-request": "true",
        ...(this.at.namespace === undefined ? {} : { "x-vault-namespace": this.at.namespace }),
        ...(json === undefined || "content-type" in headers ? {} : { "content-type": "application/json" }),
      },
      ...(json === undefined ? {} : { json }),
    });
  }
}
