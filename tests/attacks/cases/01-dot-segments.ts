import { attack, each, pairs, twin } from "./build";
import type { Attack, CaseFile } from "../support/types";

/**
 * Spellings of `..` that URL parsers resolve, and so the runtime before the gate sees them: what is judged is where
 * they lead.
 */
const RESOLVED = { plain: "..", lower: "%2e%2e", upper: "%2E%2E", second: ".%2e", first: "%2e.", mixed: "%2E%2e" };

/** Places outside the posture, as reached from inside a listed repository. */
const PLACES: Readonly<
  Record<string, { readonly method?: string; readonly path: (up: string) => string; readonly guard: Attack["guard"] }>
> = {
  repository: { path: (up) => `/repos/acme/api/${up}/secrets`, guard: "repository-not-listed" },
  contents: {
    path: (up) => `/repos/acme/api/contents/${up}/${up}/secrets/contents/README.md`,
    guard: "repository-not-listed",
  },
  owner: { path: (up) => `/repos/acme/api/${up}/${up}/other-org/vault`, guard: "owner-not-allowed" },
  route: { path: (up) => `/repos/acme/api/${up}/${up}/${up}/user/repos`, guard: "route-closed" },
  merge: {
    method: "PUT",
    path: (up) => `/repos/acme/api/pulls/{pull}/commits/${up}/merge`,
    guard: "pull-request-merge",
  },
  git: {
    path: (up) => `/acme/api.git/${up}/secrets.git/info/refs?service=git-upload-pack`,
    guard: "repository-not-listed",
  },
};

/** Spellings that the runtime leaves as they are and another reader could resolve. */
const LEFT: Readonly<Record<string, [dots: string, guard: Attack["guard"]]>> = {
  "encoded-slash": ["..%2fsecrets", "path-encoding"],
  "encoded-slash-upper": ["..%2Fsecrets", "route-not-allowed"],
  "all-encoded": ["%2e%2e%2fsecrets", "path-encoding"],
  "all-encoded-upper": ["%2E%2E%2Fsecrets", "path-encoding"],
  "twice-encoded": ["%252e%252e/secrets", "path-encoding"],
  "twice-encoded-slash": ["..%252fsecrets", "path-encoding"],
  parameter: ["..;/secrets", "path-character"],
  "parameter-value": ["..;x=1/secrets", "path-character"],
  nul: ["..%00/secrets", "path-encoding"],
  tab: ["..%09/secrets", "path-encoding"],
  space: ["..%20/secrets", "route-not-allowed"],
  overlong: ["%c0%ae%c0%ae/secrets", "path-encoding"],
  "overlong-upper": ["%C0%AE%C0%AE/secrets", "route-not-allowed"],
  "encoded-backslash": ["..%5csecrets", "path-encoding"],
  "encoded-backslash-upper": ["..%5Csecrets", "path-encoding"],
  "full-width": ["%EF%BC%8E%EF%BC%8E/secrets", "route-not-allowed"],
  "one-leader": ["%E2%80%A5/secrets", "route-not-allowed"],
};

/** The same within a file's path, which may hold encoded slashes. */
const FILES: Readonly<Record<string, [path: string, guard: Attack["guard"]]>> = {
  "encoded-slash": ["..%2F..%2Fsecrets", "parameter-value"],
  middle: ["src%2F..%2F..%2F..%2Fsecrets", "parameter-value"],
  single: ["src%2F.%2Findex.js", "parameter-value"],
  "git-folder": [".git%2Fconfig", "parameter-value"],
  "git-folder-case": [".GiT/config", "parameter-value"],
  nul: ["src/..%00/x", "path-encoding"],
  overlong: ["src/%C0%AE%C0%AE/x", "path-encoding"],
  empty: ["src%2F%2Findex.js", "parameter-value"],
};

export const dotSegments: CaseFile = {
  class: 1,
  attacks: [
    ...pairs(PLACES, RESOLVED, (place, up, name) =>
      attack(
        `1.${name}`,
        `leaves the repository for ${place.path(up)}`,
        place.guard,
        { ...(place.method === undefined ? {} : { method: place.method, json: {} }), target: place.path(up) },
        { orElse: ["path-dot-segment", "path-encoding"] },
      ),
    ),
    ...each(LEFT, ([dots, guard], name) =>
      attack(
        `1.left-${name}`,
        `hides the way up as ${dots}`,
        guard,
        { target: `/repos/acme/api/${dots}` },
        { orElse: ["path-dot-segment"] },
      ),
    ),
    ...each(FILES, ([dots, guard], name) =>
      attack(`1.file-${name}`, `hides the way up in a file's path as ${dots}`, guard, {
        target: `/repos/acme/api/contents/${dots}`,
      }),
    ),
    attack(
      "1.backslash",
      "separates with backslashes",
      "repository-not-listed",
      { target: "/repos/acme/api\\..\\secrets" },
      { orElse: ["path-character", "path-encoding", "runtime"] },
    ),
    attack(
      "1.single-dot",
      "keeps a single dot inside the route",
      "route-not-allowed",
      { target: "/repos/acme/api/%2e%2f/hooks" },
      { orElse: ["path-encoding"] },
    ),
    attack("1.ref", "climbs in a reference's name", "parameter-value", {
      target: "/repos/acme/api/git/ref/heads%2F..%2F..%2Fsecrets",
    }),
    attack("1.body-path", "climbs in a tree entry", "body-value", {
      method: "POST",
      target: "/repos/acme/api/git/trees",
      json: {
        base_tree: "{root}",
        tree: [{ path: "src/../.github/workflows/ci.yml", mode: "100644", content: "on: push" }],
      },
    }),
    attack("1.body-ref", "climbs in a new reference", "ref-outside-agent-space", {
      method: "POST",
      target: "/repos/acme/api/git/refs",
      json: { ref: "refs/heads/claude/../main", sha: "{main}" },
    }),
    attack("1.query-path", "climbs in a query's path", "query-value", {
      target: "/repos/acme/api/commits?path=../../secrets",
    }),
    attack("1.search", "climbs in a search's scope", "search-not-scoped", {
      target: "/search/code?q=x+repo:acme/api/../secrets",
    }),
  ],
  twins: [
    twin(
      "1.twin-inside",
      "a dot segment that stays where it is allowed",
      200,
      { target: "/repos/acme/api/contents/src/../README.md" },
      "GET /api/v3/repos/acme/api/contents/README.md",
      // Not resolved before the gate sees it: refused like any other.
      { newer: { status: 400, sent: null } },
    ),
    twin("1.twin-dotfile", "a folder that starts with a dot", 200, {
      target: "/repos/acme/api/contents/.github/workflows/ci.yml",
    }),
    twin("1.twin-compare", "the dots of a comparison", 200, {
      target: "/repos/acme/api/compare/main...claude%2Fstart",
    }),
  ],
};
