import { createHash } from "node:crypto";
import { readPattern } from "../../../gate/policy/text/ownPattern";
import { matchSecrets } from "../../../gate/policy/text/secrets";

/** Ways to write a text, by Node's own encoders. */
const WAYS = {
  base64: (text: Buffer) => text.toString("base64"),
  base64url: (text: Buffer) => text.toString("base64url"),
  lines: (text: Buffer) => text.toString("base64").replace(/.{76}/g, "$&\r\n"),
  hex: (text: Buffer) => text.toString("hex"),
  percent: (text: Buffer) => text.toString("hex").replace(/../g, "%$&"),
  json: (text: Buffer) => JSON.stringify({ text: `\n${text.toString("latin1")}` }),
  wide: (text: Buffer) => Buffer.from(text.toString("latin1"), "utf16le").toString("latin1"),
} as const;
export type Way = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as Way[];

export interface Hidden {
  /** What stands before and after the secret, at each level from the inside. */
  readonly around: readonly (readonly [before: string, after: string])[];
  readonly ways: readonly Way[];
  readonly digits: string;
}

const PATTERNS = [readPattern("acme-key", "\\bacme_[0-9a-f]{24}\\b")];

/**
 * A secret in one writing within another is found with its exact value, by its form and by its hash, and what is one
 * character short of it is not.
 */
export function hiddenIsFound({ around, ways, digits }: Hidden): boolean {
  const written = (secret: string): string =>
    ways.reduce((text, way, level) => {
      const [before, after] = around[level] ?? ["", ""];
      return WAYS[way](Buffer.from(`${before} ${text} ${after}`, "latin1"));
    }, secret);
  const secret = `acme_${digits}`;
  const canaries = new Map([[createHash("sha256").update(secret).digest("hex"), "decoy"]]);
  for (const rules of [{ patterns: PATTERNS }, { canaries }]) {
    const found = matchSecrets(written(secret), 0, 20, rules).map(({ value }) => value);
    if (!found.includes(secret)) throw new Error(`not found: ${JSON.stringify(written(secret))}`);
    const short = matchSecrets(written(secret.slice(0, -1)), 0, 20, rules);
    if (short.some(({ value }) => value === secret)) throw new Error("found what is not there");
  }
  return true;
}
