import { attack, each, twin } from "./build";
import type { Attack, CaseFile } from "../support/types";

type Input = readonly [
  method: string,
  target: string,
  guard: Attack["guard"],
  ...orElse: NonNullable<Attack["orElse"]>,
];

const INPUTS: Readonly<Record<string, Input>> = {
  "secrets-upper": ["GET", "/repos/acme/SECRETS", "repository-not-listed"],
  "owner-upper-foreign": ["GET", "/repos/OTHER-ORG/vault", "owner-not-allowed"],
  "route-upper": ["GET", "/REPOS/acme/secrets", "route-not-allowed"],
  "route-mixed": ["GET", "/Repos/acme/api/hooks", "route-not-allowed"],
  "literal-upper": ["GET", "/repos/acme/api/Hooks", "route-not-allowed"],
  "user-upper": ["GET", "/User/repos", "route-not-allowed"],
  "graphql-upper": ["POST", "/GraphQL", "route-not-allowed"],
  "graphql-suffix": ["POST", "/graphql.json", "route-not-allowed"],
  "graphql-slash": ["POST", "/graphql/", "path-empty-segment"],
  "api-upper": ["GET", "/API/V3/repos/acme/secrets", "route-not-allowed"],
  "dot-git": ["GET", "/repos/acme/api.git", "repository-not-listed"],
  "dot-git-secrets": ["GET", "/repos/acme/secrets.git", "repository-not-listed"],
  "dot-git-inside": ["GET", "/repos/acme/api.git/issues", "repository-not-listed"],
  "trailing-dot": ["GET", "/repos/acme/api.", "repository-not-listed"],
  "trailing-dots": ["GET", "/repos/acme/api..", "repository-not-listed"],
  "owner-trailing-dot": ["GET", "/repos/acme./api", "owner-not-allowed"],
  "dot-json": ["GET", "/repos/acme/api.json", "repository-not-listed"],
  "number-json": ["GET", "/repos/acme/api/pulls/1.json", "parameter-value"],
  "number-zero": ["GET", "/repos/acme/api/pulls/0", "parameter-value"],
  "number-leading-zero": ["GET", "/repos/acme/api/pulls/01", "parameter-value"],
  "number-sign": ["GET", "/repos/acme/api/pulls/+1", "parameter-value"],
  "number-negative": ["GET", "/repos/acme/api/pulls/-1", "parameter-value"],
  "number-hex": ["GET", "/repos/acme/api/pulls/0x1", "parameter-value"],
  "number-exponent": ["GET", "/repos/acme/api/pulls/1e0", "parameter-value"],
  "number-huge": ["GET", "/repos/acme/api/pulls/18446744073709551617", "parameter-value"],
  "tilde-owner": ["GET", "/repos/~acme/secrets", "owner-not-allowed"],
  "sha-upper": ["GET", "/repos/acme/api/git/commits/ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD", "parameter-value"],
  "method-lower": ["put", "/repos/acme/api/pulls/{pull}/merge", "runtime", "method-unknown", "pull-request-merge"],
  "method-mixed": ["Delete", "/repos/acme/api", "runtime", "method-unknown", "route-closed"],
  "method-lower-get": ["get", "/repos/acme/secrets", "runtime", "method-unknown", "repository-not-listed"],
  "method-unknown": ["FOO", "/repos/acme/api", "runtime", "method-unknown"],
  "method-trace": ["TRACE", "/repos/acme/api", "method-unknown", "runtime"],
  "method-options": ["OPTIONS", "/repos/acme/api", "method-unknown", "runtime"],
  "method-copy": ["COPY", "/repos/acme/api", "method-unknown", "runtime"],
  "method-purge": ["PURGE", "/repos/acme/api", "method-unknown", "runtime"],
  "method-search": ["SEARCH", "/repos/acme/secrets", "method-unknown", "runtime"],
  "method-head-closed": ["HEAD", "/repos/acme/secrets", "repository-not-listed"],
  "git-upper-service": ["GET", "/acme/api.git/info/refs?service=GIT-UPLOAD-PACK", "git-service"],
  "git-upper-secrets": ["GET", "/ACME/SECRETS.git/info/refs?service=git-upload-pack", "repository-not-listed"],
  "git-upper-suffix": ["GET", "/acme/secrets.GIT/info/refs?service=git-upload-pack", "repository-not-listed"],
  "git-double-suffix": ["GET", "/acme/api.git.git/info/refs?service=git-upload-pack", "repository-not-listed"],
  "git-short-unlisted": ["GET", "/acme/secrets/info/refs?service=git-upload-pack", "repository-not-listed"],
  "git-short-foreign": ["GET", "/other-org/api/info/refs?service=git-upload-pack", "owner-not-allowed"],
  "git-short-read-only": ["GET", "/acme/docs/info/refs?service=git-receive-pack", "access-read-only"],
  "git-short-wiki": ["GET", "/acme/api.wiki/info/refs?service=git-upload-pack", "repository-not-listed"],
  "git-short-dumb": ["GET", "/acme/api/HEAD", "route-not-allowed"],
  "git-short-service": ["GET", "/acme/api/info/refs?service=git-upload-archive", "git-service"],
  "git-short-lfs": ["GET", "/acme/api/info/lfs/locks", "lfs-refused"],
  "contents-slash-unlisted": ["GET", "/repos/acme/secrets/contents/", "repository-not-listed"],
  "contents-slashes": ["GET", "/repos/acme/api/contents//", "path-empty-segment"],
  "contents-slash-write": ["PUT", "/repos/acme/api/contents/src/", "path-empty-segment"],
  "raw-branch-unlisted": ["GET", "/repos/acme/secrets/branches/claude/x", "repository-not-listed"],
  "raw-branch-protection": ["GET", "/repos/acme/api/branches/claude/x/protection", "route-not-allowed"],
  "raw-branch-rename": ["POST", "/repos/acme/api/branches/claude/x/rename", "route-not-allowed"],
  "raw-ref-lock": ["GET", "/repos/acme/api/commits/heads/x.lock/status", "parameter-value"],
  "statuses-alias-unlisted": ["GET", `/repos/acme/secrets/statuses/${"a".repeat(40)}`, "repository-not-listed"],
};

const headless = (method: string): boolean => method === "HEAD";

export const caseAndSuffix: CaseFile = {
  class: 3,
  attacks: each(INPUTS, ([method, target, guard, ...orElse], name): Attack =>
    headless(method)
      ? {
          ...attack(
            `3.${name}`,
            `${method} ${target}`,
            "filter:head",
            { method, target },
            { status: 403, atMost: 0, reaches: /never/ },
          ),
        }
      : attack(
          `3.${name}`,
          `${method} ${target}`,
          guard,
          { method, target, ...(method === "POST" ? { json: { query: "{viewer{login}}" } } : {}) },
          { orElse },
        ),
  ),
  twins: [
    twin("3.twin-owner", "the owner in another case", 200, { target: "/repos/ACME/api" }),
    twin("3.twin-repository", "the repository in another case", 200, { target: "/repos/acme/API" }),
    twin(
      "3.twin-git-short",
      "git's address without .git",
      200,
      { target: "/acme/api/info/refs?service=git-upload-pack" },
      "GET /acme/api.git/info/refs?service=git-upload-pack",
    ),
    twin(
      "3.twin-contents-slash",
      "a folder with its slash",
      200,
      { target: "/repos/acme/api/contents/" },
      "GET /api/v3/repos/acme/api/contents",
    ),
    twin(
      "3.twin-raw-branch",
      "a branch with a raw slash",
      200,
      { target: "/repos/acme/api/branches/claude/start" },
      "GET /api/v3/repos/acme/api/branches/claude%2Fstart",
    ),
    twin("3.twin-head", "HEAD of what may be read", 200, { method: "HEAD", target: "/repos/acme/api" }),
  ],
};
