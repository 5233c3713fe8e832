import { answered, attack, each, twin } from "./build";
import { FORMS } from "../support/placeholders";
import type { Attack, CaseFile } from "../support/types";

const GUARD = "filter:answer-reflection";
const API = { target: "/repos/acme/api" };
const forms = Object.fromEntries(Object.keys(FORMS).map((form) => [form, `{token:${form}}`]));
const shown = { plain: "{token}", basic: "{token:basic}", hex: "{token:hex}" };

/** Headers that are passed on, each as a place for a token. */
const HEADERS = [
  "etag",
  "content-disposition",
  "x-github-request-id",
  "x-github-media-type",
  "retry-after",
  "x-ratelimit-resource",
  "x-poll-interval",
  "deprecation",
  "sunset",
  "content-type",
];

const ROUTES: Readonly<Record<string, readonly [method: string, target: string, guard: Attack["guard"]]>> = {
  "installation-token": ["POST", "/app/installations/1/access_tokens", "route-closed"],
  "installation-token-v3": ["POST", "/api/v3/app/installations/1/access_tokens", "route-closed"],
  "revoke-installation": ["DELETE", "/installation/token", "route-closed"],
  "check-token": ["POST", "/applications/Iv1abc/token", "route-closed"],
  "reset-token": ["PATCH", "/applications/Iv1abc/token", "route-not-allowed"],
  "scoped-token": ["POST", "/applications/Iv1abc/token/scoped", "route-not-allowed"],
  authorizations: ["POST", "/authorizations", "route-closed"],
  "runner-registration": ["POST", "/repos/acme/api/actions/runners/registration-token", "route-closed"],
  "runner-jit": ["POST", "/repos/acme/api/actions/runners/generate-jitconfig", "route-not-allowed"],
  "oidc-customization": ["PUT", "/repos/acme/api/actions/oidc/customization/sub", "route-not-allowed"],
  "credentials-revoke": ["POST", "/credentials/revoke", "route-not-allowed"],
  "user-keys": ["GET", "/user/keys", "route-closed"],
  "user-emails": ["GET", "/user/emails", "route-not-allowed"],
  app: ["GET", "/app", "route-not-allowed"],
};

export const tokenReflection: CaseFile = {
  class: 8,
  attacks: [
    ...each(forms, (form, name) =>
      answered(
        `8.body-${name}`,
        `GitHub's answer repeats the token as ${name}`,
        GUARD,
        API,
        [{ body: `{"echo":"${form}","after":1}` }],
        { status: 200 },
      ),
    ),
    ...each(shown, (form, name) =>
      answered(`8.text-${name}`, `a text answer repeats the token as ${name}`, "answer-refused", API, [
        { headers: { "content-type": "text/plain" }, body: `a ${form} b` },
      ]),
    ),
    ...each(shown, (form, name) =>
      answered(
        `8.error-${name}`,
        `an error repeats the token as ${name}`,
        GUARD,
        API,
        [{ status: 404, body: `{"message":"${form}"}` }],
        { status: 404 },
      ),
    ),
    ...each(shown, (form, name) =>
      answered(
        `8.graphql-${name}`,
        `GraphQL repeats the token as ${name}`,
        GUARD,
        { method: "POST", target: "/graphql", json: { query: "{viewer{login}}" } },
        [{ body: `{"data":{"viewer":{"login":"${form}"}}}` }],
        { status: 200 },
      ),
    ),
    ...each(Object.fromEntries(HEADERS.map((name) => [name, name])), (name) =>
      answered(`8.header-${name}`, `the header ${name} repeats the token`, GUARD, API, [
        { headers: { [name]: `x-{token}-y` } },
      ]),
    ),
    ...each(shown, (form, name) =>
      answered(
        `8.link-${name}`,
        `a Link repeats the token as ${name}`,
        GUARD,
        API,
        [{ headers: { link: `<{hostile}/api/v3/repos/acme/api?t=${form}>; rel="next"` } }],
        { status: 200 },
      ),
    ),
    answered(
      "8.location",
      "a redirect repeats the token",
      GUARD,
      API,
      [{ status: 301, headers: { location: "{hostile}/api/v3/repos/acme/api?access_token={token}" } }],
      { forbidHeaders: ["location"] },
    ),
    answered(
      "8.scopes",
      "the token's scopes and its client",
      "filter:answer-headers",
      API,
      [
        {
          headers: {
            "x-oauth-scopes": "repo",
            "x-accepted-oauth-scopes": "repo",
            "x-oauth-client-id": "x",
            "x-accepted-github-permissions": "x",
            "github-authentication-token-expiration": "x",
            "x-github-sso": "x",
          },
        },
      ],
      {
        status: 200,
        forbidHeaders: [
          "x-oauth-scopes",
          "x-accepted-oauth-scopes",
          "x-oauth-client-id",
          "x-accepted-github-permissions",
          "github-authentication-token-expiration",
          "x-github-sso",
        ],
      },
    ),
    answered(
      "8.cookies",
      "cookies of GitHub",
      "filter:answer-headers",
      API,
      [{ headers: { "set-cookie": "_gh_sess={token}" } }],
      { status: 200, forbidHeaders: ["set-cookie"] },
    ),
    answered("8.many", "the token many times", GUARD, API, [{ body: `{"a":"${"{token}".repeat(50)}"}` }], {
      status: 200,
    }),
    answered(
      "8.long",
      "the token behind a long answer",
      GUARD,
      API,
      [{ body: `{"a":"${"x".repeat(3_000_000)}{token}"}` }],
      { status: 200 },
    ),
    answered("8.gzip", "the token in a compressed answer", GUARD, API, [{ gzip: true, body: '{"a":"{token}"}' }], {
      status: 200,
    }),
    ...each({ "65500": 65_500, "65530": 65_530, "131000": 131_000 }, (before, name) =>
      answered(
        `8.stream-${name}`,
        `the token in a streamed answer, after ${name} bytes`,
        GUARD,
        {
          method: "POST",
          target: "/acme/api.git/git-upload-pack",
          headers: [["Content-Type", "application/x-git-upload-pack-request"]],
          body: "0014command=ls-refs\n0000",
        },
        [
          {
            headers: { "content-type": "application/x-git-upload-pack-result" },
            body: `${"x".repeat(before)}{token}${"y".repeat(200_000)}`,
          },
        ],
      ),
    ),
    answered(
      "8.git-advertisement",
      "the token in git's advertisement",
      "answer-refused",
      { target: "/acme/api.git/info/refs?service=git-upload-pack" },
      [
        {
          headers: { "content-type": "application/x-git-upload-pack-advertisement" },
          body: "001e# service=git-upload-pack\n0000{token}",
        },
      ],
    ),
    answered(
      "8.git-report",
      "the token in git's report on a push",
      "answer-refused",
      {
        method: "POST",
        target: "/acme/api.git/git-receive-pack",
        headers: [["Content-Type", "application/x-git-receive-pack-request"]],
        body: (kit) => kit.push([["0".repeat(40), kit.main, "refs/heads/claude/x"]]),
      },
      [
        { at: "/api/v3/repos/acme/api/compare", body: '{"files":[]}' },
        {
          headers: { "content-type": "application/x-git-receive-pack-result" },
          body: "002bng refs/heads/claude/x {token}\n0000",
        },
      ],
      { atMost: 2 },
    ),
    answered(
      "8.git-error",
      "the token in git's error page",
      "upstream-error",
      { target: "/acme/api.git/info/refs?service=git-upload-pack" },
      [{ status: 500, headers: { "content-type": "text/plain" }, body: "{token}" }],
      { orElse: ["lookup-failed"] },
    ),
    answered(
      "8.look-up",
      "the token in the answer to a look-up",
      "lookup-failed",
      { method: "POST", target: "/repos/acme/api/git/refs", json: { ref: "refs/heads/claude/x", sha: "{main}" } },
      [{ status: 404, body: '{"message":"{token}"}' }],
    ),
    answered(
      "8.file-name",
      "the token in a file's name that is refused",
      "protected-path",
      { method: "POST", target: "/repos/acme/api/git/refs", json: { ref: "refs/heads/claude/x", sha: "{main}" } },
      [{ body: '{"files":[{"filename":".github/workflows/{token}","changes":1}]}' }],
    ),
    ...each(ROUTES, ([method, target, guard], name) =>
      attack(`8.route-${name}`, `${method} ${target}`, guard, {
        method,
        target,
        ...(method === "GET" ? {} : { json: {} }),
      }),
    ),
  ],
  twins: [
    twin("8.twin-similar", "text that only looks like a token", 200, API, undefined, {
      gate: "hostile",
      hostile: [{ body: '{"text":"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}' }],
    }),
    twin("8.twin-user", "who the machine user is", 200, { target: "/user" }),
  ],
};
