import { derivedSealingKey, openText, sealText, type SealingKey } from "../../edge/sealing";
import { refuse } from "./answer/problem";
import type { GateEnv } from "./env";

/** What a sealed text is for. It does not open for another purpose. */
export type Purpose = "download" | "lfs";

/**
 * Seals a value that a client brings back to the gate but can neither read nor change.
 * @param bound the text opens only with the same value, and for the same purpose
 */
export async function seal(env: GateEnv, purpose: Purpose, bound: string, value: object): Promise<string> {
  return sealText((await keyOf(env)) ?? refuse("gate-error"), boundTo(purpose, bound), value);
}

/** The value of a text that this gate sealed for this purpose. Undefined for every other text. */
export async function unseal(env: GateEnv, purpose: Purpose, bound: string, text: string): Promise<unknown> {
  const key = await keyOf(env);
  return key === undefined ? undefined : openText(key, boundTo(purpose, bound), text);
}

const boundTo = (purpose: Purpose, bound: string): string => `${purpose}\n${bound}`;

/**
 * Guard `seal-key`: derived from the secret with which this gate opens its token store. Every isolate of this gate has
 * it, and no other gate.
 */
async function keyOf(env: GateEnv): Promise<SealingKey | undefined> {
  const secret = env.TOKEN_STORE.kind === "vault" ? env.VAULT_SECRET_ID : env.TOKEN_KEY;
  return secret ? derivedSealingKey(secret, "gatehouse sealed address") : undefined;
}
