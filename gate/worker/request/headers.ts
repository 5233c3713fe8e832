import { OVERRIDING_HEADERS } from "../../policy/headers";
import { Refusal } from "../../policy/refusals";
import { judgeApiVersion } from "../../policy/rest/apiVersion";
import { refuse, Refused } from "../answer/problem";
import { isHost } from "./address";

/** Media types in Accept whose answers the gate can filter: JSON, and GitHub's own text forms. */
const ACCEPT =
  /^(?:\*\/\*|application\/\*|application\/json|application\/octet-stream|application\/vnd\.github[A-Za-z0-9.+_-]{0,80}|text\/plain|text\/html)(?: *; *(?:q=[01](?:\.[0-9]{1,3})?|charset=utf-8|version=\d))*$/i;

const VALUE = /^[\x20-\x7e]{0,1024}$/;

/**
 * Guard `header-allow-list`: the headers that go to GitHub. All others stay here, above all the agent's Authorization.
 */
export function forwardedHeaders(headers: ReadonlyMap<string, string>, authorization: string): Record<string, string> {
  const out: Record<string, string> = { authorization };
  const accept = headers.get("accept");
  if (accept !== undefined && accept !== "*/*") {
    if (accept.length > 512 || !accept.split(",").every((part) => ACCEPT.test(part.trim())))
      refuse("media-type-not-allowed", accept);
    out["accept"] = accept;
  } else out["accept"] = "application/vnd.github+json";
  copy(headers, out, "user-agent", "gatehouse");
  const version = judgeApiVersion(headers.get("x-github-api-version"));
  if (version instanceof Refusal) throw new Refused(version);
  out["x-github-api-version"] = version;
  copy(headers, out, "if-none-match");
  copy(headers, out, "if-modified-since");
  return out;
}

function copy(
  headers: ReadonlyMap<string, string>,
  out: Record<string, string>,
  name: string,
  otherwise?: string,
): void {
  const value = headers.get(name) ?? otherwise;
  if (value === undefined || value === "") return;
  if (!VALUE.test(value)) refuse("header-value", name);
  out[name] = value;
}

/**
 * Guard `header-host`: exactly one host. Otherwise the request's address may begin with a part of Host, and another
 * reader would see another path.
 */
export function judgeHost(headers: ReadonlyMap<string, string>): Refusal | undefined {
  const host = headers.get("host");
  if (host?.includes(",") === true) return new Refusal("header-duplicate", "host");
  return host === undefined || isHost(host) ? undefined : new Refusal("header-value", "host");
}

/** Guards `header-forbidden`, `header-upgrade`, `header-framing` and `header-host`. */
export function judgeHeaders(headers: ReadonlyMap<string, string>): void {
  for (const name of OVERRIDING_HEADERS) if (headers.has(name)) refuse("header-forbidden", name);
  if (headers.has("upgrade")) refuse("upgrade-refused");
  if (headers.has("transfer-encoding") && headers.has("content-length")) refuse("header-duplicate", "content-length");
  const length = headers.get("content-length");
  if (length !== undefined && !/^\d{1,15}$/.test(length)) refuse("header-duplicate", "content-length");
  const host = judgeHost(headers);
  if (host !== undefined) throw new Refused(host);
}

/**
 * Guard `media-type`: JSON in UTF-8. curl's default, a form, is accepted too if the text is JSON (`judgeJsonText`): it
 * has one reading and is sent as JSON.
 */
export function judgeJsonType(headers: ReadonlyMap<string, string>): void {
  const encoding = headers.get("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") refuse("encoding-not-inspected", encoding);
  const type = headers.get("content-type") ?? "";
  if (!/^application\/(?:json|vnd\.github[a-z0-9.+_-]{0,80}json)(?: *; *charset=utf-8)?$/i.test(type) && !isForm(type))
    refuse("media-type", type);
}

const isForm = (type: string): boolean => /^application\/x-www-form-urlencoded(?: *; *charset=utf-8)?$/i.test(type);

/** Guard `media-type`: a body that is declared as a form must still be a JSON object or list. */
export function judgeJsonText(headers: ReadonlyMap<string, string>, text: string): void {
  const type = headers.get("content-type") ?? "";
  if (isForm(type) && !/^[ \t\r\n]*[[{]/.test(text)) refuse("media-type", type);
}
