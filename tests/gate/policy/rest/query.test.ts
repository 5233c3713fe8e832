import * as fc from "fast-check";
import { judgeSearch } from "../../../../gate/policy/rest/query";
import { Refusal } from "../../../../gate/policy/refusals";

const LISTED = new Set(["acme/api", "acme/docs"]);
const verdict = (q: string): string => {
  const scope = judgeSearch(q, (name) => LISTED.has(name.toLowerCase()));
  return scope instanceof Refusal ? scope.rule : scope;
};

describe("judgeSearch", () => {
  it.each([
    "( comma ) repo:acme/api type:issue state:open",
    'repo:acme/api ( "two words" )',
    "repo:acme/api ((a b) c)",
    "foo(bar) repo:acme/api",
    "not found repo:acme/api",
    "repo:acme/api Not found",
    "this and that or other repo:acme/api",
    "a AND b repo:acme/api",
    "NOT draft repo:acme/api",
    "repo:acme/api error: cannot read",
    "TypeError: x repo:acme/api",
    "std::vector repo:acme/api",
    "https://example.com/a:b repo:acme/api",
    "foo:bar baz:qux repo:acme/api",
    "/usr/bin repo:acme/api",
    "a && b ! c repo:acme/api",
    "repo:acme/api repo:acme/docs is:open",
    "repo:ACME/Api team-review-requested:acme/backend",
    'label:"good first issue" repo:acme/api "or OR"',
    "バグ　修正 repo:acme/api",
    "key = value; x? y! [z] {w} repo:acme/api",
  ])("passes %s", (q) => {
    expect(verdict(q)).toMatch(/^acme\//i);
  });

  it.each([
    "word",
    "x OR repo:acme/api",
    "repo:acme/api OR x",
    "repo:acme/api (a OR b)",
    "repo:acme/api Or x",
    "repo:acme/api || x",
    "repo:acme/api ||(bug ) bug",
    "repo:acme/api OR(bug)",
    "repo:acme/api (bug)OR bug",
    'repo:acme/api OR"two words"',
    'repo:acme/api "two words"Or(bug)',
    "repo:acme/api bug||crash",
    'NOT "" repo:acme/api',
    ")NOT(bug repo:acme/api",
    "(bug)NOT() repo:acme/api",
    '"a b"/x repo:acme/api',
    '"a b"- repo:acme/api',
    'repo:acme/api o"r"g:acme',
    'repo:acme/api o""rg:acme',
    'repo:acme/api "o"rg:acme',
    "not repo:acme/api",
    "NOT repo:acme/api",
    "! repo:acme/api",
    "- repo:acme/api",
    "-repo:acme/api x",
    "repo:acme/api -repo:acme/docs",
    "(repo:acme/api)",
    "NOT ( NOT ) bug repo:acme/api",
    "NOT ( bug) repo:acme/api",
    "-(bug) repo:acme/api",
    "-( ) repo:acme/api",
    "( x repo:acme/api )",
    "( x repo:acme/api",
    "x ) repo:acme/api (",
    "foo(bar)repo:acme/api",
    "repo:acme/api user:acme",
    "repo:acme/api org:acme",
    "repo:acme/api ORG:acme",
    "repo:acme/api x,org:acme",
    "repo:acme/api (org:acme)",
    "repo:acme/api +org:acme",
    "repo:acme/api x:org:acme",
    'repo:acme/api "x"org:acme',
    "repo:acme/api o(r)g:acme user:x",
    "repo:acme/api enterprise:acme",
    "repo:acme/api team:acme/x",
    "repo:acme/api fork:only",
    "repo:acme/api,acme/secrets",
    "repo:acme/secrets",
    "repo:acme/api repo:acme/secrets",
    'repo:"acme/secrets" repo:acme/api',
    '"repo:acme/api" x',
    'repo:acme/api "x',
    '"a repo:acme/api',
    "x\u00a0repo:acme/api",
    "repo:acme/api\u00a0OR\u00a0x",
    "repo:acme/api x\u3000org:acme",
    "/x repo:acme/api",
    "/ repo:acme/api",
    'a\\" repo:acme/api \\"',
  ])("refuses %s", (q) => {
    expect(verdict(q)).toBe("search-not-scoped");
  });
});

/** A place that a search may find, and the words in it. */
interface Place {
  readonly repo: string;
  readonly has: (word: string) => boolean;
}
/** How a reader of GitHub's syntax may differ from another. Nothing here is shared with the judge. */
interface Reader {
  readonly parentheses: "group" | "blank" | "gone" | "letters";
  readonly anyCaseNot: boolean;
  readonly mixedOr: boolean;
  readonly unicode: boolean;
  readonly commas: boolean;
  readonly patterns: boolean;
  readonly looseOr: boolean;
  /** A quoted text that touches a word: goes with it, quotes and all; is a token of its own; or is a part of the word. */
  readonly quotes: "kept" | "apart" | "joined";
}

type Found = (place: Place) => boolean;

/** Reads a query as a search engine would, into what it finds. */
function read(q: string, reader: Reader): Found {
  const tokens: string[] = [];
  let text = q;
  if (reader.parentheses === "blank") text = unquoted(text, (part) => part.replace(/[()]/g, " "));
  if (reader.parentheses === "gone") text = unquoted(text, (part) => part.replace(/[()]/g, ""));
  const blank = reader.unicode ? /\s/ : /[ \t\r\n]/;
  let current = "";
  const end = (): void => {
    if (current !== "") tokens.push(current);
    current = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    if (c === '"') {
      const close = text.indexOf('"', i + 1);
      const stop = close < 0 ? text.length : close;
      const inside = text.slice(i + 1, stop);
      if (reader.quotes === "apart" && !current.endsWith(":")) end();
      if (reader.quotes === "kept" || inside !== "")
        current += reader.quotes === "joined" && current !== "" ? inside : `"${inside}"`;
      if (reader.quotes === "apart") end();
      i = stop;
    } else if (reader.patterns && c === "/" && current === "") {
      const close = text.indexOf("/", i + 1);
      const stop = close < 0 ? text.length : close;
      tokens.push(`"${text.slice(i + 1, stop)}"`);
      i = stop;
    } else if (blank.test(c) || (reader.commas && c === ",")) end();
    else if (reader.parentheses === "group" && (c === "(" || c === ")")) {
      if (current === "-") current = "NOT";
      end();
      tokens.push(c);
    } else current += c;
  }
  end();
  let at = 0;
  const isOr = (t: string | undefined): boolean =>
    t === "OR" || t === "||" || (reader.mixedOr && t !== "or" && t?.toUpperCase() === "OR");
  const isNot = (t: string | undefined): boolean =>
    t === "NOT" || t === "!" || t === "-" || (reader.anyCaseNot && t?.toUpperCase() === "NOT");
  /** Several repo:, user: or org: of one conjunction are any of them. */
  const all = (parts: readonly { found: Found; names: boolean }[]): Found => {
    const names = parts.filter((p) => p.names);
    const rest = parts.filter((p) => !p.names);
    return (place) => rest.every((p) => p.found(place)) && (names.length === 0 || names.some((p) => p.found(place)));
  };
  const primary = (): { found: Found; names: boolean } => {
    const token = tokens[at++] ?? "";
    if (isNot(token) && at < tokens.length) {
      const { found } = primary();
      return { found: (place) => !found(place), names: false };
    }
    if (token === "(") {
      const found = alternatives();
      if (tokens[at] === ")") at++;
      return { found, names: false };
    }
    const colon = token.indexOf(":");
    const name = token.slice(0, Math.max(0, colon)).replace(/^[+]/, "").toLowerCase();
    const value = token
      .slice(colon + 1)
      .replaceAll('"', "")
      .toLowerCase();
    if (name === "repo") return { found: ({ repo }) => repo === value, names: true };
    if (name === "user" || name === "org") return { found: ({ repo }) => repo.startsWith(`${value}/`), names: true };
    if (name === "enterprise") return { found: () => true, names: true };
    if (name === "-repo") return { found: ({ repo }) => repo !== value, names: false };
    return { found: ({ has }) => has(token), names: false };
  };
  const conjunction = (): Found => {
    const parts: { found: Found; names: boolean }[] = [];
    while (at < tokens.length && tokens[at] !== ")" && !isOr(tokens[at])) {
      if (tokens[at] === "AND") at++;
      else if (reader.looseOr && isOr(tokens[at + 1])) {
        const left = primary();
        at++;
        const right = primary();
        parts.push({ found: (place) => left.found(place) || right.found(place), names: false });
      } else parts.push(primary());
    }
    return all(parts);
  };
  function alternatives(): Found {
    const ways = [conjunction()];
    while (isOr(tokens[at])) {
      at++;
      ways.push(conjunction());
    }
    return (place) => ways.some((way) => way(place));
  }
  const roots: Found[] = [];
  while (at < tokens.length) {
    roots.push(alternatives());
    if (tokens[at] === ")") at++; // one too many
  }
  // A list of roots is read on as one conjunction.
  return (place) => roots.every((root) => root(place));
}

function unquoted(text: string, change: (part: string) => string): string {
  return text
    .split(/("[^"]*"?)/)
    .map((part) => (part.startsWith('"') ? part : change(part)))
    .join("");
}

const readers = fc.record<Reader>({
  parentheses: fc.constantFrom("group", "blank", "gone", "letters"),
  anyCaseNot: fc.boolean(),
  mixedOr: fc.boolean(),
  unicode: fc.boolean(),
  commas: fc.boolean(),
  patterns: fc.boolean(),
  looseOr: fc.boolean(),
  quotes: fc.constantFrom("kept", "apart", "joined"),
});
const words = [
  "bug",
  "error:",
  "foo:bar",
  "and",
  "or",
  "not",
  "Or",
  "x",
  "/usr/bin",
  "/x",
  "-x",
  "a,b",
  '"a b"',
  '""',
  "is:open",
  "label:x",
  "!",
  "-",
  "&&",
  "||",
];
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("repo:acme/api", "repo:acme/docs", "REPO:acme/api") },
  { weight: 5, arbitrary: fc.constantFrom(...words) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "(",
      ")",
      "AND",
      "OR",
      "OR(",
      ")OR",
      "||(",
      "NOT",
      "NOT (",
      "NOT(",
      "-(",
      '"',
      ",",
      "\u00a0",
      "\u3000",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "repo:acme/secrets",
      "org:acme",
      "user:evil",
      "x,org:acme",
      "enterprise:e",
      "-repo:acme/api",
      "+org:acme",
      "o(r)g:acme",
      'o"r"g:acme',
    ),
  },
);
const queries = fc
  .array(fc.tuple(piece, fc.constantFrom(" ", " ", " ", "", "\u00a0")), { minLength: 1, maxLength: 9 })
  .map((parts) =>
    parts
      .map(([text, blank]) => text + blank)
      .join("")
      .trim(),
  );

describe("held against readers of GitHub's search syntax that are none of ours", () => {
  const outside = ["acme/secrets", "evil/x", "other/api"];
  const widens = (q: string, reader: Reader): boolean =>
    outside.some((repo) => [true, false].some((has) => read(q, reader)({ repo, has: () => has })));

  it("no accepted query finds anything that is not listed, however it is read", () => {
    let accepted = 0;
    fc.assert(
      fc.property(queries, fc.array(readers, { minLength: 6, maxLength: 6 }), (q, all) => {
        if (verdict(q) === "search-not-scoped") return;
        accepted++;
        for (const reader of all) expect([q, reader, widens(q, reader)]).toEqual([q, reader, false]);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it("the readers do see what widens", () => {
    const plain: Reader = {
      parentheses: "group",
      anyCaseNot: false,
      mixedOr: false,
      unicode: false,
      commas: false,
      patterns: false,
      looseOr: false,
      quotes: "kept",
    };
    for (const q of [
      "x",
      "x OR repo:acme/api",
      "NOT repo:acme/api",
      "repo:acme/api org:acme",
      "repo:acme/api (a) OR b",
    ])
      expect([q, widens(q, plain)]).toEqual([q, true]);
    expect(widens("/x repo:acme/api", { ...plain, patterns: true })).toBe(true);
    expect(widens("not repo:acme/api", { ...plain, anyCaseNot: true })).toBe(true);
    for (const q of ["repo:acme/api x", "repo:acme/api (a OR b)", "repo:acme/api OR repo:acme/docs"])
      expect([q, widens(q, plain)]).toEqual([q, false]);
  });
});
