import { createHash } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { answered, attack, each, twin } from "./build";
import type { Ask, Attack, CaseFile } from "../support/types";

const ISSUE = Buffer.from(JSON.stringify({ title: "x" }));
const QUERY = Buffer.from(JSON.stringify({ query: "{viewer{login}}" }));
const LS_REFS = Buffer.from("0014command=ls-refs\n0000");

/** Encodings that the gate does not inspect, with a body that is really encoded so where that is possible. */
const ENCODINGS: Readonly<Record<string, readonly [value: string, encode: (body: Buffer) => Buffer]>> = {
  gzip: ["gzip", gzipSync],
  "gzip-upper": ["GZIP", gzipSync],
  "x-gzip": ["x-gzip", gzipSync],
  deflate: ["deflate", deflateSync],
  "deflate-raw": ["deflate", deflateRawSync],
  brotli: ["br", brotliCompressSync],
  zstd: ["zstd", (b) => b],
  compress: ["compress", (b) => b],
  unknown: ["rot13", (b) => b],
  list: ["gzip, gzip", (b) => gzipSync(gzipSync(b))],
  "list-identity": ["identity, gzip", gzipSync],
  "lying-gzip": ["gzip", (b) => b],
  empty: [" ,", (b) => b],
  aws: ["aws-chunked", (b) => b],
};

const json = (target: string, encoding: string, body: Buffer): Ask => ({
  method: "POST",
  target,
  headers: [
    ["Content-Type", "application/json"],
    ["Content-Encoding", encoding],
  ],
  body,
});
const git = (service: "upload" | "receive", encoding: string, body: Buffer): Ask => ({
  method: "POST",
  target: `/acme/api.git/git-${service}-pack`,
  headers: [
    ["Content-Type", `application/x-git-${service}-pack-request`],
    ["Content-Encoding", encoding],
  ],
  body,
});
const zeros = (megabytes: number): Buffer => Buffer.alloc(megabytes * 1024 * 1024);

export const compression: CaseFile = {
  class: 13,
  attacks: [
    ...each(ENCODINGS, ([value, encode], name): Attack =>
      attack(
        `13.rest-${name}`,
        `a REST body as ${value}`,
        "encoding-not-inspected",
        json("/repos/acme/api/issues", value, encode(ISSUE)),
      ),
    ),
    ...each(ENCODINGS, ([value, encode], name): Attack =>
      attack(
        `13.graphql-${name}`,
        `a GraphQL body as ${value}`,
        "encoding-not-inspected",
        json("/graphql", value, encode(QUERY)),
      ),
    ),
    ...each(
      Object.fromEntries(Object.entries(ENCODINGS).filter(([name]) => !/gzip$|gzip-upper/.test(name))),
      ([value, encode], name): Attack =>
        attack(
          `13.git-${name}`,
          `a git body as ${value}`,
          "encoding-not-inspected",
          git("upload", value, encode(LS_REFS)),
        ),
    ),
    attack(
      "13.git-lying-gzip",
      "a git body that only claims to be compressed",
      "body-aborted",
      git("upload", "gzip", LS_REFS),
      { orElse: ["git-malformed"] },
    ),
    attack(
      "13.git-cut-gzip",
      "a git body whose compression ends early",
      "body-aborted",
      git("upload", "gzip", gzipSync(LS_REFS).subarray(0, -6)),
      { orElse: ["git-malformed"] },
    ),
    attack(
      "13.push-cut-gzip",
      "a push whose compression ends in its commands",
      "body-aborted",
      git("receive", "gzip", gzipSync(Buffer.from(`00${"7".repeat(30)}`)).subarray(0, -12)),
      { orElse: ["git-malformed"] },
    ),
    attack("13.push-cut-pack", "a push whose compression ends in its pack", "body-aborted", {
      ...git("receive", "gzip", Buffer.alloc(0)),
      body: (kit) =>
        gzipSync(
          kit.pushChange("refs/heads/claude/cut", {
            "a.txt": createHash("sha512").update("a").digest("hex").repeat(40),
            "b.txt": "x",
          }),
        ).subarray(0, -20),
    }),
    attack(
      "13.git-twice",
      "a git body compressed twice",
      "git-malformed",
      git("upload", "gzip", gzipSync(gzipSync(LS_REFS))),
      { orElse: ["git-command"] },
    ),
    attack(
      "13.git-behind-gzip",
      "bytes behind a compressed git body",
      "body-aborted",
      git("upload", "gzip", Buffer.concat([gzipSync(LS_REFS), Buffer.from("0000")])),
      { orElse: ["git-malformed"] },
    ),
    attack(
      "13.git-bomb-fetch",
      "a compressed bomb as a fetch",
      "body-too-large",
      git("upload", "gzip", gzipSync(zeros(64))),
    ),
    attack(
      "13.git-bomb-push",
      "a compressed bomb as a push",
      "git-malformed",
      git("receive", "gzip", gzipSync(zeros(64))),
    ),
    attack(
      "13.git-bomb-pack",
      "a compressed bomb behind a command",
      "push-too-large",
      {
        ...git("receive", "gzip", Buffer.alloc(0)),
        body: (kit) =>
          gzipSync(
            Buffer.concat([
              kit.push([["0".repeat(40), kit.main, "refs/heads/claude/bomb"]], Buffer.alloc(0)),
              kit.pack([kit.blob(zeros(1))]).subarray(0, 40),
              zeros(8),
            ]),
          ),
      },
      { orElse: ["pack-malformed", "body-too-large"] },
    ),
    attack("13.pack-bomb", "a pack whose objects inflate without end", "pack-not-inspectable", {
      method: "POST",
      target: "/acme/api.git/git-receive-pack",
      headers: [["Content-Type", "application/x-git-receive-pack-request"]],
      body: (kit) => {
        const blob = kit.blob(zeros(30));
        return kit.push([["0".repeat(40), kit.main, "refs/heads/claude/bomb"]], kit.pack([blob, blob, blob, blob]));
      },
    }),
    attack("13.pack-size-lie", "an object that inflates beyond its size", "pack-malformed", {
      method: "POST",
      target: "/acme/api.git/git-receive-pack",
      headers: [["Content-Type", "application/x-git-receive-pack-request"]],
      body: (kit) => {
        const pack = kit.pack([kit.blob("x".repeat(100))]);
        pack[12] = 0x31;
        pack[13] = 0x01;
        return kit.push([["0".repeat(40), kit.main, "refs/heads/claude/bomb"]], pack);
      },
    }),
    attack(
      "13.transfer-gzip",
      "compression as a transfer coding",
      "runtime",
      {
        method: "POST",
        target: "/repos/acme/api/issues",
        headers: [
          ["Content-Type", "application/json"],
          ["Transfer-Encoding", "gzip, chunked"],
        ],
        body: "2\r\n{}\r\n0\r\n\r\n",
      },
      { orElse: ["body-value", "body-malformed", "header-duplicate"] },
    ),
    answered(
      "13.answer-bomb",
      "GitHub's answer is a compressed bomb",
      "answer-too-large",
      { target: "/repos/acme/api" },
      [{ gzip: true, body: zeros(40) }],
    ),
    answered(
      "13.answer-lie",
      "GitHub's answer only claims to be compressed",
      "upstream-error",
      { target: "/repos/acme/api" },
      [{ headers: { "content-encoding": "gzip" }, body: "{}" }],
    ),
    answered(
      "13.answer-encoding",
      "the encoding of GitHub's answer is not passed on",
      "filter:answer-headers",
      { target: "/repos/acme/api" },
      [{ gzip: true, body: '{"a":1}' }],
      { status: 200, forbidHeaders: ["content-encoding"], demand: '{"a":1}' },
    ),
  ],
  twins: [
    twin(
      "13.twin-git-gzip",
      "a git request in gzip",
      200,
      {
        ...git("upload", "gzip", gzipSync(LS_REFS)),
        headers: [
          ["Content-Type", "application/x-git-upload-pack-request"],
          ["Content-Encoding", "gzip"],
          ["Git-Protocol", "version=2"],
        ],
      },
      "POST /acme/api.git/git-upload-pack",
    ),
    twin(
      "13.twin-identity",
      "a body that says it is not encoded",
      201,
      json("/repos/acme/api/issues", "identity", Buffer.from(JSON.stringify({ title: "Plain" }))),
    ),
    twin("13.twin-accept", "an agent that takes compressed answers", 200, {
      target: "/repos/acme/api",
      headers: [["Accept-Encoding", "gzip, br"]],
    }),
  ],
};
