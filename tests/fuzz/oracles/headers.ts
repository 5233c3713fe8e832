import { forwardedHeaders, judgeHeaders, judgeJsonType } from "../../../gate/worker/request/headers";
import { Refused } from "../../../gate/worker/answer/problem";

/** The only headers that GitHub may see of an agent's. */
const SEEN = new Set([
  "authorization",
  "accept",
  "user-agent",
  "x-github-api-version",
  "if-none-match",
  "if-modified-since",
]);
/** Names by which some servers take a request for another one. */
const OVERRIDES = /^x-(?:http-method(?:-override)?|method-override|original-(?:url|method)|rewrite-url)$/;

/**
 * Whatever headers the gate lets through become a new, small set, in which nothing of the agent's could end a line, be
 * read twice or lead elsewhere.
 */
export function headersSayOneThing(pairs: readonly (readonly [string, string])[]): boolean {
  const headers = new Headers();
  for (const [name, value] of pairs) {
    try {
      headers.append(name, value);
    } catch {
      return false; // no header says this
    }
  }
  let out: Record<string, string>;
  try {
    const read = new Map(headers);
    judgeHeaders(read);
    out = forwardedHeaders(read, "Bearer of-the-gate");
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
  for (const [name] of pairs)
    if (OVERRIDES.test(name.toLowerCase()) || name.toLowerCase() === "upgrade") throw new Error(`${name} passed`);
  for (const [name, value] of Object.entries(out)) {
    if (!SEEN.has(name)) throw new Error(`${name} is sent on`);
    if (!/^[\x20-\x7e]*$/.test(value) || value.length > 1024) throw new Error(`${name} is ${JSON.stringify(value)}`);
    // The request as text, read by a reader of lines: it must come back as it is.
    new Headers([[name, value]]);
  }
  if (out["authorization"] !== "Bearer of-the-gate") throw new Error("another authorization than the gate's");
  for (const part of (out["accept"] ?? "").split(",")) {
    const type = part.split(";")[0]?.trim().toLowerCase() ?? "";
    if (!/^(?:\*\/\*|application\/(?:\*|json|octet-stream|vnd\.github[a-z0-9.+_-]*)|text\/(?:plain|html))$/.test(type))
      throw new Error(`accepts ${type}`);
  }
  const lengths = pairs.filter(([name]) => name.toLowerCase() === "content-length");
  if (lengths.length > 1 || lengths.some(([, value]) => !/^ *\d+ *$/.test(value.trim())))
    throw new Error("two lengths, or one that is no number");
  return true;
}

/**
 * Whatever media type the gate takes for JSON is JSON in UTF-8, whole and without a coding, to a reader of RFC 9110.
 */
export function typeIsJson([type, encoding]: readonly [string, string | undefined]): boolean {
  const headers = new Headers();
  try {
    headers.set("content-type", type);
    if (encoding !== undefined) headers.set("content-encoding", encoding);
    judgeJsonType(new Map(headers));
  } catch {
    return false;
  }
  const [essence = "", ...parameters] = type
    .toLowerCase()
    .split(";")
    .map((p) => p.trim());
  // curl's default type passes when its text is JSON, which is judged apart.
  if (!/^application\/(?:json|vnd\.github[a-z0-9.+_-]*json|x-www-form-urlencoded)$/.test(essence))
    throw new Error(`${essence} is not JSON`);
  for (const parameter of parameters) if (parameter !== "charset=utf-8") throw new Error(`with ${parameter}`);
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity") throw new Error(`coded as ${encoding}`);
  return true;
}
