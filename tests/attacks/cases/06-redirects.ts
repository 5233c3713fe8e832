import { ADDRESS, answered, attack, each, FOLLOWED, followed, twin } from "./build";
import type { Ask, Attack, CaseFile, Twin } from "../support/types";

/** Where a download may not lead. `{hostile}` is the declared server itself. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  foreign: "https://evil.example/x",
  "foreign-plain": "http://evil.example/x",
  "other-port": "http://127.0.0.1:1/x",
  localhost: "http://localhost:1/x",
  "ipv6-loopback": "http://[::1]:1/x",
  metadata: "http://169.254.169.254/latest/meta-data/",
  relative: "//evil.example/x",
  "user-info": "http://{hostileHost}@evil.example/x",
  "user-info-declared": "http://user:secret@{hostileHost}/x",
  "user-only": "http://user@{hostileHost}/x",
  suffix: "http://{hostileHost}.evil.example/x",
  "longer-port": "http://{hostileHost}1/x",
  file: "file:///etc/passwd",
  data: "data:text/plain,x",
  blob: "blob:http://{hostileHost}/x",
  javascript: "javascript:alert(1)",
  ftp: "ftp://{hostileHost}/x",
  none: "",
  broken: "http://[/x",
  backslash: "\\\\evil.example\\x",
  "slash-backslash": "/\\evil.example/x",
};

const TARBALL = { target: "/repos/acme/api/tarball/main" };
const GATE = { gate: "hostile" } as const;
const OID = "a".repeat(64);
const REPLIES = [
  { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
  { at: "/codeload", body: "archive" },
];
/** Addresses that no gate gave, or not for this. Those in braces are well sealed (see `Gates`). */
const NO_ADDRESS: Readonly<Record<string, readonly [target: string, guard: Attack["guard"], how?: Partial<Ask>]>> = {
  none: ["/_download/", "download-refused"],
  forged: [`/_download/${Buffer.from('{"url":"http://{hostileHost}/x"}').toString("base64url")}`, "download-refused"],
  "with-key": [`/_download/${"A".repeat(200)}`, "download-refused", { authorization: "Bearer {key}" }],
  "no-slash": ["/_download", "unauthenticated"],
  prefixed: [`/api/v3/_download/${"A".repeat(200)}`, "unauthenticated"],
  encoded: [`/_download%2F${"A".repeat(200)}`, "unauthenticated"],
  "other-gate": ["/_download/{otherKey}", "download-refused"],
  "other-purpose": ["/_download/{otherPurpose}", "download-refused"],
  expired: ["/_download/{expired}", "download-refused"],
  endless: ["/_download/{endless}", "download-refused"],
  "too-long-lived": ["/_download/{longLived}", "download-refused"],
  unlisted: ["/_download/{unlisted}", "download-refused"],
  "closed-route": ["/_download/{closedRoute}", "download-refused"],
  foreign: ["/_download/{foreign}", "redirect-refused"],
  "other-port": ["/_download/{otherPort}", "redirect-refused"],
  "user-info": ["/_download/{userInfo}", "redirect-refused"],
  file: ["/_download/{file}", "redirect-refused"],
};
/** What a client makes of the address that it got. */
const CHANGED: Readonly<Record<string, readonly [ask: Ask, guard: Attack["guard"]]>> = {
  longer: [{ target: "{carried}A", authorization: null }, "download-refused"],
  "much-longer": [{ target: "{carried}AAAA" }, "download-refused"],
  below: [{ target: "{carried}/x", authorization: null }, "download-refused"],
  query: [{ target: "{carried}?x=1", authorization: null }, "download-refused"],
  post: [{ ...FOLLOWED, method: "POST", body: "x" }, "download-refused"],
  delete: [{ ...FOLLOWED, method: "DELETE" }, "download-refused"],
  body: [{ ...FOLLOWED, body: "x" }, "body-unexpected"],
  "method-header": [{ ...FOLLOWED, headers: [["X-HTTP-Method-Override", "PUT"]] }, "header-forbidden"],
};
const STATUSES = { "301": 301, "302": 302, "303": 303, "307": 307, "308": 308 };

const FOLLOW = (target: string): Partial<Twin> => ({ gate: "hostile", asks: [{ target }], carry: ADDRESS });

export const redirects: CaseFile = {
  class: 6,
  attacks: [
    ...each(ELSEWHERE, (location, name): Attack =>
      answered(
        `6.download-${name}`,
        `a download leads to ${location}`,
        "redirect-refused",
        TARBALL,
        [{ status: 302, headers: { location } }],
        { orElse: ["upstream-error"] },
      ),
    ),
    ...each(STATUSES, (status, name) =>
      answered(
        `6.get-${name}`,
        `${status} of a read to a foreign host`,
        "redirect-refused",
        { target: "/repos/acme/api" },
        [{ status, headers: { location: "https://evil.example/repos/acme/api" } }],
      ),
    ),
    ...each(STATUSES, (status, name) =>
      answered(
        `6.post-${name}`,
        `${status} of a write to a foreign host`,
        "redirect-refused",
        { method: "POST", target: "/repos/acme/api/issues", json: { title: "x" } },
        [{ at: "/api/", status, headers: { location: "{hostile}/elsewhere" } }],
      ),
    ),
    followed(
      "6.hop",
      "a download leads astray at its second hop",
      "redirect-refused",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/hop" } },
        { at: "/hop", status: 302, headers: { location: "https://evil.example/x" } },
      ],
      { atMost: 2 },
    ),
    followed(
      "6.loop",
      "a download leads in a circle",
      "redirect-refused",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/loop" } },
        { at: "/loop", status: 302, headers: { location: "{hostile}/loop" } },
      ],
      { atMost: 4 },
    ),
    followed(
      "6.download-no-token",
      "a download goes to the declared host without the token",
      "filter:download",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x?token=short-lived" } },
        { at: "/codeload", body: "archive", headers: { "set-cookie": "a=b" } },
      ],
      {
        atMost: 2,
        atLeast: 2,
        status: 200,
        demand: "archive",
        forbid: ["short-lived", "codeload"],
        forbidHeaders: ["set-cookie"],
      },
    ),
    followed(
      "6.download-error",
      "the error page of a download host",
      "upstream-error",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
        { at: "/codeload", status: 403, body: "<Error>secret-address</Error>" },
      ],
      { atMost: 2, forbid: ["secret-address"] },
    ),
    answered("6.long-address", "a download whose address is longer than a target may be", "redirect-refused", TARBALL, [
      { at: "/api/", status: 302, headers: { location: `{hostile}/codeload/${"x".repeat(7000)}` } },
    ]),
    ...each(NO_ADDRESS, ([target, guard, how], name) =>
      attack(`6.address-${name}`, `downloads from ${target}`, guard, { target, authorization: null, ...how }, GATE),
    ),
    ...each(CHANGED, ([ask, guard], name) =>
      followed(`6.address-${name}`, "changes the address of a download", guard, TARBALL, REPLIES, { ask, atMost: 1 }),
    ),
    {
      id: "6.address-by-lfs",
      title: "downloads from what was sealed for an object of LFS",
      guard: "download-refused",
      gate: "lfs",
      hostile: [
        {
          at: "/acme/api.git/info/lfs",
          body: JSON.stringify({
            objects: [{ oid: OID, size: 1, actions: { download: { href: "{hostile}/codeload/x" } } }],
          }),
        },
      ],
      asks: [
        {
          method: "POST",
          target: "/acme/api.git/info/lfs/objects/batch",
          headers: [["Content-Type", "application/vnd.git-lfs+json"]],
          body: JSON.stringify({ operation: "download", transfers: ["basic"], objects: [{ oid: OID, size: 1 }] }),
        },
      ],
      carry: /"X-Gatehouse-LFS":"([^"]+)"/i,
      ask: { target: "/_download/{carried}", authorization: null },
      reaches: /^POST \/acme\/api\.git\/info\/lfs/,
    },
    {
      id: "6.address-for-lfs",
      title: "reads an object of LFS by what was sealed for a download",
      guard: "lfs-refused",
      gate: "lfs",
      hostile: REPLIES,
      asks: [TARBALL],
      carry: /_download\/(\S+)/,
      ask: { target: `/acme/api.git/info/lfs/objects/${OID}`, headers: [["X-Gatehouse-Lfs", "{carried}"]] },
      reaches: /^GET \/api\//,
    },
    followed(
      "6.address-token",
      "a download repeats the token in its headers and its content",
      "filter:answer-reflection",
      TARBALL,
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x", etag: '"{token}"' } },
        { at: "/codeload", body: "x{token}", headers: { "content-type": "text/plain", etag: '"{token}"' } },
      ],
      { forbidHeaders: ["etag"] },
    ),
    answered(
      "6.logs",
      "job logs lead to a foreign host",
      "redirect-refused",
      { target: "/repos/acme/api/actions/jobs/1/logs" },
      [{ status: 302, headers: { location: "https://evil.example/logs" } }],
    ),
    answered(
      "6.artifact",
      "an artifact leads to a foreign host",
      "redirect-refused",
      { target: "/repos/acme/api/actions/artifacts/1/zip" },
      [{ status: 302, headers: { location: "https://evil.example/zip" } }],
    ),
    answered(
      "6.asset",
      "a release asset leads to a foreign host",
      "redirect-refused",
      { target: "/repos/acme/api/releases/assets/1", headers: [["Accept", "application/octet-stream"]] },
      [{ status: 302, headers: { location: "https://evil.example/asset" } }],
    ),
    answered(
      "6.renamed",
      "a renamed repository leads to one that is not listed",
      "redirect-refused",
      { target: "/repos/acme/api" },
      [{ status: 301, headers: { location: "{hostile}/api/v3/repositories/{secretsId}" } }],
    ),
    answered(
      "6.prefix",
      "an address that only begins like the API's",
      "redirect-refused",
      { target: "/repos/acme/api" },
      [{ status: 301, headers: { location: "{hostile}/api/v3evil/x" } }],
    ),
    answered("6.web", "an address of the web pages", "redirect-refused", { target: "/repos/acme/api" }, [
      { status: 302, headers: { location: "{hostile}/acme/secrets" } },
    ]),
    answered("6.no-location", "a redirect to nowhere", "redirect-refused", { target: "/repos/acme/api" }, [
      { status: 302 },
    ]),
    answered("6.multiple-choices", "300 with a foreign location", "redirect-refused", { target: "/repos/acme/api" }, [
      { status: 300, headers: { location: "https://evil.example/" } },
    ]),
    answered(
      "6.refresh",
      "a redirect by header",
      "filter:answer-headers",
      { target: "/repos/acme/api" },
      [{ headers: { refresh: "0; url=https://evil.example/" } }],
      { status: 200, forbidHeaders: ["refresh"] },
    ),
    answered(
      "6.content-location",
      "a location by another header",
      "filter:answer-headers",
      { target: "/repos/acme/api" },
      [{ headers: { "content-location": "https://evil.example/" } }],
      { status: 200, forbidHeaders: ["content-location"] },
    ),
    answered(
      "6.graphql",
      "GraphQL redirects",
      "redirect-refused",
      { method: "POST", target: "/graphql", json: { query: "{viewer{login}}" } },
      [{ status: 307, headers: { location: "https://evil.example/graphql" } }],
    ),
    answered(
      "6.git-advertisement",
      "git's first answer redirects",
      "upstream-error",
      { target: "/acme/api.git/info/refs?service=git-upload-pack" },
      [{ status: 301, headers: { location: "{hostile}/acme/secrets.git/info/refs?service=git-upload-pack" } }],
    ),
    answered(
      "6.git-fetch",
      "a fetch redirects",
      "upstream-error",
      {
        method: "POST",
        target: "/acme/api.git/git-upload-pack",
        headers: [["Content-Type", "application/x-git-upload-pack-request"]],
        body: "0014command=ls-refs\n0000",
      },
      [{ status: 307, headers: { location: "https://evil.example/" } }],
    ),
    answered(
      "6.look-up",
      "a look-up redirects to a friendlier answer",
      "upstream-error",
      { method: "POST", target: "/repos/acme/api/git/refs", json: { ref: "refs/heads/claude/x", sha: "{main}" } },
      [
        { at: "/api/v3/repos/acme/api/compare", status: 302, headers: { location: "{hostile}/friendly" } },
        { at: "/friendly", body: '{"files":[]}' },
      ],
    ),
  ],
  twins: [
    twin("6.twin-tarball", "an archive, followed inside the gate", 200, FOLLOWED, "GET /codeload/x?token=a", {
      ...FOLLOW("/repos/acme/api/tarball/main"),
      hostile: [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x?token=a" } },
        { at: "/codeload", body: "archive" },
      ],
    }),
    twin(
      "6.twin-relative",
      "an archive whose address is relative",
      200,
      { target: "{carried}", authorization: "Bearer another-servers-key" },
      "GET /codeload/y",
      {
        ...FOLLOW("/repos/acme/api/zipball/claude/start"),
        hostile: [
          { at: "/api/", status: 302, headers: { location: "/codeload/y" } },
          { at: "/codeload", body: "archive" },
        ],
      },
    ),
    twin("6.twin-kept-key", "a log whose client keeps its key", 200, { target: "{carried}" }, "GET /codeload/x", {
      ...FOLLOW("/repos/acme/api/actions/jobs/1/logs"),
      hostile: REPLIES,
    }),
    twin(
      "6.twin-302",
      "a log, answered as GitHub does",
      302,
      { target: "/repos/acme/api/actions/runs/1/logs" },
      undefined,
      {
        gate: "hostile",
        hostile: REPLIES,
      },
    ),
    twin(
      "6.twin-sealed",
      "an address as the gate seals it",
      200,
      { target: "/_download/{sealed}", authorization: null },
      "GET /codeload/x",
      {
        gate: "hostile",
        hostile: REPLIES,
      },
    ),
    twin("6.twin-back", "a redirect that comes back to the gate", 301, { target: "/repos/acme/api" }, undefined, {
      gate: "hostile",
      hostile: [{ status: 301, headers: { location: "{hostile}/api/v3/repositories/{apiId}" } }],
    }),
  ],
};
