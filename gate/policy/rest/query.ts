import { Refusal } from "../refusals";
import { decodeCanonical } from "../text/canonical";
import { isDate, isFilePath, isLine, isLogin, isObjectId, isRefName, isWord } from "../text/values";

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
 * Judges a query: only the open parameters, each once, each of its type. Returns the decoded values; the raw query is
 * what is sent. A name is never encoded, so no two spellings of it exist.
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

/** Qualifiers that narrow a search: whatever their value, it cannot widen. */
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
  "user-review-requested",
  "team-review-requested",
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
 * Qualifiers that name repositories, or may: GitHub reads several of them as any of them, so one more widens a search.
 */
const WIDENING = new Set(["repo", "user", "owner", "org", "enterprise", "team", "project", "fork", "saved", "topic"]);

/**
 * Guard `search-scope`: a search names at least one repository with `repo:owner/name`, each of them listed, and has
 * nothing that could widen it. GitHub reads several `repo:` as any of them, so each must be listed. Words are words,
 * whatever they look like: `not` and `or` in small letters, parentheses around them, one before a colon. What is
 * refused: OR (in capitals, as GitHub reads it, or mixed), `repo:` that is negated or in parentheses, other qualifiers
 * that name repositories wherever in a word, what one reader splits and another does not, and what does not close.
 */
export function judgeSearch(q: string, isListed: (fullName: string) => boolean): string | Refusal {
  const scope = judgeWords(q, isListed);
  // A blank beyond ASCII, a comma, or a quote or parenthesis that touches a word separates for one reader and not for
  // another: what is asked must be scoped for each.
  for (const separators of [/[^\S \t\r\n]/g, /[^\S \t\r\n]|,/g]) {
    const parted = q.replace(separators, " ");
    for (const other of new Set([parted, parted.replace(/(?<!:)"[^"]*"|[()]/g, " $& ")])) {
      const judged = other === q ? scope : judgeWords(other, isListed);
      if (judged instanceof Refusal) return judged;
    }
  }
  return scope;
}

function judgeWords(q: string, isListed: (fullName: string) => boolean): string | Refusal {
  // A quoted text counts for itself. One without a character may count for nothing, and one inside a word for a part of
  // it: `o"r"g:`.
  const quoted = q.replace(/"([^"]*)"/g, (_text, text: string) => (/\S/.test(text) ? '""' : '" "'));
  if (/[\p{L}\p{N}]" ?"|" ?"[\p{L}\p{N}]/u.test(quoted)) return new Refusal("search-not-scoped", '"');
  const bare = quoted.replaceAll('" "', " ");
  if (bare.includes("\\") || bare.replace(/""/g, "").includes('"')) return new Refusal("search-not-scoped");
  let scope = "";
  let depth = 0;
  let before = "";
  for (const token of bare.split(/[ \t\r\n]+/)) {
    const word = token.replace(/[()]/g, "");
    // A text between slashes may be read as a pattern, and one that does not close would swallow the scope.
    if (isOr(word) || /^\/[^/]*$/.test(word)) return new Refusal("search-not-scoped", word);
    // A negation in front of parentheses, or at their end, takes more or less with it from one reader to the other.
    if (token.includes("(") && (isNegation(before) || /[!-]\(/.test(token)))
      return new Refusal("search-not-scoped", token);
    if (token.includes(")") && isNegation(word === "" ? before : word)) return new Refusal("search-not-scoped", word);
    if (depth === 0 && !isNegation(before) && /^repo:/i.test(token)) {
      const target = token.slice(5);
      if (!isListed(target)) return new Refusal("search-not-scoped", target);
      scope = scope === "" ? target : scope;
    } else {
      const widens = widening(word);
      if (widens !== undefined) return new Refusal("search-not-scoped", widens);
    }
    for (const c of token) {
      if (c === "(") depth++;
      if (c === ")" && --depth < 0) return new Refusal("search-not-scoped", ")");
    }
    if (word !== "") before = word;
  }
  if (depth > 0) return new Refusal("search-not-scoped", "(");
  return scope === "" ? new Refusal("search-not-scoped") : scope;
}

/** In small letters it is a word to GitHub. */
const isOr = (word: string): boolean => (/^or$/i.test(word) && word !== "or") || word === "|" || word.includes("||");
const isNegation = (word: string): boolean => /^(?:not|!|-)$/i.test(word);

/**
 * The qualifier in a word that could widen, before any of its colons and behind any sign; undefined when there is none.
 */
function widening(word: string): string | undefined {
  const colon = word.indexOf(":");
  if (colon < 0 || NARROWING.has(word.slice(0, colon).toLowerCase().replace(/^-/, ""))) return undefined;
  for (const [, name = ""] of word.toLowerCase().matchAll(/([a-z]+)[^a-z:]*(?=:)/g))
    if (WIDENING.has(name)) return name;
  return undefined;
}
