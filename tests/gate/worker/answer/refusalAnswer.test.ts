import { graphql as octokitGraphql } from "@octokit/graphql";
import { REFUSALS } from "../../../../gate/policy";
import { startGate, type Gate } from "../../support/gate";
import { freshFetch } from "../../../support/freshFetch";

let gate: Gate;
beforeAll(async () => {
  gate = await startGate({ gate: { maxBodyBytes: 100_000 } });
}, 60_000);
afterAll(() => gate?.stop());
beforeEach(() => {
  gate.upstream.reset();
  gate.upstream.handler = () => ({ headers: { "content-type": "application/json" }, body: '{"data":{}}' });
});

interface GraphqlRefusal {
  data: null;
  errors: {
    type: string;
    message: string;
    extensions: {
      documentation_url: string;
      gatehouse: { decision: string; rule: string; requestId: string; status: number };
    };
  }[];
}
const post = (body: string, target = "/graphql", headers: Record<string, string> = {}): Promise<Response> =>
  gate.ask(target, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
const query = (text: string): string => JSON.stringify({ query: text });

async function lastRecord(of = gate): Promise<{ decision: string; reason: string; status: number }> {
  const lines = (await (await of.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
  const records = lines.map((l) => JSON.parse(l) as { decision: string; reason: string; status: number; path: string });
  return records.filter(({ path }) => path.endsWith("graphql")).at(-1) ?? { decision: "", reason: "", status: 0 };
}

describe("a refused GraphQL request has GitHub's own form", () => {
  it.each<[string, string, string, string, number]>([
    [
      "a merge",
      query('mutation{mergePullRequest(input:{pullRequestId:"PR_x"}){clientMutationId}}'),
      "FORBIDDEN",
      "pull-request-merge",
      403,
    ],
    ["a field", query("{viewer{organizations(first:1){nodes{login}}}}"), "FORBIDDEN", "graphql-field", 403],
    ["two operations", query("query a{viewer{login}} query b{viewer{login}}"), "FORBIDDEN", "graphql-operations", 403],
    ["no document", "{", "UNPROCESSABLE", "body-malformed", 400],
    ["a document that does not parse", query("{"), "UNPROCESSABLE", "graphql-malformed", 400],
    [
      "too many nodes",
      query(
        `{repository(owner:"acme",name:"api"){issues(first:100){nodes{${Array.from({ length: 9 }, (_, i) => `c${i}:comments(first:100){nodes{id}}`).join(" ")}}}}}`,
      ),
      "MAX_NODE_LIMIT_EXCEEDED",
      "graphql-cost",
      403,
    ],
    ["too much", query(`{viewer{login}} #${"x".repeat(120_000)}`), "UNPROCESSABLE", "body-too-large", 413],
  ])("%s", async (_name, body, type, rule, status) => {
    for (const target of ["/graphql", "/api/graphql"]) {
      const answer = await post(body, target);
      const said = (await answer.json()) as GraphqlRefusal;
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
      expect(Object.keys(said)).toEqual(["data", "errors"]);
      const page = `${gate.url}/_gate/docs#${rule}`;
      expect(said).toMatchObject({
        data: null,
        errors: [
          {
            type,
            message: expect.stringMatching(/ See http/) as string,
            extensions: {
              documentation_url: page,
              gatehouse: { decision: "deny", rule, status, requestId: answer.headers.get("x-gatehouse-request-id") },
            },
          },
        ],
      });
      expect(said.errors[0]?.message).toContain(page);
      expect(await lastRecord()).toMatchObject({ decision: "deny", reason: rule, status });
    }
    expect(gate.upstream.received).toEqual([]);
  });

  it("headers, failures and limits too; the record keeps the status", async () => {
    expect(
      ((await (await post(query("{viewer{login}}"), "/graphql", { "x-http-method": "GET" })).json()) as GraphqlRefusal)
        .errors[0]?.extensions.gatehouse.rule,
    ).toBe("header-forbidden");
    gate.upstream.handler = () => ({
      headers: { "content-type": "application/json", location: "http://127.0.0.1:1/" },
      status: 302,
      body: "",
    });
    const broken = await post(query("{viewer{login}}"));
    expect([broken.status, ((await broken.json()) as GraphqlRefusal).errors[0]?.type]).toEqual([200, "FORBIDDEN"]);
    const limited = await startGate({ gate: { requestsPerMinute: 2 } });
    try {
      limited.upstream.handler = () => ({ headers: { "content-type": "application/json" }, body: '{"data":{}}' });
      let answer = new Response();
      for (let i = 0; i < 5; i++)
        answer = await limited.ask("/graphql", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: query("{viewer{login}}"),
        });
      const { errors } = (await answer.json()) as GraphqlRefusal;
      expect([answer.status, errors[0]?.type, Number(answer.headers.get("retry-after")) > 0]).toEqual([
        200,
        "RATE_LIMITED",
        true,
      ]);
      expect(await lastRecord(limited)).toMatchObject({ reason: "limit-requests-minute", status: 429 });
    } finally {
      await limited.stop();
    }
  }, 60_000);

  it("octokit throws its own GraphQL error with the sentence", async () => {
    const client = octokitGraphql.defaults({ baseUrl: gate.url, headers: { authorization: `Bearer ${gate.key}` } });
    await expect(
      client('mutation{mergePullRequest(input:{pullRequestId:"PR_x"}){clientMutationId}}'),
    ).rejects.toMatchObject({
      name: "GraphqlResponseError",
      message: expect.stringMatching(/Ask a reviewer to merge it/) as string,
    });
  });

  it("but a stranger gets 401, and another method the refusal of any request", async () => {
    const stranger = await freshFetch(`${gate.url}/graphql`, { method: "POST", body: query("{viewer{login}}") });
    expect(stranger.status).toBe(401);
    expect((await gate.ask("/graphql")).status).toBe(400);
  });
});

describe("the address of a rule", () => {
  it("leads to its explanation, for everybody, and for every rule", async () => {
    const refused = await gate.ask("/repos/acme/api/pulls/1/merge", { method: "PUT" });
    const { documentation_url: address, message } = (await refused.json()) as {
      documentation_url: string;
      message: string;
    };
    expect([refused.status, address, message]).toEqual([
      403,
      `${gate.url}/_gate/docs#pull-request-merge`,
      "Agents cannot merge pull requests. Ask a reviewer to merge it. (merge-pull-request)",
    ]);
    const page = await freshFetch(address);
    const text = await page.text();
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    for (const rule of Object.keys(REFUSALS)) expect([rule, text.split(`id="${rule}"`).length]).toEqual([rule, 2]);
    expect((await freshFetch(address, { method: "HEAD" })).status).toBe(200);
    for (const [method, target] of [
      ["POST", "/_gate/docs"],
      ["GET", "/_gate/docs/x"],
      ["GET", "/_gate/docs?x=1"],
    ] as const)
      expect([target, (await fetch(gate.url + target, { method })).status]).toEqual([target, 404]);
    expect(gate.upstream.received).toEqual([]);
  });

  it("and every message says what to do instead, in one or two plain sentences", () => {
    for (const [rule, [, message]] of Object.entries(REFUSALS)) {
      if (rule === "not-found") continue;
      expect([rule, message.match(/[.](?: |$)/g)?.length ?? 0]).not.toEqual([rule, 0]);
      expect(message).toMatch(
        /\b(?:Send|Use|Ask|Try|Wait|Check|Leave|Encode|Percent-encode|Write|Give|Take|Remove|Split|Add|Run|Push|Commit|Shorten|See|Fetch|Keep|POST|List|Clone|Open|Do|Say|[Tt]ell)\b|Try again/,
      );
      expect([rule, message.length < 160]).toEqual([rule, true]);
    }
  });
});
