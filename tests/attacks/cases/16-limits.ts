import type { Ask, Attack, CaseFile } from "../support/types";

const API: Ask = { target: "/repos/acme/api" };
const times = (count: number, make: (index: number) => Ask): Ask[] => Array.from({ length: count }, (_, i) => make(i));
/**
 * The gate `limited` admits twelve requests a minute, `limited-writes` three writes, whoever asks for them and however.
 */
const burst = (
  id: string,
  title: string,
  asks: readonly Ask[],
  guard: Attack["guard"] = "limit-requests-minute",
  extra: Partial<Attack> = {},
): Attack => ({
  id: `16.${id}`,
  title,
  guard,
  gate: "limited",
  asks,
  atOnce: true,
  reaches: /./,
  perMinute: 12,
  ...extra,
});

export const limits: CaseFile = {
  class: 16,
  attacks: [
    burst(
      "plain",
      "sixty requests at once",
      times(60, () => API),
    ),
    burst(
      "one-by-one",
      "thirty requests one after the other",
      times(30, () => API),
      "limit-requests-minute",
      { atOnce: false },
    ),
    burst(
      "forwarded-for",
      "another X-Forwarded-For each time",
      times(40, (i) => ({ ...API, headers: [["X-Forwarded-For", `203.0.113.${i}`]] })),
    ),
    burst(
      "connecting-ip",
      "another CF-Connecting-IP each time",
      times(40, (i) => ({
        ...API,
        headers: [
          ["CF-Connecting-IP", `203.0.113.${i}`],
          ["True-Client-IP", `203.0.113.${i}`],
          ["X-Real-IP", `203.0.113.${i}`],
        ],
      })),
    ),
    burst(
      "forwarded",
      "another Forwarded each time",
      times(40, (i) => ({
        ...API,
        headers: [
          ["Forwarded", `for=203.0.113.${i}`],
          ["Via", `1.1 proxy${i}`],
        ],
      })),
    ),
    burst(
      "user-agent",
      "another User-Agent each time",
      times(40, (i) => ({ ...API, headers: [["User-Agent", `agent/${i}`]] })),
    ),
    burst(
      "case",
      "another spelling each time",
      times(40, (i) => ({ target: `/repos/${i % 2 === 0 ? "ACME" : "acme"}/${i % 3 === 0 ? "API" : "api"}` })),
    ),
    burst(
      "pages",
      "another page each time",
      times(40, (i) => ({ target: `/repos/acme/api/issues?page=${i + 1}` })),
    ),
    burst(
      "prefixes",
      "with and without the prefix, by name and by number",
      times(40, (i) => ({
        target:
          ["/repos/acme/api", "/api/v3/repos/acme/api", "/repositories/{apiId}", "/api/v3/repositories/{apiId}"][
            i % 4
          ] ?? "",
      })),
    ),
    burst(
      "schemes",
      "every way to show the key",
      times(40, (i) => ({
        ...API,
        authorization: ["Bearer {key}", "token {key}", "bearer {key}", "TOKEN {key}"][i % 4] ?? "",
      })),
    ),
    burst(
      "basic-users",
      "another user of Basic each time",
      times(40, (i) => ({ ...API, authorization: `Basic {basic${i % 4}}` })),
    ),
    burst(
      "methods",
      "GET and HEAD in turns",
      times(40, (i) => ({ ...API, method: i % 2 === 0 ? "GET" : "HEAD" })),
    ),
    burst(
      "interfaces",
      "REST, GraphQL and git in turns",
      times(
        40,
        (i): Ask =>
          [
            API,
            { method: "POST", target: "/graphql", json: { query: "{viewer{login}}" } },
            { target: "/acme/api.git/info/refs?service=git-upload-pack" },
          ][i % 3] ?? API,
      ),
    ),
    burst(
      "repositories",
      "both repositories in turns",
      times(40, (i) => ({ target: i % 2 === 0 ? "/repos/acme/api" : "/repos/acme/docs" })),
    ),
    burst(
      "not-found",
      "things that are not there",
      times(40, (i) => ({ target: `/repos/acme/api/contents/none-${i}` })),
    ),
    burst(
      "conditional",
      "conditional requests",
      times(40, (i) => ({ ...API, headers: [["If-None-Match", `"${i}"`]] })),
    ),
    burst(
      "writes",
      "twenty writes at once",
      times(20, (i) => ({ method: "POST", target: "/repos/acme/api/issues", json: { title: `Limited ${i}` } })),
      "limit-writes-minute",
      { gate: "limited-writes", perMinute: 3 },
    ),
    burst(
      "writes-mixed",
      "writes of every kind",
      times(
        20,
        (i): Ask =>
          [
            { method: "POST", target: "/repos/acme/api/issues", json: { title: `Limited ${i}` } },
            { method: "POST", target: "/repos/acme/api/issues/{issue}/comments", json: { body: "x" } },
            { method: "POST", target: "/repos/acme/api/issues/{issue}/reactions", json: { content: "heart" } },
            { method: "POST", target: "/repos/acme/api/git/blobs", json: { content: "x" } },
          ][i % 4] ?? API,
      ),
      "limit-writes-minute",
      { gate: "limited-writes", perMinute: 3 },
    ),
    burst(
      "writes-graphql",
      "writes by GraphQL and REST in turns",
      times(20, (i): Ask =>
        i % 2 === 0
          ? { method: "POST", target: "/repos/acme/api/issues", json: { title: `Limited ${i}` } }
          : {
              method: "POST",
              target: "/graphql",
              json: {
                query: "mutation($i:CreateIssueInput!){createIssue(input:$i){clientMutationId}}",
                variables: { i: { repositoryId: "{apiNode}", title: `Limited ${i}` } },
              },
            },
      ),
      "limit-writes-minute",
      { gate: "limited-writes", perMinute: 3 },
    ),
    burst(
      "after-refusals",
      "refused requests in between",
      times(60, (i) => (i % 2 === 0 ? API : { target: "/repos/acme/secrets" })),
    ),
    burst(
      "retry",
      "asks again at once after Retry-After",
      times(30, () => API),
      "limit-requests-minute",
      { atOnce: false },
    ),
    {
      id: "16.github-primary",
      title: "goes on although GitHub's limit is used up",
      guard: "github-limit",
      gate: "throttled",
      hostile: [
        {
          status: 403,
          headers: {
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": "4102444800",
            "x-ratelimit-resource": "search",
          },
        },
      ],
      asks: times(5, () => ({ target: "/search/issues?q=repo:acme/api+x" })),
      reaches: /^GET \/api\/v3\/search/,
      atMost: 1,
    },
    {
      id: "16.github-graphql",
      title: "goes on although GitHub's GraphQL limit is used up",
      guard: "github-limit",
      gate: "throttled",
      hostile: [{ status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800" } }],
      asks: times(5, () => ({ method: "POST", target: "/graphql", json: { query: "{viewer{login}}" } })),
      reaches: /^POST \/api\/graphql/,
      atMost: 1,
    },
    {
      id: "16.github-secondary",
      title: "goes on although GitHub asked to wait",
      guard: "github-limit",
      gate: "throttled",
      hostile: [{ status: 429, headers: { "retry-after": "3600" } }],
      asks: times(5, (i) => ({ target: i % 2 === 0 ? "/repos/acme/api" : "/repos/acme/docs" })),
      reaches: /^GET \/api\/v3\/repos/,
      atMost: 1,
    },
    {
      id: "16.strangers",
      title: "requests without a key beyond their own limit",
      guard: "limit-unauthenticated",
      gate: "limited-writes",
      asks: times(6_100, () => ({ ...API, authorization: null })),
    },
  ],
  twins: [
    {
      id: "16.twin-many",
      title: "as many requests where the limit is higher",
      asks: times(40, () => API),
      atOnce: true,
      status: 200,
      sent: "GET /api/v3/repos/acme/api",
    },
  ],
};
