import { createHash } from "node:crypto";
import { attack, each } from "./build";
import type { Ask, Attack, CaseFile, HostileReply, Twin } from "../support/types";

const TYPE = [["Content-Type", "application/vnd.git-lfs+json"]] as const;
const BATCH = "/acme/api.git/info/lfs/objects/batch";
const TEXT = "the content of a large file\n";
const OID = createHash("sha256").update(TEXT).digest("hex");
const SECRET = `key gh${"p"}_${Buffer.from("a made-up token of the corpus").toString("hex").slice(0, 36)}\n`;
const SECRET_OID = createHash("sha256").update(SECRET).digest("hex");

const object = { oid: OID, size: TEXT.length };
const ask = (body: unknown, target = BATCH): Ask => ({
  method: "POST",
  target,
  headers: TYPE,
  body: JSON.stringify(body),
});
const UPLOAD = ask({ operation: "upload", transfers: ["basic"], objects: [object] });
const DOWNLOAD = ask({ operation: "download", transfers: ["basic"], objects: [object] });

/** GitHub's answer to a batch, with an address for each action. */
const located = (
  action: string,
  href: string,
  extra: Readonly<Record<string, unknown>> = {},
  given: { oid: string; size: number } = object,
): HostileReply => ({
  at: "/acme/api.git/info/lfs",
  headers: { "content-type": "application/vnd.git-lfs+json" },
  body: JSON.stringify({ transfer: "basic", objects: [{ ...given, actions: { [action]: { href, ...extra } } }] }),
});

/** Batches that are refused before GitHub hears of them. */
const REFUSED: Readonly<Record<string, readonly [ask: Ask, guard: Attack["guard"]]>> = {
  unlisted: [
    ask({ operation: "download", objects: [object] }, "/acme/secrets.git/info/lfs/objects/batch"),
    "repository-not-listed",
  ],
  "upload-read-only": [
    ask({ operation: "upload", objects: [object] }, "/acme/docs.git/info/lfs/objects/batch"),
    "access-read-only",
  ],
  "object-read-only": [
    { method: "PUT", target: `/acme/docs.git/info/lfs/objects/${OID}`, body: TEXT },
    "access-read-only",
  ],
  operation: [ask({ operation: "delete", objects: [object] }), "body-value"],
  "oid-path": [ask({ operation: "download", objects: [{ oid: `../${OID}`.slice(0, 64), size: 1 }] }), "body-value"],
  "oid-upper": [ask({ operation: "download", objects: [{ oid: OID.toUpperCase(), size: 1 }] }), "body-value"],
  "size-negative": [ask({ operation: "upload", objects: [{ oid: OID, size: -1 }] }), "body-value"],
  "size-large": [ask({ operation: "upload", objects: [{ oid: OID, size: 1_000_001 }] }), "push-too-large"],
  "size-together": [
    ask({
      operation: "upload",
      objects: [
        { oid: OID, size: 600_000 },
        { oid: SECRET_OID, size: 600_000 },
      ],
    }),
    "push-too-large",
  ],
  transfers: [ask({ operation: "download", transfers: ["tus", "ssh"], objects: [object] }), "body-value"],
  key: [ask({ operation: "download", objects: [object], authenticated: true }), "body-key-not-allowed"],
  hash: [ask({ operation: "download", objects: [object], hash_algo: "md5" }), "body-value"],
  many: [ask({ operation: "download", objects: Array.from({ length: 101 }, () => object) }), "body-value"],
  "key-twice": [
    {
      method: "POST",
      target: BATCH,
      headers: TYPE,
      body: `{"operation":"download","operation":"upload","objects":[]}`,
    },
    "body-duplicate-key",
  ],
  type: [{ method: "POST", target: BATCH, headers: [["Content-Type", "application/json"]], body: "{}" }, "media-type"],
  gzip: [
    { method: "POST", target: BATCH, headers: [...TYPE, ["Content-Encoding", "gzip"]], body: "{}" },
    "encoding-not-inspected",
  ],
  query: [ask({ operation: "download", objects: [object] }, `${BATCH}?x=1`), "query-not-allowed"],
  locks: [{ target: "/acme/api.git/info/lfs/locks" }, "not-found"],
  "batch-get": [{ target: BATCH }, "lfs-refused"],
  "object-delete": [{ method: "DELETE", target: `/acme/api.git/info/lfs/objects/${OID}` }, "lfs-refused"],
  "object-no-oid": [{ target: "/acme/api.git/info/lfs/objects/abc" }, "lfs-refused"],
  "no-seal": [{ target: `/acme/api.git/info/lfs/objects/${OID}` }, "lfs-refused"],
  "forged-seal": [
    {
      target: `/acme/api.git/info/lfs/objects/${OID}`,
      headers: [
        [
          "X-Gatehouse-Lfs",
          Buffer.from(JSON.stringify({ href: "http://127.0.0.1:1/", oid: OID, action: "download" })).toString(
            "base64url",
          ),
        ],
      ],
    },
    "lfs-refused",
  ],
  "upload-no-seal": [{ method: "PUT", target: `/acme/api.git/info/lfs/objects/${OID}`, body: TEXT }, "lfs-refused"],
  "verify-no-seal": [
    { method: "POST", target: `/acme/api.git/info/lfs/objects/${OID}/verify`, headers: TYPE, body: "{}" },
    "lfs-refused",
  ],
};

/** Answers of GitHub's to a batch that must not be passed on. */
const ANSWERS: Readonly<Record<string, HostileReply>> = {
  foreign: located("download", "https://evil.example/x"),
  "other-port": located("download", "http://127.0.0.1:1/x"),
  "user-info": located("download", "http://user@{hostileHost}/x"),
  scheme: located("download", "file:///etc/passwd"),
  "no-address": located("download", "nowhere"),
  "header-split": located("download", "{hostile}/storage/x", { header: { "X-A": "a\r\nHost: evil.example" } }),
  "header-name": located("download", "{hostile}/storage/x", { header: { "X A": "a" } }),
  "other-object": located("download", "{hostile}/storage/x", {}, { oid: SECRET_OID, size: 1 }),
  "other-size": located("download", "{hostile}/storage/x", {}, { oid: OID, size: 1 }),
  transfer: { at: "/acme/api.git/info/lfs", body: '{"transfer":"tus","objects":[]}' },
  garbled: { at: "/acme/api.git/info/lfs", body: "<html>" },
};

const SEALED = /"X-Gatehouse-LFS":"([^"]+)"/i;
const batchThen = (
  id: string,
  title: string,
  guard: Attack["guard"],
  first: Ask,
  replies: readonly HostileReply[],
  then: Ask,
  extra: Partial<Attack> = {},
): Attack => ({
  id: `24.${id}`,
  title,
  guard,
  gate: "lfs",
  hostile: replies,
  asks: [first],
  carry: SEALED,
  ask: then,
  reaches: /^POST \/acme\/api\.git\/info\/lfs\/objects\/batch$/,
  atMost: 1,
  ...extra,
});
const carried = [["X-Gatehouse-Lfs", "{carried}"]] as const;
const put = (oid: string, body: string): Ask => ({
  method: "PUT",
  target: `/acme/api.git/info/lfs/objects/${oid}`,
  headers: [...carried, ["Content-Type", "application/octet-stream"]],
  body,
});
const STORAGE = "{hostile}/storage/x";

export const lfs: CaseFile = {
  class: 24,
  attacks: [
    ...each(REFUSED, ([request, guard], name): Attack =>
      attack(`24.${name}`, name.replaceAll("-", " "), guard, request, { gate: "lfs" }),
    ),
    ...each(ANSWERS, (reply, name): Attack =>
      attack(`24.answer-${name}`, `GitHub's answer holds a ${name.replaceAll("-", " ")}`, "answer-refused", DOWNLOAD, {
        gate: "lfs",
        hostile: [reply],
        reaches: /./,
        atMost: 1,
      }),
    ),
    attack("24.answer-address", "the address of an object is shown", "filter:lfs-seal", DOWNLOAD, {
      gate: "lfs",
      hostile: [
        located("download", "{hostile}/storage/address-secret", {
          header: { Authorization: "RemoteAuth address-secret" },
        }),
      ],
      reaches: /./,
      status: 200,
      forbid: ["address-secret", "RemoteAuth"],
    }),
    batchThen(
      "download-other",
      "a sealed address for another object",
      "lfs-refused",
      DOWNLOAD,
      [located("download", STORAGE)],
      { target: `/acme/api.git/info/lfs/objects/${SECRET_OID}`, headers: carried },
    ),
    batchThen(
      "download-other-repository",
      "a sealed address at another repository",
      "lfs-refused",
      DOWNLOAD,
      [located("download", STORAGE)],
      { target: `/acme/docs.git/info/lfs/objects/${OID}`, headers: carried },
    ),
    batchThen(
      "upload-by-download",
      "an upload by the address of a download",
      "lfs-refused",
      DOWNLOAD,
      [located("download", STORAGE)],
      put(OID, TEXT),
    ),
    batchThen(
      "verify-by-upload",
      "a confirmation by the address of an upload",
      "lfs-refused",
      UPLOAD,
      [located("upload", STORAGE)],
      {
        method: "POST",
        target: `/acme/api.git/info/lfs/objects/${OID}/verify`,
        headers: [...TYPE, ...carried],
        body: "{}",
      },
    ),
    batchThen(
      "seal-changed",
      "a sealed address with a changed end",
      "lfs-refused",
      DOWNLOAD,
      [located("download", STORAGE)],
      { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: [["X-Gatehouse-Lfs", "{carried}A"]] },
    ),
    batchThen(
      "content",
      "content that is not what its id says",
      "body-value",
      UPLOAD,
      [located("upload", STORAGE)],
      put(OID, TEXT.replace("large", "other")),
    ),
    batchThen(
      "content-long",
      "content beyond its size",
      "body-too-large",
      UPLOAD,
      [located("upload", STORAGE)],
      put(OID, TEXT + TEXT),
    ),
    batchThen(
      "content-short",
      "content below its size",
      "body-aborted",
      UPLOAD,
      [located("upload", STORAGE)],
      put(OID, TEXT.slice(1)),
    ),
    batchThen(
      "content-secret",
      "a credential as a large file",
      "secret-in-content",
      ask({ operation: "upload", transfers: ["basic"], objects: [{ oid: SECRET_OID, size: SECRET.length }] }),
      [located("upload", STORAGE, {}, { oid: SECRET_OID, size: SECRET.length })],
      put(SECRET_OID, SECRET),
    ),
    batchThen("content-gzip", "compressed content", "encoding-not-inspected", UPLOAD, [located("upload", STORAGE)], {
      ...put(OID, TEXT),
      headers: [...carried, ["Content-Encoding", "gzip"]],
    }),
    batchThen(
      "upload-error",
      "the storage's error at an upload",
      "upstream-error",
      UPLOAD,
      [located("upload", STORAGE), { at: "/storage", status: 500, body: "address-secret" }],
      put(OID, TEXT),
      { reaches: /./, atMost: 2, forbid: ["address-secret"] },
    ),
    batchThen(
      "verify-error",
      "the storage's error at a confirmation",
      "upstream-error",
      UPLOAD,
      [located("verify", STORAGE), { at: "/storage", status: 500, body: "address-secret" }],
      {
        method: "POST",
        target: `/acme/api.git/info/lfs/objects/${OID}/verify`,
        headers: [...TYPE, ...carried],
        body: "{}",
      },
      { reaches: /./, atMost: 2, forbid: ["address-secret"] },
    ),
    batchThen(
      "download-redirect",
      "the storage leads elsewhere",
      "redirect-refused",
      DOWNLOAD,
      [located("download", STORAGE), { at: "/storage", status: 302, headers: { location: "https://evil.example/x" } }],
      { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: carried },
      { reaches: /./, atMost: 2 },
    ),
    batchThen(
      "download-error",
      "the storage's error page",
      "upstream-error",
      DOWNLOAD,
      [located("download", STORAGE), { at: "/storage", status: 403, body: "address-secret" }],
      { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: carried },
      { reaches: /./, atMost: 2, forbid: ["address-secret"] },
    ),
    batchThen(
      "download-large",
      "an object larger than any download",
      "answer-too-large",
      ask({ operation: "download", objects: [{ oid: OID, size: 2_000_001 }] }),
      [located("download", STORAGE, {}, { oid: OID, size: 2_000_001 })],
      { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: carried },
    ),
  ],
  twins: [
    {
      id: "24.twin-download",
      title: "a download",
      gate: "lfs",
      hostile: [
        located("download", STORAGE),
        { at: "/storage", headers: { "content-type": "application/octet-stream" }, body: TEXT },
      ],
      asks: [DOWNLOAD],
      carry: SEALED,
      ask: { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: carried },
      status: 200,
      sent: "GET /storage/x",
    } satisfies Twin,
    {
      id: "24.twin-upload",
      title: "an upload",
      gate: "lfs",
      hostile: [located("upload", STORAGE), { at: "/storage", body: "" }],
      asks: [UPLOAD],
      carry: SEALED,
      ask: put(OID, TEXT),
      status: 200,
      sent: "PUT /storage/x",
    } satisfies Twin,
  ],
};
