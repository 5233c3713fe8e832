import { createHash } from "node:crypto";
import { answered, attack, GET_API, HEAD, raw, twin, followed } from "./build";
import type { CaseFile } from "../support/types";

const API = { target: "/repos/acme/api" };
const issue = (body: string): { method: string; target: string; headers: [string, string][]; body: string } => ({
  method: "POST",
  target: "/repos/acme/api/issues",
  headers: [["Content-Type", "application/json"]],
  body,
});
const receive = {
  method: "POST",
  target: "/acme/api.git/git-receive-pack",
  headers: [["Content-Type", "application/x-git-receive-pack-request"]] as const,
};
const ZERO = "0".repeat(40);
const TARBALL = { target: "/repos/acme/api/tarball/main" };

/** Bytes that do not compress, the same in every run. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash("sha512").update(String(i)).digest(),
  );
  return Buffer.concat(blocks, length);
}

export const sizeAndTime: CaseFile = {
  class: 14,
  attacks: [
    attack(
      "14.body",
      "a body over the limit",
      "body-too-large",
      issue(JSON.stringify({ title: "x", body: "x".repeat(300_000) })),
    ),
    attack("14.body-chunked", "a body over the limit in chunks", "body-too-large", {
      ...issue(JSON.stringify({ title: "x", body: "x".repeat(300_000) })),
      chunked: true,
    }),
    attack(
      "14.body-far-over",
      "a body far over the limit in chunks",
      "body-too-large",
      { ...issue("x".repeat(3_000_000)), chunked: true },
      { orElse: ["runtime"] },
    ),
    attack("14.body-graphql", "a GraphQL body over the limit", "body-too-large", {
      method: "POST",
      target: "/graphql",
      headers: [["Content-Type", "application/json"]],
      body: " ".repeat(300_000),
    }),
    raw("14.length-huge", "an enormous length and no body", "body-too-large", [
      "POST /repos/acme/api/issues HTTP/1.1",
      ...HEAD,
      "Content-Type: application/json",
      "Content-Length: 99999999999999",
      "",
      "",
    ]),
    raw(
      "14.length-overflow",
      "a length beyond every integer",
      "runtime",
      [
        "POST /repos/acme/api/issues HTTP/1.1",
        ...HEAD,
        "Content-Type: application/json",
        "Content-Length: 99999999999999999999999",
        "",
        "{}",
      ],
      { orElse: ["header-duplicate", "body-too-large"] },
    ),
    raw("14.push-length", "a push that announces too much", "push-too-large", [
      "POST /acme/api.git/git-receive-pack HTTP/1.1",
      ...HEAD,
      "Content-Type: application/x-git-receive-pack-request",
      "Content-Length: 1000001",
      "",
      "",
    ]),
    attack("14.push", "a push over the limit in chunks", "push-too-large", {
      ...receive,
      chunked: true,
      body: (kit) => kit.push([[ZERO, kit.main, "refs/heads/claude/large"]], kit.pack([kit.blob(noise(1_200_000))])),
    }),
    attack("14.push-objects", "a push with too many objects", "pack-too-many-objects", {
      ...receive,
      body: (kit) =>
        kit.push(
          [[ZERO, kit.main, "refs/heads/claude/many"]],
          kit.pack(Array.from({ length: 201 }, (_, i) => kit.blob(String(i)))),
        ),
    }),
    attack("14.push-objects-lie", "a pack that claims four billion objects", "pack-too-many-objects", {
      ...receive,
      body: (kit) => kit.push([[ZERO, kit.main, "refs/heads/claude/many"]], kit.pack([], { count: 0xffffffff })),
    }),
    attack("14.push-commands", "a push with too many commands", "git-malformed", {
      ...receive,
      body: (kit) =>
        kit.push(Array.from({ length: 40 }, (_, i) => [ZERO, kit.main, `refs/heads/claude/c${i}`] as const)),
    }),
    attack("14.push-commands-endless", "commands without an end", "git-malformed", {
      ...receive,
      body: (kit) =>
        Buffer.concat(Array.from({ length: 900 }, (_, i) => kit.command(ZERO, kit.main, `refs/heads/claude/c${i}`))),
    }),
    attack("14.push-shallow-endless", "shallow lines without an end", "git-malformed", {
      ...receive,
      body: (kit) =>
        Buffer.concat([
          ...Array.from({ length: 1500 }, () => Buffer.from(`0034shallow ${kit.main}`)),
          Buffer.from("0000"),
        ]),
    }),
    attack("14.tree-entries", "a tree with too many entries", "body-value", {
      method: "POST",
      target: "/repos/acme/api/git/trees",
      json: { base_tree: "{root}", tree: Array.from({ length: 10_001 }, () => 0) },
    }),
    attack("14.labels", "an endless list of labels", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "x", labels: Array.from({ length: 101 }, (_, i) => `l${i}`) },
    }),
    attack("14.title", "a title without an end", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "x".repeat(1025) },
    }),
    attack(
      "14.deep",
      "a body nested beyond reason",
      "body-too-deep",
      issue(`{"title":"x","labels":${"[".repeat(50)}${"]".repeat(50)}}`),
    ),
    attack(
      "14.deep-objects",
      "a body of objects in objects beyond reason",
      "body-too-deep",
      issue(`{"title":"x","labels":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`),
    ),
    attack(
      "14.deeper",
      "a body nested beyond every stack",
      "body-too-deep",
      issue(`{"title":"x","labels":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
      { orElse: ["body-malformed"] },
    ),
    attack(
      "14.target",
      "a target over the limit",
      "target-too-long",
      { target: `/repos/acme/api/contents/${"a".repeat(8200)}` },
      { orElse: ["runtime"] },
    ),
    attack(
      "14.target-query",
      "a query over the limit",
      "target-too-long",
      { target: `/repos/acme/api/issues?labels=${"a".repeat(8200)}` },
      { orElse: ["runtime"] },
    ),
    attack("14.path-long", "a file's path beyond every file system", "parameter-value", {
      target: `/repos/acme/api/contents/${"a".repeat(4097)}`,
    }),
    attack(
      "14.header-huge",
      "a header of a hundred kilobytes",
      "filter:header-allow-list",
      { ...API, headers: [["X-Long", "x".repeat(100_000)]] },
      { orElse: ["runtime"], reaches: /^GET \/api\/v3\/repos\/acme\/api$/, forbidSent: ["xxxxxxxx"] },
    ),
    attack(
      "14.header-many",
      "thousands of headers",
      "filter:header-allow-list",
      {
        ...API,
        headers: Array.from({ length: 3000 }, (_, i) => [`X-Header-Number-${i}`, "xxxxxxxxxxxxxxxxxxxx"] as const),
      },
      { reaches: /^GET \/api\/v3\/repos\/acme\/api$/, forbidSent: ["xxxxxxxx"] },
    ),
    attack("14.key-huge", "a key without an end", "unauthenticated", {
      ...API,
      authorization: `Bearer ${"x".repeat(5000)}`,
    }),
    raw(
      "14.cut-body",
      "a body that never comes",
      "runtime",
      [
        "POST /repos/acme/api/issues HTTP/1.1",
        ...HEAD,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "",
        "zz",
        "",
      ],
      { orElse: ["body-aborted"] },
    ),
    raw(
      "14.chunk-size",
      "a chunk with an enormous size",
      "runtime",
      [
        "POST /repos/acme/api/issues HTTP/1.1",
        ...HEAD,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "",
        "ffffffffffffffffff",
        "x",
        "",
      ],
      { orElse: ["body-aborted", "body-too-large"] },
    ),
    answered("14.slow", "GitHub is too slow", "upstream-timeout", API, [{ delayMs: 3000 }]),
    answered(
      "14.slow-write",
      "GitHub is too slow with a write",
      "upstream-timeout",
      { method: "POST", target: "/repos/acme/api/issues", json: { title: "x" } },
      [{ delayMs: 3000 }],
    ),
    answered(
      "14.slow-git",
      "GitHub is too slow with git",
      "upstream-timeout",
      {
        method: "POST",
        target: "/acme/api.git/git-upload-pack",
        headers: [["Content-Type", "application/x-git-upload-pack-request"]],
        body: "0014command=ls-refs\n0000",
      },
      [{ delayMs: 3000 }],
    ),
    answered(
      "14.slow-look-up",
      "a look-up is too slow",
      "upstream-timeout",
      { method: "POST", target: "/repos/acme/api/git/refs", json: { ref: "refs/heads/claude/x", sha: "{main}" } },
      [{ delayMs: 3000 }],
    ),
    followed(
      "14.slow-download",
      "a download host is too slow",
      "upstream-error",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
        { at: "/codeload", delayMs: 3000 },
      ],
      { atMost: 2, orElse: ["upstream-timeout"] },
    ),
    answered("14.breaks", "GitHub breaks off", "upstream-error", API, [
      { headers: { "content-length": "100" }, body: '{"a":', breaks: true },
    ]),
    answered(
      "14.breaks-look-up",
      "a look-up breaks off",
      "upstream-error",
      { method: "POST", target: "/repos/acme/api/git/refs", json: { ref: "refs/heads/claude/x", sha: "{main}" } },
      [{ headers: { "content-length": "100" }, body: '{"files":[]', breaks: true }],
    ),
    answered("14.answer-large", "GitHub's answer is too large", "answer-too-large", API, [
      { body: Buffer.alloc(17 * 1024 * 1024, 32) },
    ]),
    followed(
      "14.download-announced",
      "a download that announces too much",
      "answer-too-large",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
        { at: "/codeload", headers: { "content-length": "2000001" }, body: Buffer.alloc(2_000_001) },
      ],
      { atMost: 2 },
    ),
    answered(
      "14.fetch-large",
      "a fetch that brings too much breaks off",
      "filter:download",
      {
        method: "POST",
        target: "/acme/api.git/git-upload-pack",
        headers: [["Content-Type", "application/x-git-upload-pack-request"]],
        body: "0014command=ls-refs\n0000",
      },
      [
        {
          headers: { "content-type": "application/x-git-upload-pack-result" },
          body: Buffer.concat([Buffer.alloc(2_100_000, 48), Buffer.from("LAST-BYTES")]),
        },
      ],
      { forbid: ["LAST-BYTES"] },
    ),
    answered(
      "14.change-lines",
      "a proposal with too many lines",
      "change-too-large",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: '{"files":[{"filename":"a","changes":2001}]}' }],
    ),
    answered(
      "14.change-files",
      "a proposal with too many files",
      "change-too-large",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: JSON.stringify({ files: Array.from({ length: 101 }, (_, i) => ({ filename: `f${i}`, changes: 1 })) }) }],
    ),
    answered(
      "14.change-hidden",
      "a proposal whose files are not all listed",
      "change-not-inspectable",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: JSON.stringify({ files: Array.from({ length: 300 }, (_, i) => ({ filename: `f${i}`, changes: 0 })) }) }],
    ),
    answered(
      "14.change-none",
      "a look-up that lists no files",
      "change-not-inspectable",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: "{}" }],
    ),
    answered(
      "14.change-garbled",
      "a look-up that is no JSON",
      "change-not-inspectable",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: "<html>" }],
    ),
    answered(
      "14.change-name",
      "a look-up whose file has no name",
      "change-not-inspectable",
      { method: "POST", target: "/repos/acme/api/pulls", json: { title: "x", head: "claude/start", base: "main" } },
      [{ body: '{"files":[{"changes":1}]}' }],
    ),
  ],
  twins: [
    twin("14.twin-body", "a body just below the limit", 201, {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "Long", body: "x".repeat(60_000) },
    }),
    {
      id: "14.twin-slow",
      title: "a GitHub that takes its time",
      gate: "hostile",
      ask: API,
      hostile: [{ delayMs: 300 }],
      status: 200,
      sent: "GET /api/v3/repos/acme/api",
    },
    {
      id: "14.twin-split",
      title: "a head that comes in pieces of one line",
      raw: [...GET_API, "", ""].join("\r\n"),
      status: 200,
      sent: "GET /api/v3/repos/acme/api",
    },
  ],
};
