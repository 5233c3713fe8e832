import { derivedSealingKey, openText, sealText, type SealingKey } from "../../edge/sealing";
import type { GateEnv } from "./env";
import { refuse } from "./answer/problem";

/** What a sealed text is for. A text of one purpose opens for no other. */
export type Purpose = "download" | "lfs";

/**
 * Seals a value that a client carries to the gate without being able to read or change it.
 * @param bound what the text is bound to beside its purpose; it opens only with the same
 */
export async function seal(env: GateEnv, purpose: Purpose, bound: string, value: object): Promise<string> {
  return sealText((await keyOf(env)) ?? refuse("gate-error"), boundTo(purpose, bound), value);
}

/** The value of a text that this gate sealed for this purpose; undefined for every other text. */
export async function unseal(env: GateEnv, purpose: Purpose, bound: string, text: string): Promise<unknown> {
  const key = await keyOf(env);
  return key === undefined ? undefined : openText(key, boundTo(purpose, bound), text);
}

const boundTo = (purpose: Purpose, bound: string): string => `${purpose}\n${bound}`;

/** Guard `seal-key`: made from the secret with which this gate opens its token store: every isolate of it has that, and no other gate. */
async function keyOf(env: GateEnv): Promise<SealingKey | undefined> {
  const secret = env.TOKEN_STORE.kind === "vault" ? env.VAULT_SECRET_ID : env.TOKEN_KEY;
  return secret ? derivedSealingKey(secret, "gatehouse sealed address") : undefined;
}
