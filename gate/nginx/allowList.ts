import type { GatePolicy } from "../policy/policy";
import type { RuleId } from "../policy/refusals";
import { CLOSED, ROUTES, type Route } from "../policy/rest/routes";

/**
 * The allow-list of nginx as regular expressions. Every pattern is anchored at both ends and reads the target as it is
 * sent, so nothing is decoded between judging and sending. Each is stricter than the Worker's own test of the same
 * part: what a pattern takes, `decide` allows too (tests/gate/nginx/allowList.test.ts). All are understood alike by
 * PCRE and by JavaScript, but for the end of the text, which is `\z` in PCRE.
 */
export interface RoutePattern {
  /** Id of the route, as it stands in records. */
  readonly route: string;
  /** Matches `METHOD rest`, where `rest` is the target after owner and name, or the whole target. */
  readonly pattern: string;
}

const END = String.raw`\z`;

const SLASH = "(?:/|%2F)";

/**
 * One name of a reference. A dot is followed by a letter, so there is neither `..` nor a dot at the end.
 * @param letters that may stand for themselves beside the usual ones: a plus sign is a blank in a query
 */
function refPart(letters: string): string {
  const letter = `[A-Za-z0-9_=,@${letters}-]`;
  return String.raw`(?![^/%?&.]*(?:\.[^/%?&.]*)*\.[lL][oO][cC][kK](?:[/%?&]|\.\.|${END}))[A-Za-z0-9_](?:${letter}|\.(?=${letter}))*`;
}
const REF_PART = refPart("+");
const REF = `${REF_PART}(?:${SLASH}${REF_PART})*`;
/** The same where a raw slash would begin the next segment. */
const REF_SEGMENT = `(?![^/?]{251})${REF_PART}(?:%2F${REF_PART})*`;
const REF_IN_QUERY = `${refPart("")}(?:${SLASH}${refPart("")})*`;

/** Printable ASCII that a client must encode, encoded: no slash, no backslash, no percent sign. */
const ENCODED = "%(?:2[0-46-9A-C]|3[A-F]|40|5[BDE]|60|7[B-D])";
/** A path of a file: no empty or dot segment, no `.git`. @param letters that may stand for themselves in a name */
function filePath(letters: string): string {
  const end = String.raw`(?:[/?&]|%2F|${END})`;
  const name = String.raw`(?!\.{1,2}${end})(?!\.[gG][iI][tT]${end})(?:[A-Za-z0-9._~!$()*,=:@${letters}-]|${ENCODED})+`;
  return `${name}(?:${SLASH}${name})*`;
}
const LABEL_PART = "[A-Za-z0-9](?:[A-Za-z0-9_.:+~-]|%20|%2B|%3A)*";

/** Path parameters by name; `policy/rest/parameters.ts` has the Worker's tests. */
const PARAMETERS: Readonly<Record<string, string>> = {
  number: "[1-9][0-9]{0,14}",
  id: "[1-9][0-9]{0,14}",
  sha: "[0-9a-f]{40}",
  login: "[A-Za-z0-9][A-Za-z0-9_-]{0,38}(?:%5Bbot%5D)?",
  workflow: "[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}",
  ref: REF_SEGMENT,
  branch: REF_SEGMENT,
  label: `(?![^/?]{101})${LABEL_PART}(?:%2F${LABEL_PART})*`,
  "ref...": `(?![^?]{251})${REF}`,
  "path...": `(?![^?]{4097})${filePath("'+")}`,
  "basehead...": String.raw`(?![^?]{251})${REF}\.{2,3}${REF}`,
};

const WORD = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";
const COUNT = "[0-9]{1,9}";
const LOGIN = PARAMETERS["login"] ?? "";
/** A line of text in a query, as `encodeURIComponent` and `URLSearchParams` write it. */
const LINE = "(?![^&]{251})(?:[A-Za-z0-9_.:,@!()*+/=~-]|%(?:2[0-46-9A-CF]|3[A-F]|40|5[BDE]|7[B-D]))+";
const DATE = String.raw`[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}(?::|%3A)[0-9]{2}(?:(?::|%3A)[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|(?:-|%2B)[0-9]{2}(?::|%3A)?[0-9]{2})?)?`;
const TRUTH = "(?:true|false|1|0)";
const REF_VALUE = `(?![^&]{251})${REF_IN_QUERY}`;

/** Query parameters by name; `policy/rest/query.ts` has the Worker's tests. An empty value counts as an absent one. */
const QUERY: Readonly<Record<string, string>> = {
  page: COUNT,
  per_page: COUNT,
  app_id: COUNT,
  check_suite_id: COUNT,
  since: DATE,
  until: DATE,
  ...Object.fromEntries(
    ["sort", "direction", "order", "state", "status", "filter", "event"].map((name) => [name, WORD]),
  ),
  content: "(?:%2B1|-1|[a-z]{1,16})",
  labels: LINE,
  author: LINE,
  committer: LINE,
  check_name: LINE,
  name: LINE,
  milestone: String.raw`(?:\*|${WORD})`,
  type: String.raw`(?:\*|${WORD})`,
  assignee: String.raw`(?:\*|${LOGIN})`,
  creator: LOGIN,
  mentioned: LOGIN,
  actor: LOGIN,
  ref: REF_VALUE,
  sha: REF_VALUE,
  branch: REF_VALUE,
  base: REF_VALUE,
  path: `(?![^&]{4097})${filePath("")}`,
  recursive: "[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}",
  protected: TRUTH,
  anon: TRUTH,
  exclude_pull_requests: TRUTH,
  created: "(?![^&]{65})(?:[0-9TZ:.<>=*-]|%3A|%3C|%3D|%3E)+",
  head_sha: "[0-9a-f]{40}",
};

/** No parameter twice, whatever its name. */
const EACH_ONCE = String.raw`(?!(?:[^&]*&)*?([a-z_]+)=[^&]*&(?:[^&]*&)*?\1=)`;

function query(names: readonly string[], owner: string): string {
  if (names.length === 0) return "";
  // A head may name its owner, who must be the organization; any other leads into a fork.
  const head = `(?![^&]{200})(?:${anyCase(owner)}(?::|%3A))?${REF_IN_QUERY}`;
  const one = `(?:${names.map((name) => `${name}=(?:${name === "head" ? head : QUERY[name]})?`).join("|")})`;
  // Each part is read first, so that the search for a second one has little to look through.
  return String.raw`(?:\?(?=(?:${one}(?:&(?=[a-z])|${END})){1,${names.length}}${END})${EACH_ONCE}.*)?`;
}

/** Letters in either case; only ASCII occurs in the name of an organization. */
const anyCase = (text: string): string =>
  text.replace(/[A-Za-z]/g, (c) => `[${c.toUpperCase()}${c.toLowerCase()}]`).replace(/\./g, "\\.");

const REPOSITORY = "/repos/{owner}/{repo}";

/** Whether a path leads into a repository. nginx judges those apart, by what follows the repository's name. */
const isOfRepository = ({ path }: { readonly path: string }): boolean => path.startsWith(REPOSITORY);

/**
 * A path of the route table as a pattern.
 * @param part the pattern of a parameter by its name, which ends in `...` where it is the rest of the path
 */
const patternOf = (path: string, part: (name: string) => string): string =>
  path.replace(/\{([A-Za-z]+(?:\.{3})?)\}|\./g, (_, name?: string) => (name === undefined ? "\\." : part(name)));

/**
 * Whether nginx can judge a route whole: a read without a body, whose answer needs no second address (a download) and
 * whose query is no language of its own (a search).
 */
const judgedByNginx = ({ method, path, download, search }: Route): boolean =>
  method === "GET" && path !== "" && download !== true && search !== true;

/** What nginx lets through by itself: routes of a repository, and those without one. */
export function routePatterns(policy: GatePolicy): {
  readonly repository: readonly RoutePattern[];
  readonly account: readonly RoutePattern[];
} {
  const open = new Set(policy.routes.read);
  const own = ROUTES.filter((route) => open.has(route.id) && judgedByNginx(route));
  const of = (inside: boolean): RoutePattern[] =>
    own
      .filter((route) => isOfRepository(route) === inside)
      .map(({ id, path, query: names }) => {
        const rest = patternOf(inside ? path.slice(REPOSITORY.length) : path, parameter);
        return { route: id, pattern: `^(?:GET|HEAD) ${rest}${query(names, policy.organization)}${END}` };
      });
  return { repository: of(true), account: of(false) };
}

function parameter(name: string): string {
  const pattern = PARAMETERS[name];
  if (pattern === undefined) throw new Error(`nginx has no pattern for the path parameter ${name}`);
  return `(?:${pattern})`;
}

interface RefusalPattern {
  readonly rule: RuleId;
  /** Matches `METHOD target`. */
  readonly pattern: string;
}

/**
 * Why a request of a repository, or one without, is refused, for the rules that name more than "not open". Their order is
 * that of `CLOSED`.
 */
export function refusalPatterns(policy: GatePolicy): {
  readonly repository: readonly RefusalPattern[];
  readonly account: readonly RefusalPattern[];
} {
  const at = (methods: readonly string[], path: string): string =>
    `^(?:${methods.join("|")}) ${patternOf(path, (name) => (name.endsWith("...") ? ".+" : "[^/?]+"))}(?:\\?|${END})`;
  const closed = (inside: boolean): RefusalPattern[] =>
    CLOSED.filter((action) => isOfRepository(action) === inside).map(({ methods, path, rule = "route-closed" }) => ({
      rule,
      pattern: at(methods, path),
    }));
  const open = new Set(policy.routes.write);
  const writes = ROUTES.filter((route) => open.has(route.id) && isOfRepository(route)).map(
    ({ method, path }): RefusalPattern => ({ rule: "access-read-only", pattern: at([method], path) }),
  );
  return { repository: [...closed(true), ...writes], account: closed(false) };
}
