import { Refused, Unavailable } from "../errors";
import { request, type Answer } from "../wire";
import type { Effects } from "../effects";

/** How a party proves itself to Vault or OpenBao. Only the last two survive the end of a Vault token. */
export type VaultLogin =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "jwt"; readonly mount: string; readonly role: string; readonly jwt: () => Promise<string> }
  | { readonly kind: "approle"; readonly mount: string; readonly roleId: string; readonly secretId: string };

/** Requests to one Vault under one identity; logs in again, once a request, when its token has ended. */
export class VaultSession {
  #token: string | undefined;

  constructor(
    readonly effects: Effects,
    readonly address: string,
    readonly login: VaultLogin,
    /** In which everything lies, the sign-in included; the root when absent. */
    readonly namespace?: string,
  ) {}

  get #namespaced(): Record<string, string> {
    return this.namespace === undefined ? {} : { "x-vault-namespace": this.namespace };
  }

  /** @param path without `/v1/`; @returns the answer, whatever its status, except 403 which throws Refused */
  async send(method: string, path: string, what: string, json?: unknown, contentType?: string): Promise<Answer> {
    let answer = await this.#once(method, path, what, json, contentType);
    if (answer.status !== 403) return answer;
    if (this.login.kind !== "token") {
      this.#token = undefined;
      answer = await this.#once(method, path, what, json, contentType);
      if (answer.status !== 403) return answer;
    }
    throw new Refused("Vault", what, 403, await this.#why(path));
  }

  async #once(method: string, path: string, what: string, json?: unknown, contentType?: string): Promise<Answer> {
    this.#token ??= await this.#logIn();
    return request(this.effects, {
      system: "Vault",
      what,
      method,
      url: `${this.address}/v1/${path}`,
      headers: {
        "x-vault-token": this.#token,
        "x-vault-request": "true",
        ...this.#namespaced,
        ...(contentType ? { "content-type": contentType } : {}),
      },
      ...(json === undefined ? {} : { json }),
    });
  }

  async #logIn(): Promise<string> {
    if (this.login.kind === "token") return this.login.token;
    const body =
      this.login.kind === "jwt"
        ? { role: this.login.role, jwt: await this.login.jwt() }
        : { role_id: this.login.roleId, secret_id: this.login.secretId };
    const answer = await request(this.effects, {
      system: "Vault",
      what: "log in",
      method: "POST",
      url: `${this.address}/v1/auth/${this.login.mount}/login`,
      headers: this.#namespaced,
      json: body,
    });
    const token = (answer.json().auth as { client_token?: unknown } | undefined)?.client_token;
    if (answer.status !== 200 || typeof token !== "string")
      throw new Refused("Vault", "log in", answer.status, vaultErrors(answer));
    return token;
  }

  /** Tells an ended Vault token from a missing right: Vault answers 403 to both. */
  async #why(path: string): Promise<string> {
    const self = await request(this.effects, {
      system: "Vault",
      what: "look up its own token",
      method: "GET",
      url: `${this.address}/v1/auth/token/lookup-self`,
      headers: { "x-vault-token": this.#token ?? "", ...this.#namespaced },
    });
    if (self.status === 403 && this.login.kind === "token")
      return "the Vault token has expired, was revoked, or may not look itself up; set VAULT_TOKEN to a fresh one and run the command again";
    return `this identity has no right to ${path}`;
  }
}

export function vaultErrors(answer: Answer): string {
  const errors = answer.json().errors;
  return Array.isArray(errors) && errors.length > 0 ? errors.map(String).join("; ").slice(0, 300) : "no reason given";
}

/** Turns an unexpected answer into the right error. */
export function unexpected(what: string, answer: Answer): Error {
  return answer.status >= 500
    ? new Unavailable("Vault", what, `answer ${answer.status}`)
    : new Refused("Vault", what, answer.status, vaultErrors(answer));
}
