import type { CompiledPolicy } from "../infra/posture/gate/compiled";
import type { Token } from "./token";
import { base64 } from "./bytes";

/** Guard `answer-headers`: what of GitHub's headers reaches the agent. No cookie, no scope of the token, no cache rule of GitHub's. */
const PASSED: ReadonlySet<string> = new Set([
  "content-type",
  "etag",
  "last-modified",
  "retry-after",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-used",
  "x-ratelimit-resource",
  "x-github-request-id",
  "x-github-media-type",
  "x-github-api-version-selected",
  "x-poll-interval",
  "deprecation",
  "sunset",
  "content-disposition",
]);

/** Headers of an answer: the allow-list, and the gate's own. */
export function answerHeaders(upstream: Headers, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "x-gatehouse-request-id": requestId,
  };
  upstream.forEach((value, name) => {
    if (PASSED.has(name)) headers[name] = value;
  });
  return headers;
}

/** What an agent sees instead of GitHub's addresses. */
export class Addresses {
  private readonly quotedApi: string;
  private readonly quotedGit: string;

  constructor(private readonly c: CompiledPolicy) {
    this.quotedApi = `"${c.policy.upstream.api}`;
    this.quotedGit = `"${c.policy.upstream.git}/`;
  }

  /** Guard `answer-link`: pagination links, each to a path that the gate knows; others are left out. */
  link(value: string, gate: string): string | undefined {
    const links = value.split(/, *(?=<)/).map((link) => {
      const parts = /^<([^>]*)>(;.*)$/.exec(link);
      const back = parts?.[1] === undefined ? undefined : this.back(parts[1], gate);
      return back === undefined ? undefined : `<${back}>${parts?.[2] ?? ""}`;
    });
    const kept = links.filter((link) => link !== undefined);
    return kept.length === 0 ? undefined : kept.join(", ");
  }

  /** One address of the API as the agent may use it: numeric repository paths by name; undefined when it leads elsewhere. */
  back(url: string, gate: string): string | undefined {
    const api = this.c.policy.upstream.api;
    if (!url.startsWith(`${api}/`)) return undefined;
    const rest = url.slice(api.length);
    const numeric = /^\/repositories\/(\d+)(?=[/?]|$)/.exec(rest);
    if (numeric === null) return gate + rest;
    const repository = this.c.byId.get(numeric[1] ?? "");
    return repository && `${gate}/repos/${repository.fullName}${rest.slice(numeric[0].length)}`;
  }

  /** Guard `answer-url`: addresses that stand at the start of a JSON string lead to the gate: the API's, and clone addresses of listed repositories. */
  body(text: string, gate: string): string {
    let out = replaceQuoted(text, this.quotedApi, (next) =>
      next === "/" || next === '"' || next === "{" || next === "?" ? `"${gate}` : undefined,
    );
    if (out.includes('.git"')) {
      const origin = /^https?:\/\/[^/]+/.exec(gate)?.[0] ?? gate;
      for (const repository of this.c.repositories.values()) {
        const url = `${this.quotedGit}${repository.fullName}.git"`;
        if (out.includes(url)) out = replaceQuoted(out, url, () => `"${origin}/${repository.fullName}.git"`);
      }
    }
    return out;
  }
}

/** Replaces a text that starts with a quote, where that quote starts a JSON string: within a string it would stand behind a backslash. */
function replaceQuoted(text: string, what: string, by: (next: string) => string | undefined): string {
  let at = text.indexOf(what);
  if (at < 0) return text;
  let out = "";
  let from = 0;
  for (; at >= 0; at = text.indexOf(what, at + what.length)) {
    const replacement = text.charCodeAt(at - 1) === 92 ? undefined : by(text.charAt(at + what.length));
    if (replacement === undefined) continue;
    out += text.slice(from, at) + replacement;
    from = at + what.length;
  }
  return out + text.slice(from);
}

const REMOVED = "[removed by gatehouse]";

/** Guard `answer-reflection`: every form in which a server may repeat a token that it was shown. */
export class Reflections {
  private readonly needles: readonly string[];

  constructor(token: Token) {
    const bytes = new TextEncoder().encode(token.value);
    let hex = "";
    for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
    this.needles = [
      token.value,
      token.value.split("").reverse().join(""),
      ...base64Cores(bytes),
      hex,
      hex.toUpperCase(),
      percent(token.value),
      ...percentAll(hex),
      token.basic.slice("Basic ".length),
    ];
  }

  /** The text without the token; the same text when it has none. */
  clean(text: string): string {
    let out = text;
    for (const needle of this.needles) if (out.includes(needle)) out = out.split(needle).join(REMOVED);
    // Escapes could hide it from the search above; a text that needs them to hide it is not passed in parts.
    if (
      out.includes("\\u00") &&
      this.has(out.replace(/\\u00([0-7][0-9a-fA-F])/g, (_, code: string) => String.fromCharCode(parseInt(code, 16))))
    )
      return REMOVED;
    if (out.includes("&#") && this.has(withoutEntities(out))) return REMOVED;
    return out;
  }

  has(text: string): boolean {
    return this.needles.some((needle) => text.includes(needle));
  }

  get longest(): number {
    return Math.max(...this.needles.map((n) => n.length));
  }
}

/** Base64 of the token inside any other text: three alignments, without the characters that depend on the neighbours. */
function base64Cores(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const start = shift === 0 ? 0 : shift === 1 ? 2 : 3;
    const whole = Math.floor((padded.length * 8) / 6);
    const core = base64(padded).slice(start, whole);
    const url = core.replaceAll("+", "-").replaceAll("/", "_");
    return core === url ? [core] : [core, url];
  });
}

function percent(text: string): string {
  return [...text]
    .map((c) => (/[A-Za-z0-9]/.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`))
    .join("");
}

/** Every byte percent-encoded, in both cases. */
function percentAll(hex: string): string[] {
  const lower = hex.replace(/../g, "%$&");
  return [lower, lower.toUpperCase()];
}

/** Text with its numeric HTML entities read. */
function withoutEntities(text: string): string {
  return text.replace(
    /&#(?:x([0-9a-f]{1,4})|([0-9]{1,5}));/gi,
    (_, hex: string | undefined, decimal: string | undefined) =>
      String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16)),
  );
}
