import { base64url, fromBase64 } from "./bytes";
import type { GateEnv } from "./env";
import { refuse } from "./problem";

/** What a sealed text is for. A text of one purpose opens for no other. */
export type Purpose = "download" | "lfs";

const encoder = new TextEncoder();

/**
 * Seals a value that a client carries to the gate without being able to read or change it (AES-256-GCM).
 * @param bound what the text is bound to beside its purpose; it opens only with the same
 */
export async function seal(env: GateEnv, purpose: Purpose, bound: string, value: object): Promise<string> {
  const key = (await keyOf(env)) ?? refuse("gate-error");
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = new Uint8Array(
    await crypto.subtle.encrypt(parameters(iv, purpose, bound), key, encoder.encode(JSON.stringify(value))),
  );
  const all = new Uint8Array(iv.length + data.length);
  all.set(iv);
  all.set(data, iv.length);
  return base64url(all);
}

/** The value of a text that this gate sealed for this purpose; undefined for every other text. */
export async function unseal(env: GateEnv, purpose: Purpose, bound: string, text: string): Promise<unknown> {
  if (!/^[A-Za-z0-9_-]{40,16384}$/.test(text)) return undefined;
  const key = await keyOf(env);
  if (key === undefined) return undefined;
  try {
    const bytes = fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
    const plain = await crypto.subtle.decrypt(
      parameters(bytes.subarray(0, 12), purpose, bound),
      key,
      bytes.subarray(12),
    );
    return JSON.parse(new TextDecoder().decode(plain)) as unknown;
  } catch {
    return undefined;
  }
}

const parameters = (iv: Uint8Array, purpose: Purpose, bound: string): SubtleCryptoEncryptAlgorithm => ({
  name: "AES-GCM",
  iv,
  additionalData: encoder.encode(`${purpose}\n${bound}`),
});

/** Guard `seal-key`: made from the secret with which this gate opens its token store: every isolate of it has that, and no other gate. */
async function keyOf(env: GateEnv): Promise<CryptoKey | undefined> {
  const secret = env.TOKEN_STORE.kind === "vault" ? env.VAULT_SECRET_ID : env.TOKEN_KEY;
  if (!secret) return undefined;
  const source = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: encoder.encode("gatehouse sealed address") },
    source,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
