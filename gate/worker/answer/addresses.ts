import type { CompiledPolicy } from "../../policy/compiled";

/** Rewrites GitHub's addresses in answers to the gate's own. */
export class AddressRewriter {
  private readonly quotedApi: RegExp;
  private readonly quotedClone: RegExp;
  private readonly listed: ReadonlySet<string>;

  constructor(private readonly policy: CompiledPolicy) {
    this.quotedApi = quoted(policy.upstream.api, '(?=[/"{?])');
    this.quotedClone = quoted(`${policy.upstream.git}/`, '([^"\\\\/]{1,100}/[^"\\\\/]{1,100})\\.git(?=")');
    this.listed = new Set([...policy.repositories.values()].map(({ fullName }) => fullName));
  }

  /**
   * Guard `answer-link`: the pagination links of an answer. Links to anything but a path that the gate knows are
   * removed.
   */
  link(value: string, base: string): string | undefined {
    const links = value.split(/, *(?=<)/).map((link) => {
      const parts = /^<([^>]*)>(;.*)$/.exec(link);
      const back = parts?.[1] === undefined ? undefined : this.back(parts[1], base);
      return back === undefined ? undefined : `<${back}>${parts?.[2] ?? ""}`;
    });
    const kept = links.filter((link) => link !== undefined);
    return kept.length === 0 ? undefined : kept.join(", ");
  }

  /**
   * An address of GitHub's API as the agent may use it, with the repository's name instead of its number. Undefined if
   * it leads elsewhere.
   */
  back(url: string, base: string): string | undefined {
    const api = this.policy.upstream.api;
    if (!url.startsWith(`${api}/`)) return undefined;
    const rest = url.slice(api.length);
    const numeric = /^\/repositories\/(\d+)(?=[/?]|$)/.exec(rest);
    if (numeric === null) return base + rest;
    const repository = this.policy.byId.get(numeric[1] ?? "");
    return repository && `${base}/repos/${repository.fullName}${rest.slice(numeric[0].length)}`;
  }

  /**
   * Guard `answer-url`: rewrites addresses at the start of a JSON string: those of the API, and clone addresses of
   * listed repositories.
   */
  body(text: string, base: string): string {
    const out = text.replace(this.quotedApi, literal(`"${base}`));
    if (!out.includes('.git"')) return out;
    const origin = /^https?:\/\/[^/]+/.exec(base)?.[0] ?? base;
    return out.replace(this.quotedClone, (whole, name: string) =>
      this.listed.has(name) ? `"${origin}/${name}.git` : whole,
    );
  }
}

/** Finds a text at the start of a JSON string. Inside a string the quote would follow a backslash. */
const quoted = (text: string, then: string): RegExp =>
  new RegExp(`(?<!\\\\)"${text.replace(/[^A-Za-z0-9]/g, "\\$&")}${then}`, "g");

/** A replacement text in which `$` has no special meaning. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");
