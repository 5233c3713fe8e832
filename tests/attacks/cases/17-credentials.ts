import { answered, attack, each, pairs, twin } from "./build";
import { ALLOWED_TOKEN, CANARY_TOKEN, OWN_SECRET } from "../support/gates";
import type { Ask, Attack, CaseFile } from "../support/types";

/** Made-up credentials of every public format (rig.ts makes them). */
const KINDS = [
  "fakeGhp",
  "fakeGho",
  "fakeGhu",
  "fakeGhr",
  "fakeGhs",
  "fakeGhsJwt",
  "fakePat",
  "fakeGhk",
  "fakeGop",
  "fakeRsa",
  "fakeOpenssh",
  "fakePkcs8",
  "fakePgp",
  "fakeAkia",
  "fakeAsia",
  "fakeAiza",
  "fakeXoxb",
  "fakeAnthropic",
  "fakeVault",
  "fakeVaultBatch",
  "fakeNpm",
  "fakeStripe",
];
const kinds = Object.fromEntries(KINDS.map((kind) => [kind, `{${kind}}`]));

/** Where text leaves the gate. */
const PLACES: Readonly<Record<string, (secret: string) => Ask>> = {
  title: (s) => ({ method: "POST", target: "/repos/acme/api/issues", json: { title: `see ${s}` } }),
  comment: (s) => ({
    method: "POST",
    target: "/repos/acme/api/issues/{issue}/comments",
    json: { body: `token: "${s}"` },
  }),
  pull: (s) => ({
    method: "POST",
    target: "/repos/acme/api/pulls",
    json: { title: "x", body: s, head: "claude/start", base: "main" },
  }),
  review: (s) => ({
    method: "POST",
    target: "/repos/acme/api/pulls/{pull}/reviews",
    json: { event: "COMMENT", body: s },
  }),
  blob: (s) => ({ method: "POST", target: "/repos/acme/api/git/blobs", json: { content: `key = ${s}\n` } }),
  tree: (s) => ({
    method: "POST",
    target: "/repos/acme/api/git/trees",
    json: { base_tree: "{root}", tree: [{ path: "src/a.js", mode: "100644", content: `"${s}"` }] },
  }),
  commit: (s) => ({
    method: "POST",
    target: "/repos/acme/api/git/commits",
    json: { message: `use ${s}`, tree: "{root}", parents: ["{main}"] },
  }),
  graphql: (s) => ({
    method: "POST",
    target: "/graphql",
    json: {
      query: "mutation($i:AddCommentInput!){addComment(input:$i){clientMutationId}}",
      variables: { i: { subjectId: "{issueNode}", body: s } },
    },
  }),
  label: (s) => ({
    method: "POST",
    target: "/repos/acme/api/issues/{issue}/labels",
    json: { labels: [s.slice(0, 90)] },
  }),
};
const { title, comment, ...others } = PLACES;
const two = { fakeGhp: "{fakeGhp}", fakePat: "{fakePat}" };

/** Writings that a search must see through. */
const WRITINGS: Readonly<Record<string, string>> = {
  base64: "{fakeGhp:base64}",
  basic: "{fakeGhp:basic}",
  base64url: "{fakeGhp:base64url}",
  hex: "{fakeGhp:hex}",
  "hex-upper": "{fakeGhp:hex-upper}",
  percent: "{fakeGhp:percent-all}",
  "percent-partly": "{fakeGhp:percent-partly}",
  escapes: "{fakeGhp:json-escaped}",
  "new-line": "first\n{fakeGhp}",
  tab: "first\t{fakeGhp}",
  continued: "x={fakeGhp}\\\ny",
};
const packed = (text: string): string => Buffer.from(text).toString("base64");
/** Canary tokens and secrets of a form of one's own, as they are and disguised. */
const OWN: Readonly<Record<string, readonly [guard: Attack["guard"], text: string]>> = {
  canary: ["canary-token", CANARY_TOKEN],
  "canary-in-line": ["canary-token", `password=${CANARY_TOKEN},`],
  "canary-packed": ["canary-token", packed(`login ${CANARY_TOKEN}`)],
  form: ["secret-in-content", OWN_SECRET],
  "form-new-line": ["secret-in-content", `first\n${OWN_SECRET}`],
  "form-packed": ["secret-in-content", packed(packed(OWN_SECRET))],
};

/** Places that take several lines. */
const { label: _label, title: _title, ...TEXTS } = PLACES;

/** A new file by its path in the address. */
const file = (path: string, over: Readonly<Record<string, unknown>> = {}): Ask => ({
  method: "PUT",
  target: `/repos/acme/api/contents/${path}`,
  json: { message: "x", branch: "claude/start", content: "{fakeGhp:base64}", ...over },
});

/** What is near to what the environment file allows, and is not that. */
const NEARLY_ALLOWED: Readonly<Record<string, Ask>> = {
  "folder-beside": file("fixtures-2/a.txt"),
  "folder-below": file("src/fixtures/a.txt"),
  "folder-by-dots": file("fixtures-2/..fixtures/a.txt"),
  "folder-after-its-day": file("old/a.txt"),
  "folder-elsewhere": file("pages/a.txt"),
  message: file("fixtures/b.txt", { message: "use {fakeGhp}", content: "eA==" }),
  comment: comment!("fixtures/a.txt: {fakeGhp}"),
  blob: others["blob"]!("fixtures/a.txt {fakeGhp}"),
  "value-and-another": comment!(`${ALLOWED_TOKEN} {fakeGhp}`),
  "value-longer": comment!(`${ALLOWED_TOKEN}a`),
  "value-within": comment!(`{fakeGhp}${ALLOWED_TOKEN}`),
};

export const credentials: CaseFile = {
  class: 17,
  attacks: [
    ...each(kinds, (secret, name): Attack =>
      attack(
        `17.comment-${name}`,
        `a comment with ${name.slice(4)}`,
        "secret-in-content",
        comment!(secret.replace(/"/g, "")),
      ),
    ),
    ...each({ fakeGhp: "{fakeGhp}" }, (secret, name): Attack =>
      attack(`17.title-${name}`, `a title with ${name.slice(4)}`, "secret-in-content", title!(secret)),
    ),
    ...pairs(others, two, (place, secret, name): Attack =>
      attack(`17.${name}`, `a credential in a ${name.split("-")[0] ?? ""}`, "secret-in-content", place(secret)),
    ),
    ...each({ plain: "base64", wrapped: "wrapped" }, (how, name): Attack =>
      attack(`17.file-${name}`, `a credential in a file (${how})`, "secret-in-content", {
        method: "PUT",
        target: "/repos/acme/api/contents/src/a.txt",
        json: {
          message: "x",
          branch: "claude/start",
          content: how === "base64" ? "{fakeGhp:base64}" : "{fakeGhp:base64}\n",
        },
      }),
    ),
    attack("17.blob-base64", "a credential in a blob in base64", "secret-in-content", {
      method: "POST",
      target: "/repos/acme/api/git/blobs",
      json: { content: "{fakeGhp:base64}", encoding: "base64" },
    }),
    attack(
      "17.commit-file",
      "a credential in a file by GraphQL",
      "secret-in-content",
      {
        method: "POST",
        target: "/graphql",
        json: {
          query: "mutation($i:CreateCommitOnBranchInput!){createCommitOnBranch(input:$i){clientMutationId}}",
          variables: {
            i: {
              branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
              expectedHeadOid: "{head}",
              message: { headline: "x" },
              fileChanges: { additions: [{ path: "a.txt", contents: "{fakeGhp:base64}" }] },
            },
          },
        },
      },
      {
        // What stood there before is not held against the agent: the gate reads the branch's files first.
        lookups: [/^GET \/api\/v3\/repos\/acme\/api\/(?:compare\/main\.\.\.claude%2Fstart|contents\/(?:a\.txt)?)\?/],
      },
    ),
    attack("17.escaped", "a credential in JSON escapes", "secret-in-content", {
      method: "POST",
      target: "/repos/acme/api/issues/{issue}/comments",
      headers: [["Content-Type", "application/json"]],
      body: '{"body":"{fakeGhp:json-escaped}"}',
    }),
    attack("17.escaped-partly", "a credential with one escape", "secret-in-content", {
      method: "POST",
      target: "/repos/acme/api/issues/{issue}/comments",
      headers: [["Content-Type", "application/json"]],
      body: '{"body":"{fakeGhp:json-escaped-partly}"}',
    }),
    ...each(
      { example: "EXAMPLE", crosses: "x".repeat(40), counted: "abcdefghijklmnopqrstuvwxyz", word: "_your_token" },
      (behind, name): Attack =>
        attack(
          `17.dressed-${name}`,
          "a credential dressed up as a placeholder",
          "secret-in-content",
          comment!(`{fakeGhp}${behind}`),
        ),
    ),
    ...each(NEARLY_ALLOWED, (ask, name): Attack =>
      attack(`17.nearly-allowed-${name}`, "a credential near to one that is allowed", "secret-in-content", ask, {
        gate: "allowing",
      }),
    ),
    attack(
      "17.stood-elsewhere",
      "a credential in a file that is named by another id than it has",
      "secret-in-content",
      file("README.md", { sha: "{main}" }),
      { lookups: [/^GET \/api\/v3\/repos\/acme\/api\/(?:compare|contents|git)\//] },
    ),
    answered(
      "17.stood-unknown",
      "a credential in a file while GitHub cannot say what stood there",
      "upstream-error",
      file("README.md", { sha: "{main}" }),
      [
        { at: "/api/v3/repos/acme/api/compare", body: '{"files":[]}' },
        { at: "/api/v3/repos/acme/api/contents/README.md", body: '{"type":"file"}' },
        { at: "/api/v3/repos/acme/api/contents/?", status: 500 },
      ],
      { atMost: 3 },
    ),
    ...pairs({ comment: comment!, blob: others["blob"]!, graphql: others["graphql"]! }, WRITINGS, (place, text, name) =>
      attack(`17.written-${name}`, "a credential in another writing", "secret-in-content", place(text)),
    ),
    ...pairs(TEXTS, OWN, (place, [guard, text], name) =>
      attack(`17.own-${name}`, "a secret of one's own", guard, place(text), { gate: "allowing" }),
    ),
    ...each(OWN, ([guard, text], name) =>
      attack(
        `17.own-file-${name}`,
        "a secret of one's own in a file",
        guard,
        file("src/a.txt", { content: packed(text) }),
        {
          gate: "allowing",
        },
      ),
    ),
    attack(
      "17.canary-in-allowed-folder",
      "a canary token where credentials are allowed",
      "canary-token",
      file("fixtures/a.txt", { content: packed(CANARY_TOKEN) }),
      { gate: "allowing" },
    ),
    ...each({ path: "src/{fakeGhp}.txt", folder: "{fakeGhp}/a.txt", own: `src/${OWN_SECRET}` }, (path, name) =>
      attack(
        `17.name-${name}`,
        "a secret as the name of a file",
        "secret-in-content",
        file(path, { content: "eA==" }),
        {
          gate: "allowing",
        },
      ),
    ),
    attack("17.gate-key", "the gate key itself", "secret-in-content", comment!("{key}")),
    attack("17.operator-key", "the operator's key", "secret-in-content", comment!("{operatorKey}")),
    attack("17.base64-spaces", "base64 that another reader would read", "body-value", {
      method: "PUT",
      target: "/repos/acme/api/contents/src/a.txt",
      json: { message: "x", branch: "claude/start", content: "e A==" },
    }),
    attack("17.base64-url", "base64 of the other alphabet", "body-value", {
      method: "PUT",
      target: "/repos/acme/api/contents/src/a.txt",
      json: { message: "x", branch: "claude/start", content: "-_-_" },
    }),
    attack("17.base64-padding", "base64 with too little padding", "body-value", {
      method: "PUT",
      target: "/repos/acme/api/contents/src/a.txt",
      json: { message: "x", branch: "claude/start", content: "eHg" },
    }),
    attack("17.base64-middle", "base64 with padding in the middle", "body-value", {
      method: "PUT",
      target: "/repos/acme/api/contents/src/a.txt",
      json: { message: "x", branch: "claude/start", content: "eA==eHh4" },
    }),
  ],
  twins: [
    twin("17.twin-allowed-file", "a credential in an allowed file", 201, file("fixtures/c.txt"), undefined, {
      gate: "allowing",
    }),
    twin("17.twin-alert-only", "a kind that only raises an alert", 201, comment!("see CASE-2026-123456"), undefined, {
      gate: "allowing",
    }),
    twin(
      "17.twin-near-canary",
      "a word near to a canary token",
      201,
      comment!(`${CANARY_TOKEN}x ${packed("x".repeat(40))}`),
      undefined,
      {
        gate: "allowing",
      },
    ),
    twin("17.twin-allowed-value", "an allowed value", 201, comment!(`see ${ALLOWED_TOKEN}.`), undefined, {
      gate: "allowing",
    }),
    twin(
      "17.twin-placeholder",
      "a placeholder for a token",
      201,
      comment!("export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ),
    twin(
      "17.twin-example",
      "an example of the documentation",
      201,
      comment!("aws_access_key_id = AKIAIOSFODNN7EXAMPLE"),
    ),
    twin(
      "17.twin-short",
      "a word that only begins like a token",
      201,
      comment!("the prefix ghp_ stands for a classic token, sk-ant- for a key"),
    ),
    twin("17.twin-file", "a file in base64", 201, {
      method: "PUT",
      target: "/repos/acme/api/contents/src/twin.txt",
      json: { message: "x", branch: "claude/start", content: "aGVsbG8gd29ybGQK" },
    }),
    twin("17.twin-blob", "a blob", 201, {
      method: "POST",
      target: "/repos/acme/api/git/blobs",
      json: { content: "hello\n" },
    }),
  ],
};
