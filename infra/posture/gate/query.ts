import { decodeCanonical } from "./canonical";
import { Refusal } from "./refusals";
import { isDate, isFilePath, isLine, isLogin, isObjectId, isRefName, isWord } from "./values";

type Test = (value: string) => boolean;

const line: Test = (v) => isLine(v, 1024);
const truth: Test = (v) => v === "true" || v === "false" || v === "1" || v === "0";
const count: Test = (v) => /^[0-9]{1,9}$/.test(v);
const word: Test = (v) => /^[a-z0-9][a-z0-9_.-]{0,63}$/i.test(v);

/** One type for each query parameter, whatever the route. */
const TYPES: Readonly<Record<string, Test>> = {
  page: count,
  per_page: count,
  since: isDate,
  until: isDate,
  sort: word,
  direction: word,
  order: word,
  state: word,
  status: word,
  filter: word,
  content: (v) => /^[+a-z0-9-]{1,16}$/.test(v),
  labels: line,
  milestone: (v) => v === "*" || word(v),
  assignee: (v) => v === "*" || isLogin(v),
  creator: isLogin,
  mentioned: isLogin,
  type: (v) => v === "*" || isLine(v, 64),
  actor: isLogin,
  author: line,
  committer: line,
  ref: isRefName,
  sha: isRefName,
  branch: isRefName,
  base: isRefName,
  path: isFilePath,
  head: (v) => v.split(":").length <= 2 && v.split(":").every(isRefName),
  recursive: (v) => truth(v) || isWord(v),
  protected: truth,
  anon: truth,
  event: word,
  created: (v) => /^[0-9TZ:.<>=*+-]{1,64}$/.test(v),
  exclude_pull_requests: truth,
  check_suite_id: count,
  app_id: count,
  head_sha: isObjectId,
  check_name: line,
  name: line,
  q: (v) => isLine(v, 2048),
};

/**
 * Judges a query: only the open parameters, each once, each of its type. Returns the decoded values; the raw query is what is sent.
 * A name is never encoded, so no two spellings of it exist.
 */
export function judgeQuery(query: string, open: ReadonlySet<string>): ReadonlyMap<string, string> | Refusal {
  const values = new Map<string, string>();
  for (let from = 0; from <= query.length;) {
    let to = query.indexOf("&", from);
    if (to < 0) to = query.length;
    const equals = query.indexOf("=", from);
    if (equals <= from || equals > to) return new Refusal("query-malformed");
    const name = query.slice(from, equals);
    if (!open.has(name))
      return /^[A-Za-z0-9_.[\]-]{1,64}$/.test(name)
        ? new Refusal("query-not-allowed", name)
        : new Refusal("query-malformed");
    if (values.has(name)) return new Refusal("query-duplicate", name);
    const value = decodeCanonical(query.slice(equals + 1, to), true);
    if (value === undefined) return new Refusal("query-malformed", name);
    // An empty value is what GitHub takes for an absent one.
    if (value !== "" && TYPES[name]?.(value) !== true) return new Refusal("query-value", name);
    values.set(name, value);
    from = to + 1;
  }
  return values;
}

/** Every type above is used by a route, and every route's parameter has a type: checked by a test through this. */
export const QUERY_NAMES: readonly string[] = Object.keys(TYPES);

/** Qualifiers that narrow a search. Whatever is not here, and above all what widens it (`org:`, `user:`, `enterprise:`), is refused. */
const NARROWING = new Set([
  "is",
  "type",
  "state",
  "reason",
  "author",
  "assignee",
  "mentions",
  "commenter",
  "involves",
  "label",
  "milestone",
  "no",
  "in",
  "language",
  "extension",
  "filename",
  "path",
  "size",
  "created",
  "updated",
  "closed",
  "merged",
  "draft",
  "review",
  "reviewed-by",
  "review-requested",
  "head",
  "base",
  "status",
  "linked",
  "comments",
  "interactions",
  "reactions",
  "hash",
  "parent",
  "tree",
  "merge",
  "author-name",
  "author-email",
  "author-date",
  "committer",
  "committer-name",
  "committer-email",
  "committer-date",
  "archived",
  "sort",
]);

/**
 * Guard `search-scope`: a search names at least one repository with `repo:owner/name`, each of them listed, and has nothing that could
 * widen it: no OR, AND, NOT, parentheses, backslashes or unknown qualifiers. GitHub reads several `repo:` as any of them, so each must be listed.
 */
export function judgeSearch(q: string, isListed: (fullName: string) => boolean): string | Refusal {
  const bare = q.replace(/"[^"]*"/g, (quoted) => (quoted.length > 0 ? '""' : ""));
  // A blank beyond ASCII separates for one reader and not for another: `x\u00a0repo:acme/api` could be one word without a scope.
  if (/[()\\]|[^\S \t\r\n]/.test(q) || bare.replace(/""/g, "").includes('"')) return new Refusal("search-not-scoped");
  let scope = "";
  for (const token of bare.split(/\s+/)) {
    if (/^(?:or|and|not|\|{1,2}|&&|!)$/i.test(token)) return new Refusal("search-not-scoped", token);
    const colon = token.indexOf(":");
    if (colon < 0) continue;
    const name = token.slice(0, colon).toLowerCase();
    if (name === "repo") {
      const target = token.slice(colon + 1);
      if (!isListed(target)) return new Refusal("search-not-scoped", target);
      scope = scope === "" ? target : scope;
    } else if (!NARROWING.has(name.replace(/^-/, ""))) return new Refusal("search-not-scoped", name);
  }
  return scope === "" ? new Refusal("search-not-scoped") : scope;
}
