import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { EngineError } from "./errors";

const derive = promisify(pbkdf2);
const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const keys = new Map<string, Promise<Buffer>>();

/**
 * Encrypts and decrypts as Pulumi's passphrase provider does: AES-256-GCM, the key from the passphrase by
 * PBKDF2-SHA256.
 */
export interface Crypter {
  /** `v1:<salt>:v1:<nonce>:<the word "pulumi", encrypted>`: what Pulumi keeps as `encryptionsalt` and in the state. */
  readonly salt: string;
  encrypt(text: string): string;
  decrypt(ciphertext: string): string;
}

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("hex")}:${passphrase}`;
  const known = keys.get(name) ?? derive(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
  keys.set(name, known);
  return known;
}

const seal = (key: Buffer, text: string): string => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
};

const open = (key: Buffer, ciphertext: string): string => {
  const [version, nonce, sealed] = ciphertext.split(":");
  if (version !== "v1" || !nonce || !sealed)
    throw new EngineError(
      "a secret in the state or configuration is not in the v1 format of Pulumi's passphrase provider",
    );
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
};

/**
 * A crypter for a salt that exists, or for a new one. Throws when the passphrase is not the one the salt was made with.
 */
export async function passphraseCrypter(passphrase: string, salt?: string): Promise<Crypter> {
  const saltBytes = salt ? Buffer.from(salt.split(":")[1] ?? "", "base64") : randomBytes(8);
  const key = await deriveKey(passphrase, saltBytes);
  if (salt) {
    try {
      if (open(key, salt.split(":").slice(2).join(":")) !== "pulumi") throw new Error("not the check word");
    } catch {
      throw new EngineError(
        "incorrect passphrase: set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the one this stack was made with",
      );
    }
  }
  return {
    salt: salt ?? `v1:${saltBytes.toString("base64")}:${seal(key, "pulumi")}`,
    encrypt: (text) => seal(key, text),
    decrypt: (ciphertext) => {
      try {
        return open(key, ciphertext);
      } catch (error) {
        if (error instanceof EngineError) throw error;
        throw new EngineError("a secret could not be decrypted: it was encrypted with another passphrase or salt");
      }
    },
  };
}

/**
 * The passphrase of a stack: from the environment as Pulumi reads it, else one that the sandbox made and keeps
 * beside its state (mode 0600). `own` tells which.
 */
export function findPassphrase(env: NodeJS.ProcessEnv, file: string): { passphrase: string; own: boolean } {
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) return { passphrase: env.PULUMI_CONFIG_PASSPHRASE, own: false };
  if (env.PULUMI_CONFIG_PASSPHRASE_FILE) {
    try {
      return { passphrase: readFileSync(env.PULUMI_CONFIG_PASSPHRASE_FILE, "utf8").trim(), own: false };
    } catch (error) {
      throw new EngineError(`PULUMI_CONFIG_PASSPHRASE_FILE cannot be read: ${(error as Error).message}`);
    }
  }
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    try {
      writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
    } catch (error) {
      // Another run may have made it between the look and the write: then that one counts.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return { passphrase: readFileSync(file, "utf8").trim(), own: true };
}
