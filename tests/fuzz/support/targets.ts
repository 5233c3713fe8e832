import fc from "fast-check";
import { ROUTES } from "../../../gate/policy/rest/routes";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const anyCharacter = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.constantFrom(...Array.from({ length: 128 }, (_, i) => String.fromCharCode(i))),
);
/** Pieces of paths that readers are known to disagree about. */
const tricky = fc.constantFrom(
  "",
  ".",
  "..",
  "...",
  "%2e",
  "%2E",
  ".%2e",
  "%2e%2e",
  "%2F",
  "%2f",
  "%5C",
  "%5c",
  "\\",
  "//",
  ";",
  ";x=1",
  "%3B",
  "%00",
  "%0d%0a",
  "%0A",
  "%25",
  "%252e",
  "%252F",
  "%c0%af",
  "%C0%AF",
  "%E2%84%AA",
  "%EF%BC%8F",
  "K",
  "%",
  "%2",
  "%G0",
  "#",
  "?",
  "@",
  ":",
  ":80",
  "'",
  '"',
  "`",
  "<",
  ">",
  "{",
  "}",
  "|",
  "^",
  "[",
  "]",
  " ",
  "+",
  "%20",
  "%7E",
  "~",
  "\t",
  "\u0000",
  "é",
  "e\u0301",
  "😀",
  "\ufeff",
  "%F0%9F%98%80",
  "%ED%A0%80",
);
const owners = fc.constantFrom("acme", "ACME", "Acme", "other-org", "acme%2F", "ac%6De", "", ".", "..");
const repositories = fc.constantFrom(
  "api",
  "API",
  "docs",
  "Docs",
  "secrets",
  "api.git",
  "api.",
  "api%2F",
  "a%70i",
  "..",
  "vault",
  "",
  "api;",
  "api%20",
);
const parameter: Readonly<Record<string, fc.Arbitrary<string>>> = {
  owner: fc.oneof({ weight: 12, arbitrary: fc.constant("acme") }, owners),
  repo: fc.oneof({ weight: 12, arbitrary: fc.constantFrom("api", "api", "docs") }, repositories),
  number: fc.oneof(fc.nat({ max: 99 }).map(String), fc.constantFrom("01", "+1", "1e3", "-1", "0", "１")),
  id: fc.oneof(fc.nat({ max: 9999 }).map(String), fc.constantFrom("0x1", "1.0", "latest", "..")),
  sha: fc.constantFrom(SHA, SHA.toUpperCase(), SHA.slice(1), "main"),
  ref: fc.constantFrom(
    "main",
    "claude/fix",
    "claude%2Ffix",
    "heads/main",
    "v1.0.0",
    "HEAD",
    "main%5E",
    "a..b",
    "%2e%2e",
    "a%2F..%2Fb",
    "refs/heads/x",
    "a%20b",
    "@",
    "a@{1}",
  ),
  branch: fc.constantFrom("main", "claude%2Ffix", "..", "x%2F%2Fy", "claude%2F..%2Fmain"),
  path: fc.constantFrom(
    "README.md",
    "src/a.ts",
    "src%2Fa.ts",
    "..%2F..%2Fsecrets",
    "a/../b",
    ".git/config",
    "a%20b.ts",
    ".github/workflows/ci.yml",
    ".GitHub/Workflows/ci.yml",
    "%C3%A9.ts",
    "a;b",
    "docs/CODEOWNERS",
  ),
  basehead: fc.constantFrom(
    "main...claude/x",
    "main..claude%2Fx",
    "main...evil:main",
    "acme:main...x",
    "main",
    "a...b...c",
    "x....y",
    "main...%2e%2e%2Fz",
  ),
  label: fc.constantFrom(
    "bug",
    "good%20first%20issue",
    "a%2Fb",
    "a%2F..%2F..%2Fkeys",
    "..",
    "%2e%2e",
    "a//b",
    "a%2F%2Fb",
    "%F0%9F%98%80",
    "p1%3Ahigh",
  ),
  workflow: fc.constantFrom("ci.yml", "17", "a%2Fb", "..", ".ci"),
  login: fc.constantFrom("claude-bot", "x[bot]", "x%5Bbot%5D", "..", "-x"),
  agentRef: fc.constantFrom(
    "heads/claude/x",
    "heads/main",
    "heads/claude/../main",
    "heads%2Fclaude%2Fx",
    "heads/claude%2F..%2Fmain",
    "tags/claude/x",
    "heads/claude/",
  ),
};

const values = fc.constantFrom(
  "1",
  "100",
  "open",
  "main",
  "claude%2Fx",
  "claude/x",
  "acme:claude/x",
  "evil:main",
  "a+b",
  "a%20b",
  "%2B",
  "it's",
  "it%27s",
  "%",
  "%zz",
  "true",
  "x%26y",
  "..",
  "2026-01-01T00:00:00Z",
  "%C3%A9",
  "é",
  "",
  SHA,
  "repo%3Aacme%2Fapi",
  "x+repo:acme/api",
  "repo:acme/secrets",
  "repo:acme/api+OR+x",
  "x%C2%A0repo:acme/api",
  "x%E3%80%80repo%3Aacme%2Fapi",
  "%22repo:acme/api%22",
  "%22a+b%22+repo:acme/docs",
  "repo:acme/api+org:acme",
  "-repo:acme/api",
  "repo:acme/api+user:x",
);
const search = fc
  .array(
    fc.constantFrom(
      "repo:acme/api",
      "repo:ACME/docs",
      "repo:acme/secrets",
      "repo:other-org/vault",
      "x",
      "is:open",
      "OR",
      "NOT",
      "org:acme",
      "user:evil",
      '"',
      "(",
      ")",
      "-",
      "\u00a0",
      "\u3000",
      "\u2028",
      "\u0085",
      ",",
      "|",
      "/",
      'label:"a b"',
      "repo:",
      "in:title",
      "fork:true",
      "\\",
    ),
    { minLength: 1, maxLength: 5 },
  )
  .chain((terms) =>
    fc
      .array(fc.constantFrom(" ", " ", " ", "", "\t", "\u00a0", "\u3000"), {
        minLength: terms.length,
        maxLength: terms.length,
      })
      .map((gaps) => encodeURIComponent(terms.map((t, i) => t + (gaps[i] ?? "")).join(""))),
  );
const QUERY = [
  "page",
  "per_page",
  "q",
  "ref",
  "head",
  "path",
  "state",
  "sha",
  "since",
  "sort",
  "access_token",
  "_method",
  "page[]",
  "%70age",
];

/** A request built from a route's own template: right in most places, spoiled in a few. */
export const requests = fc.constantFrom(...ROUTES.filter((r) => r.path !== "")).chain((route) => {
  const segments = route.path
    .slice(1)
    .split("/")
    .map((segment) => {
      const name = /^\{([A-Za-z]+)(?:\.\.\.)?\}$/.exec(segment)?.[1];
      const good = name === undefined ? fc.constant(segment) : (parameter[name] ?? fc.constant("x"));
      return fc.oneof(
        { weight: 60, arbitrary: good },
        { weight: 1, arbitrary: tricky },
        { weight: 1, arbitrary: fc.tuple(good, tricky).map(([a, b]) => a + b) },
      );
    });
  const prefix = fc.constantFrom(
    "",
    "",
    "",
    "",
    "/api/v3",
    "/api/v3",
    "/API/v3",
    "/api/v3/",
    "/api//v3",
    "/api/v3/api/v3",
  );
  const parts = fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...(route.query.length > 0 ? route.query : QUERY)) },
        fc.constantFrom(...QUERY),
      ),
      route.search === true ? fc.oneof({ weight: 4, arbitrary: search }, values) : values,
    ),
    { maxLength: 3 },
  );
  const query = fc
    .tuple(parts, fc.constantFrom("&", "&", "&", "&", ";", "&&"))
    .map(([pairs, and]) => pairs.map(([k, v]) => `${k}=${v}`).join(and));
  const searched = fc.tuple(search, parts).map(([q, pairs]) =>
    [
      `q=${q}`,
      ...pairs
        .filter(([k]) => k !== "q")
        .slice(0, 1)
        .map(([k, v]) => `${k}=${v}`),
    ].join("&"),
  );
  const method = fc.oneof(
    { weight: 10, arbitrary: fc.constant<string>(route.method) },
    fc.constantFrom("GET", "HEAD", "POST", "get", "DELETE"),
  );
  return fc
    .tuple(
      method,
      prefix,
      fc.tuple(...segments),
      fc.oneof(
        { weight: 2, arbitrary: fc.constant("") },
        route.search === true ? { weight: 8, arbitrary: searched } : query,
      ),
      fc.constantFrom("", "", "", "", "", "", "/", "?", "#x"),
    )
    .map(([m, start, path, q, end]) => {
      const byId = start === "/api/v3" && path[0] === "repos" && path[1] === "acme" && q.length % 2 === 1;
      const text = byId
        ? ["repositories", path[2] === "docs" ? "102" : "101", ...path.slice(3)].join("/")
        : path.join("/");
      return { method: m, target: `${start}/${text}${q === "" ? "" : `?${q}`}${end}` };
    });
});

export const raw = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("/", "a", "repos", "acme", "api", "?", "&", "=", "x") },
      tricky,
      anyCharacter,
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join("")}`);
