import { answered, each, twin } from "./build";
import type { Attack, CaseFile } from "../support/types";

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
const STATUSES = { "301": 301, "302": 302, "303": 303, "307": 307, "308": 308 };

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
    answered(
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
    answered(
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
    answered(
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
        forbid: ["short-lived"],
        forbidHeaders: ["set-cookie", "location"],
      },
    ),
    answered(
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
    twin(
      "6.twin-tarball",
      "an archive, followed inside the gate",
      200,
      { target: "/repos/acme/api/tarball/main" },
      "GET /codeload/x?token=a",
      {
        gate: "hostile",
        hostile: [
          { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x?token=a" } },
          { at: "/codeload", body: "archive" },
        ],
      },
    ),
    twin(
      "6.twin-relative",
      "an archive whose address is relative",
      200,
      { target: "/repos/acme/api/zipball/claude/start" },
      "GET /codeload/y",
      {
        gate: "hostile",
        hostile: [
          { at: "/api/", status: 302, headers: { location: "/codeload/y" } },
          { at: "/codeload", body: "archive" },
        ],
      },
    ),
    twin("6.twin-back", "a redirect that comes back to the gate", 301, { target: "/repos/acme/api" }, undefined, {
      gate: "hostile",
      hostile: [{ status: 301, headers: { location: "{hostile}/api/v3/repositories/{apiId}" } }],
    }),
  ],
};
