import { Secret, type Value } from "../../sandbox/engine/values";

/** Shorter texts occur by chance. Every secret that Gatehouse makes is longer. */
const MIN_LENGTH = 16;

/**
 * The secret texts among property values. Of a list that is hidden as a whole because of one entry (a Worker's
 * bindings), only the entries that are secrets themselves count; what a JSON text holds counts by its leaves. An
 * address is no secret of ours, though the webhook's is hidden.
 */
export function secretTexts(value: Value | undefined, secret = false, found = new Set<string>()): Set<string> {
  if (value instanceof Secret) secretTexts(value.value, true, found);
  else if (Array.isArray(value)) {
    for (const item of value) {
      const type =
        typeof item === "object" && item !== null && !Array.isArray(item) && !(item instanceof Secret)
          ? item.type
          : undefined;
      if (typeof type !== "string" || type.startsWith("secret_")) secretTexts(item, secret, found);
    }
  } else if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) secretTexts(item, secret, found);
  else if (typeof value === "string" && secret) {
    const parsed = /^\s*[[{]/.test(value) ? parse(value) : undefined;
    if (parsed !== undefined) secretTexts(parsed, true, found);
    else if (value.length >= MIN_LENGTH && !/^https?:/.test(value)) found.add(value);
  }
  return found;
}

function parse(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

/**
 * A secret as it may stand somewhere: itself, without a prefix such as `ghk_`, in the alphabets of base64,
 * percent-encoded, or its base64.
 */
export function formsOf(secret: string): string[] {
  const bare = secret.replace(/^(ghk|gop|whsec)_/, "");
  const bytes = /^[0-9a-f]{64}$/.test(bare)
    ? Buffer.from(bare, "hex")
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(bare)
      ? Buffer.from(bare, "base64url")
      : undefined;
  const written =
    bytes?.length === 32 ? [bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("hex")] : [];
  const plain = [secret, bare, ...written];
  return [...new Set([...plain, ...plain.map(encodeURIComponent), Buffer.from(secret).toString("base64")])].filter(
    (form) => form.length >= MIN_LENGTH,
  );
}

/**
 * Where secrets stand in clear: in a parsed document (an export, a plan, a `--json` preview), by path, in keys as in
 * values; in a text (what a command printed, a `--diff`), by line. Empty when there are none. A secret is never quoted
 * in the answer.
 */
export function findInClear(document: unknown, secrets: Iterable<string>): string[] {
  const forms = [...secrets].flatMap(formsOf);
  const holds = (text: string): boolean => forms.some((form) => text.includes(form));
  if (typeof document === "string")
    return document.split("\n").flatMap((line, index) => (holds(line) ? [`line ${index + 1}`] : []));
  const found: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "string") {
      if (holds(value)) found.push(path);
    } else if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) {
        if (holds(key)) found.push(`${path} (a key)`);
        walk(item, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
      }
  };
  walk(document, "");
  return found;
}
