import { canonicalise } from "../../../gate/policy/text/canonical";
import { compile } from "../../../gate/policy/compiled";
import { judgeTarget } from "../../../gate/policy/target";
import { Refusal } from "../../../gate/policy/refusals";
import { ROUTES } from "../../../gate/policy/rest/routes";
import { policyFor } from "../../gate/support/policy";

const c = compile(policyFor());
/** Numeric ids of the listed repositories, as the test's policy has them. */
const BY_ID: Readonly<Record<string, string>> = { "101": "api", "102": "docs" };

/** Percent-decoding as most servers do it: whatever is hex, once, bytes as UTF-8. */
function decoded(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = /^%([0-9a-fA-F]{2})/.exec(text.slice(i, i + 3))?.[1];
    if (hex === undefined) bytes.push(...Buffer.from(text.charAt(i)));
    else {
      bytes.push(parseInt(hex, 16));
      i += 2;
    }
  }
  return Buffer.from(bytes).toString("utf8");
}

/**
 * What a server reads that drops path parameters, decodes, then merges slashes and resolves dots, as some front ends
 * do.
 */
function normalised(path: string): string {
  const out: string[] = [];
  for (const segment of decoded(path.replace(/;[^/]*/g, ""))
    .replaceAll("\\", "/")
    .split("/")) {
    if (segment === "..") out.pop();
    else if (segment !== "" && segment !== ".") out.push(segment);
  }
  return `/${out.join("/")}`;
}

const pathOf = (target: string): string => target.split("?", 1)[0] ?? "";
const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

/**
 * Whatever target the gate takes as canonical, WHATWG URL sends as it is, and no decoding twice reads anything new in
 * it.
 */
export function targetIsCanonical(target: string): boolean {
  const canonical = canonicalise(target);
  if (canonical instanceof Refusal) return false;
  must(
    (canonical.query === "" ? canonical.path : `${canonical.path}?${canonical.query}`) === target,
    "the parts are not the whole",
  );
  const url = new URL(`https://gate.example${target}`);
  must(
    url.host === "gate.example" && url.hash === "" && url.username === "",
    "WHATWG URL reads another authority or a fragment",
  );
  must(url.pathname === canonical.path, `WHATWG URL reads the path ${url.pathname}`);
  must(
    url.search === (canonical.query === "" ? "" : `?${canonical.query}`),
    `WHATWG URL reads the query ${url.search}`,
  );
  must(
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    !/[\u0000-\u001f\u007f%]/.test(decoded(canonical.path)),
    "a control character, or an encoding within an encoding",
  );
  return true;
}

/** A template as a plain pattern, independent of the gate's own matcher. */
const patterns = ROUTES.filter((r) => r.path !== "").map((route) => ({
  route,
  pattern: new RegExp(
    `^${route.path
      .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
      .replace(/\{[A-Za-z]+\\\.\\\.\\\.\}/g, "(?:.+)")
      .replace(/\{[A-Za-z]+\}/g, "(?:[^/]+)")}$`,
  ),
}));

/** Literal segments first, from the left: how GitHub's documentation resolves two templates for one path. */
const rank = (path: string): string =>
  path
    .split("/")
    .map((s) => (s.endsWith("...}") ? "2" : s.startsWith("{") ? "1" : "0"))
    .join("");

/**
 * Whatever REST request the gate lets through goes where a plain reader sees it go: the string that is sent is the one
 * that came (but for the client's prefix, and a number in a repository's place), it names a listed repository to every
 * reader, and it is the route that the table names.
 */
export function requestGoesWhereItSays({ method, target }: { method: string; target: string }): boolean {
  const verdict = judgeTarget(c, method, target);
  if (verdict.refusal !== undefined) return false;
  const reads = method === "GET" || method === "HEAD";
  const slashless = reads ? target.replace(/^([^?]*\/contents(?:\/[^?]*)?)\/(?=\?|$)/, "$1") : target;
  must(target === "/api/v3/" || targetIsCanonical(slashless), "allowed, and not canonical");
  if (verdict.kind !== "rest") {
    must(verdict.sent === target, "another string than the one that was judged");
    return true;
  }
  const { route } = verdict;
  if (route === undefined) throw new Error("allowed without a route");
  const own = slashless.replace(/^\/api\/v3(?=[/?]|$)/, "");
  const named = own.replace(
    /^\/repositories\/([0-9]+)(?=[/?]|$)/,
    (_, id: string) => `/repos/acme/${BY_ID[id] ?? "nobody"}`,
  );
  const whole = named === "" || named.startsWith("?") ? `/${named}` : named;
  must(verdict.sent === whole || (reads && isOtherSpelling(whole, verdict.sent)), `sent is ${verdict.sent}`);
  const sentPath = pathOf(verdict.sent);
  must(
    normalised(sentPath) === (sentPath === "/" ? "/" : decoded(sentPath)),
    `a reader that normalises reads ${normalised(sentPath)}`,
  );
  const matching = patterns
    .filter((p) => p.route.method === (method === "HEAD" ? "GET" : method) && p.pattern.test(sentPath))
    .map((p) => p.route);
  matching.sort((a, b) => (rank(a.path) < rank(b.path) ? -1 : 1));
  must(matching[0]?.id === route.id, `a plain reader sees ${matching.map((r) => r.id).join(", ")}`);
  const [, root, owner = "", name = ""] = normalised(sentPath).split("/");
  if (root === "repos") {
    must(owner.toLowerCase() === "acme" && ["api", "docs"].includes(name.toLowerCase()), `names ${owner}/${name}`);
    must(verdict.repository?.name === name.toLowerCase(), "another repository than the one that is named");
    must(route.access === "read" || name.toLowerCase() === "api", "writes where the posture reads");
  }
  const query = new URLSearchParams(verdict.sent.split("?")[1] ?? "");
  const names = [...query.keys()];
  must(new Set(names.map((n) => n.toLowerCase())).size === names.length, "a parameter twice");
  for (const key of names) must(route.query.includes(key), `the parameter ${key}`);
  const q = query.get("q");
  if (route.search === true) must(q !== null && searchIsScoped(q), `searches with ${q}`);
  return true;
}

/** Whether both say the same to a reader that decodes, by GitHub's own account of its older addresses. */
function isOtherSpelling(came: string, sent: string): boolean {
  const [path = "", query] = came.split("?");
  const usual = decoded(path)
    .replace(/^(\/repos\/[^/]+\/[^/]+\/git)\/refs\//, "$1/ref/")
    .replace(/^(\/repos\/[^/]+\/[^/]+)\/statuses\/([^/]+)$/, "$1/commits/$2/statuses");
  return decoded(pathOf(sent)) === usual && sent.split("?")[1] === query;
}

/**
 * A search of which a suspicious reader agrees that it stays within listed repositories: split at ASCII blanks only,
 * quotes removed, no other separator known.
 */
function searchIsScoped(q: string): boolean {
  const terms = q.replace(/"[^"]*"/g, "").split(/[ \t\n\r]+/);
  const scopes = terms.filter((t) => /^repo:/i.test(t));
  if (scopes.length === 0 || scopes.some((s) => !/^repo:acme\/(?:api|docs)$/i.test(s))) return false;
  return !terms.some(
    (t) =>
      (/^or$/i.test(t) && t !== "or") ||
      (/^(?:\|{1,2}|[-(]?(?:org|user|owner|enterprise|fork|repo|team):.*)$/i.test(t) &&
        !/^repo:acme\/(?:api|docs)$/i.test(t)),
  );
}
