import { answered, each, twin, followed } from "./build";
import type { Attack, CaseFile } from "../support/types";

const GUARD = "filter:answer-headers";
const API = { target: "/repos/acme/api" };
const PRIVATE = { "cache-control": "private, no-store" };

/** Rules with which an answer would stay in a shared cache. */
const RULES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  public: { "cache-control": "public, max-age=31536000, immutable" },
  shared: { "cache-control": "s-maxage=86400" },
  "stale-error": { "cache-control": "max-age=0, stale-if-error=86400, stale-while-revalidate=86400" },
  cdn: { "cdn-cache-control": "max-age=86400" },
  cloudflare: { "cloudflare-cdn-cache-control": "max-age=86400" },
  surrogate: { "surrogate-control": "max-age=86400", "surrogate-key": "x" },
  expires: { expires: "Fri, 01 Jan 2038 00:00:00 GMT" },
  pragma: { pragma: "public" },
  vary: { vary: "X-Nothing", age: "100" },
  "cache-tag": { "cache-tag": "x", "edge-control": "cache-maxage=1d" },
  "x-accel": { "x-accel-expires": "86400", "x-accel-redirect": "/secrets" },
  "no-vary-search": { "no-vary-search": "params" },
  "clear-site": { "clear-site-data": '"*"' },
};

/** Addresses that a cache takes for files anybody may have. */
const FILES = ["style.css", "index.js", "logo.png", "robots.txt", "favicon.ico"];

export const caches: CaseFile = {
  class: 10,
  attacks: [
    ...each(RULES, (headers, name): Attack =>
      answered(
        `10.rule-${name}`,
        `GitHub's answer asks to be kept: ${Object.keys(headers).join(", ")}`,
        GUARD,
        API,
        [{ headers }],
        {
          status: 200,
          forbidHeaders: [...Object.keys(headers).filter((h) => h !== "cache-control")],
          demandHeaders: PRIVATE,
        },
      ),
    ),
    ...each(Object.fromEntries(FILES.map((f) => [f, f])), (file) =>
      answered(
        `10.file-${file}`,
        `an answer that looks like the public file ${file}`,
        GUARD,
        { target: `/repos/acme/api/contents/${file}` },
        [{ headers: { "cache-control": "public, max-age=600" } }],
        { status: 200, demandHeaders: PRIVATE },
      ),
    ),
    {
      ...answered(
        "10.stranger",
        "a stranger asks for what an agent just got",
        "filter:authentication",
        { ...API, authorization: null },
        [{ headers: { "cache-control": "public, max-age=600" }, body: '{"private":"private-thing"}' }],
      ),
      asks: [API],
      demand: "unauthenticated",
      status: 401,
      forbid: [],
    },
    {
      ...answered(
        "10.twice",
        "the same thing twice is asked for twice",
        "filter:cache",
        API,
        [{ headers: { "cache-control": "public, max-age=600", etag: '"e"' }, body: '{"a":1}' }],
        { status: 200, atMost: 2, atLeast: 2 },
      ),
      asks: [API],
    },
    {
      ...answered(
        "10.etag",
        "an answer is not kept behind its ETag",
        "filter:cache",
        { ...API, headers: [["If-None-Match", '"other"']] },
        [{ headers: { etag: '"e"', "cache-control": "max-age=600" } }],
        { status: 200, atMost: 2, atLeast: 2 },
      ),
      asks: [API],
    },
    {
      ...answered(
        "10.error",
        "an error is not kept",
        "filter:cache",
        API,
        [{ status: 404, headers: { "cache-control": "public, max-age=600" } }],
        { status: 404, atMost: 2, atLeast: 2, demandHeaders: PRIVATE },
      ),
      asks: [API],
    },
    {
      ...answered(
        "10.no-cache-request",
        "the agent's cache rules stay with the gate",
        "filter:header-allow-list",
        {
          ...API,
          headers: [
            ["Cache-Control", "only-if-cached, max-stale=1000"],
            ["Pragma", "evil-value"],
          ],
        },
        [{}],
        { status: 200, forbidSent: ["only-if-cached", "evil-value"] },
      ),
    },
    followed(
      "10.download",
      "a download asks to be kept",
      GUARD,
      { target: "/repos/acme/api/tarball/main" },
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
        {
          at: "/codeload",
          body: "x",
          headers: { "cache-control": "public, max-age=600", expires: "Fri, 01 Jan 2038 00:00:00 GMT" },
        },
      ],
      { atMost: 2, status: 200, demandHeaders: PRIVATE, forbidHeaders: ["expires"] },
    ),
    {
      ...answered(
        "10.refusal",
        "a refusal is not kept",
        "filter:answer-headers",
        { target: "/repos/acme/secrets" },
        [{}],
        { atMost: 0, status: 403, demandHeaders: { "cache-control": "no-store" } },
      ),
    },
  ],
  twins: [
    twin(
      "10.twin-conditional",
      "a conditional request",
      304,
      { ...API, headers: [["If-None-Match", '"e"']] },
      undefined,
      { gate: "hostile", hostile: [{ status: 304, headers: { etag: '"e"' }, body: "" }] },
    ),
    twin("10.twin-plain", "an answer without rules", 200, API),
  ],
};
