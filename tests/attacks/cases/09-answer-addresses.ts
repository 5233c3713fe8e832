import { answered, twin } from "./build";
import type { CaseFile } from "../support/types";

const API = { target: "/repos/acme/api/issues" };
const LINK = "filter:answer-link";
const URLS = "filter:answer-url";
const link = (id: string, title: string, value: string, forbid: readonly string[]) =>
  answered(`9.link-${id}`, title, LINK, API, [{ headers: { link: value } }], {
    status: 200,
    forbid,
    forbidHeaders: ["link"],
  });

/** Repositories that are not listed, as parts of answers about one that is. */
const OTHER = '{"full_name":"acme/secrets","description":"CANARY-UNLISTED-REPOSITORY"}';
const OWN = '{"full_name":"acme/api"}';
const elsewhere = (id: string, title: string, target: string, body: string, demand: string) =>
  answered(`9.elsewhere-${id}`, title, "filter:answer-elsewhere", { target }, [{ body }], { status: 200, demand });

export const answerAddresses: CaseFile = {
  class: 9,
  attacks: [
    link(
      "foreign",
      "a next page on a foreign host",
      '<https://evil.example/repos/acme/api/issues?page=2>; rel="next"',
      ["evil.example"],
    ),
    link(
      "lookalike",
      "a next page whose host only begins like the API's",
      '<{hostile}.evil.example/api/v3/x>; rel="next"',
      ["evil.example"],
    ),
    link(
      "user-info",
      "a next page with the API's host as a user",
      '<http://{hostileHost}@evil.example/api/v3/x>; rel="next"',
      ["evil.example"],
    ),
    link("prefix", "a next page whose path only begins like the API's", '<{hostile}/api/v3evil/x>; rel="next"', [
      "api/v3evil",
    ]),
    link("web", "a next page on the web pages", '<{hostile}/acme/secrets>; rel="next"', ["secrets"]),
    link(
      "unlisted-id",
      "a next page of a repository that is not listed",
      '<{hostile}/api/v3/repositories/{secretsId}/issues?page=2>; rel="next"',
      ["{secretsId}"],
    ),
    link(
      "foreign-id",
      "a next page of another organization's repository",
      '<{hostile}/api/v3/repositories/{vaultId}/issues?page=2>; rel="next"',
      ["{vaultId}"],
    ),
    link("script", "a next page that is a script", '<javascript:alert(1)>; rel="next"', ["javascript"]),
    link("relative", "a next page without a host", '<//evil.example/x>; rel="next"', ["evil.example"]),
    link("broken", "a Link that is none", "{hostile}/api/v3/repos/acme/secrets", ["secrets"]),
    link("preload", "a resource to load", '<https://evil.example/x.js>; rel="preload"; as="script"', ["evil.example"]),
    answered(
      "9.link-mixed",
      "a foreign page among good ones",
      LINK,
      API,
      [
        {
          headers: {
            link: '<{hostile}/api/v3/repos/acme/api/issues?page=2>; rel="next", <https://evil.example/x>; rel="last"',
          },
        },
      ],
      {
        status: 200,
        forbid: ["evil.example"],
        demandHeaders: { link: '<{gate}/repos/acme/api/issues?page=2>; rel="next"' },
      },
    ),
    answered(
      "9.link-id",
      "a page by number comes back by name",
      LINK,
      API,
      [{ headers: { link: '<{hostile}/api/v3/repositories/{apiId}/issues?page=2>; rel="next"' } }],
      {
        status: 200,
        forbid: ["{hostile}"],
        demandHeaders: { link: '<{gate}/repos/acme/api/issues?page=2>; rel="next"' },
      },
    ),
    answered(
      "9.link-splitting",
      "a next page that would split the header",
      LINK,
      API,
      [{ headers: { link: '<{hostile}/api/v3/x%0d%0aset-cookie:a=b>; rel="next"' } }],
      { status: 200, forbidHeaders: ["set-cookie"] },
    ),
    answered(
      "9.body-url",
      "addresses of the API in a body",
      URLS,
      API,
      [{ body: '{"url":"{hostile}/api/v3/repos/acme/api","next":"{hostile}/api/v3/user"}' }],
      { status: 200, forbid: ["{hostile}/api/v3"], demand: '"{gate}/repos/acme/api"' },
    ),
    answered(
      "9.body-template",
      "a templated address",
      URLS,
      API,
      [{ body: '{"url":"{hostile}/api/v3/repos/acme/api/git/trees{/sha}"}' }],
      { status: 200, forbid: ["{hostile}/api/v3"] },
    ),
    answered("9.body-bare", "the API's own address", URLS, API, [{ body: '{"url":"{hostile}/api/v3"}' }], {
      status: 200,
      forbid: ["{hostile}/api/v3"],
    }),
    answered(
      "9.body-clone",
      "the clone address of a listed repository",
      URLS,
      API,
      [{ body: '{"clone_url":"{hostile}/acme/api.git"}' }],
      { status: 200, forbid: ["{hostile}/acme/api.git"], demand: '"{gate}/acme/api.git"' },
    ),
    answered(
      "9.body-prefix",
      "the prefix of an Enterprise Server stays in its addresses",
      URLS,
      { target: "/api/v3/repos/acme/api" },
      [{ body: '{"url":"{hostile}/api/v3/repos/acme/api"}' }],
      { status: 200, demand: '"{gate}/api/v3/repos/acme/api"' },
    ),
    answered(
      "9.host-header",
      "addresses by a forged host name lead nowhere new",
      URLS,
      { target: "/repos/acme/api", headers: [["Host", "{host}"]] },
      [{ body: '{"url":"{hostile}/api/v3/repos/acme/api"}' }],
      { status: 200, forbid: ["{hostile}/api/v3"] },
    ),
    answered(
      "9.sourcemap",
      "other headers that lead elsewhere",
      "filter:answer-headers",
      API,
      [
        {
          headers: {
            sourcemap: "https://evil.example/x",
            "report-to": '{"url":"https://evil.example"}',
            nel: "{}",
            "alt-svc": 'h3="evil.example:443"',
            "content-security-policy": "report-uri https://evil.example",
            "access-control-allow-origin": "*",
          },
        },
      ],
      {
        status: 200,
        forbid: ["evil.example"],
        forbidHeaders: [
          "sourcemap",
          "report-to",
          "nel",
          "alt-svc",
          "content-security-policy",
          "access-control-allow-origin",
        ],
      },
    ),
    elsewhere(
      "cross-reference",
      "a timeline with an issue of another repository",
      "/repos/acme/api/issues/1/timeline",
      `[{"event":"commented","body":"x"},{"event":"cross-referenced","source":{"type":"issue","issue":{"title":"CANARY-UNLISTED-ISSUE","repository":${OTHER}}}}]`,
      '[{"event":"commented","body":"x"}]',
    ),
    elsewhere(
      "cross-reference-own",
      "a timeline with issues of both",
      "/repos/acme/api/issues/1/timeline",
      `[{"source":{"issue":{"title":"own","repository":${OWN}}}},{"source":{"issue":{"title":"CANARY-UNLISTED-ISSUE","repository":${OTHER}}}}]`,
      '"title":"own"',
    ),
    elsewhere(
      "commit-pulls",
      "a commit's pull requests in another repository",
      "/repos/acme/api/commits/main/pulls",
      `[{"title":"CANARY-UNLISTED-ISSUE","base":{"repo":${OTHER}}},{"title":"own","base":{"repo":${OWN}},"head":{"repo":${OTHER}}}]`,
      '"head":{"repo":null}',
    ),
    elsewhere(
      "parent",
      "the repository that it was forked from",
      "/repos/acme/api",
      `{"full_name":"acme/api","parent":${OTHER},"source":${OTHER},"template_repository":${OTHER}}`,
      '{"full_name":"acme/api","parent":null,"source":null,"template_repository":null}',
    ),
    elsewhere(
      "foreign-same-name",
      "a parent of the same name elsewhere",
      "/repos/acme/api",
      `{"full_name":"acme/api","parent":{"full_name":"other-org/api","description":"CANARY-OTHER-ORGANIZATION"}}`,
      '"parent":null',
    ),
    elsewhere(
      "head",
      "the fork a pull request comes from",
      "/repos/acme/api/pulls/1",
      `{"number":1,"head":{"repo":${OTHER}},"base":{"repo":${OWN}}}`,
      '"head":{"repo":null}',
    ),
    elsewhere(
      "run",
      "the fork a run comes from",
      "/repos/acme/api/actions/runs/1",
      `{"id":1,"head_repository":${OTHER},"repository":${OWN}}`,
      '"head_repository":null',
    ),
    elsewhere(
      "search",
      "a search that finds more than was asked for",
      "/search/repositories?q=repo:acme/api",
      `{"total_count":2,"items":[${OWN},${OTHER}]}`,
      `"items":[${OWN}]`,
    ),
  ],
  twins: [
    twin("9.twin-next", "a next page of a listed repository", 200, { target: "/repos/acme/api/issues?per_page=1" }),
    twin("9.twin-quoted", "a repository's name quoted inside a text", 200, API, undefined, {
      gate: "hostile",
      hostile: [{ body: '{"body":"{\\"full_name\\":\\"acme/secrets\\"}"}' }],
    }),
    twin("9.twin-text", "an address quoted inside a text stays as it was written", 200, API, undefined, {
      gate: "hostile",
      hostile: [{ body: '{"body":"see \\"{hostile}/api/v3/repos\\""}' }],
    }),
  ],
};
