import { VaultClient, type VaultLogin } from "../../edge/vault";
import { RequestRefused, Unavailable } from "../errors";
import { request, type Answer } from "../wire";
import type { Effects } from "../effects";

/** Requests to one Vault under one identity, with the tries and the errors of a rotation. */
export class VaultSession {
  readonly #client: VaultClient<Answer>;

  constructor(
    effects: Effects,
    readonly address: string,
    private readonly login: VaultLogin,
    /** In which everything lies, the sign-in included; the root when absent. */
    namespace?: string,
  ) {
    this.#client = new VaultClient({ address, ...(namespace === undefined ? {} : { namespace }) }, login, {
      send: (call) => request(effects, { system: "Vault", ...call }),
      loginRefused: (answer) => new RequestRefused("Vault", "log in", answer.status, vaultErrors(answer)),
      now: () => effects.now(),
    });
  }

  /** @param path without `/v1/`; @returns the answer, whatever its status, except 403 which throws RequestRefused */
  async send(method: string, path: string, what: string, json?: unknown, contentType?: string): Promise<Answer> {
    const answer = await this.#client.send(method, path, what, json, contentType);
    if (answer.status !== 403) return answer;
    throw new RequestRefused("Vault", what, 403, await this.#why(path));
  }

  /** Tells an ended Vault token from a missing right: Vault answers 403 to both. */
  async #why(path: string): Promise<string> {
    const self = await this.#client.sendOnce("GET", "auth/token/lookup-self", "look up its own token");
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
    : new RequestRefused("Vault", what, answer.status, vaultErrors(answer));
}
