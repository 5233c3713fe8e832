import { AlertReceiver } from "../../support/alerts";
import { ruleOf, startGate, type Gate } from "../../support/gate";
import type { Handler, Received } from "../../support/upstream";

type Data = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers of any shape

const json = (body: unknown, method = "POST"): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const bodyOf = (received: Received | undefined): Data => JSON.parse(received?.body.toString() ?? "null") as Data;
const PULL = { title: "t", head: "claude/x", base: "main" };
const CREATE =
  "mutation($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id url } } }";
const INPUT = { repositoryId: "R_kgDOapi", baseRefName: "main", headRefName: "claude/x", title: "t", draft: false };

let gate: Gate;
let alerts: AlertReceiver;
beforeAll(async () => {
  alerts = await AlertReceiver.start();
  gate = await startGate({ disturbed: true, bindings: alerts.bindings });
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  await alerts?.stop();
});
let hours = 0;
beforeEach(async () => {
  gate.upstream.reset();
  alerts.reset();
  // The same alert is told once a minute.
  await gate.disturb({ clock: ++hours * 120_000 });
});

/** GitHub as it answers to a proposal; `fails` answers that to the calls whose path it names. */
function github(fails: Readonly<Record<string, number>> = {}): Handler {
  return ({ method, url, body }) => {
    for (const [part, status] of Object.entries(fails))
      if (url.endsWith(part)) return { status, body: '{"message":"no"}' };
    if (url.includes("/compare/")) return { body: JSON.stringify({ files: [{ filename: "a.txt", changes: 1 }] }) };
    if (url.endsWith("/graphql"))
      return {
        body: JSON.stringify({
          data: { createPullRequest: { pullRequest: { id: "PR_1", url: "u" }, gatehouseOpened: { number: 7 } } },
        }),
      };
    if (method === "POST" && url.endsWith("/pulls"))
      return {
        status: 201,
        body: JSON.stringify({ number: 7, draft: true, body: bodyOf({ body } as Received)["body"] as string }),
      };
    return { status: 201, body: "[]" };
  };
}

const reached = (): string[] => gate.upstream.received.map((r) => `${r.method} ${r.url.replace("/api/v3", "")}`);
async function records(): Promise<Data[]> {
  return (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Data);
}

describe("a pull request that the agent opens", () => {
  it.each([
    [
      "REST",
      "/repos/acme/api/pulls",
      { ...PULL, body: "Text", draft: false },
      "POST /repos/acme/api/pulls",
      (sent: Data) => sent,
    ],
    [
      "GraphQL",
      "/graphql",
      { query: CREATE, variables: { input: { ...INPUT, body: "Text" } } },
      "POST /api/graphql",
      (sent: Data) => sent["variables"].gatehouseInput as Data,
    ],
  ])(
    "by %s is a draft with a trailer; the gate labels it and asks its owners for review, on record",
    async (_name, target, asked, create, input) => {
      gate.upstream.handler = github();
      const answer = await gate.ask(target, json(asked));
      const requestId = answer.headers.get("x-gatehouse-request-id") ?? "";
      expect(answer.status).toBeLessThan(300);
      expect(await answer.text()).not.toContain("gatehouseOpened");
      expect(reached()).toEqual([
        "GET /repos/acme/api/compare/main...claude%2Fx?per_page=1",
        create,
        "POST /repos/acme/api/issues/7/labels",
        "POST /repos/acme/api/pulls/7/requested_reviewers",
      ]);
      expect(input(bodyOf(gate.upstream.received[1]))).toMatchObject({
        draft: true,
        body: `Text\n\nGatehouse-Request: ${requestId}`,
      });
      expect(bodyOf(gate.upstream.received[2])).toEqual({ labels: ["agent"] });
      expect(bodyOf(gate.upstream.received[3])).toEqual({ team_reviewers: ["backend"] });
      for (const { headers } of gate.upstream.received) expect(headers["authorization"]).toBe(`Bearer ${gate.token}`);
      const own = (await records()).filter((r) => String(r["requestId"]).startsWith(requestId));
      expect(
        own
          .map((r) => [
            r["requestId"],
            r["route"],
            r["path"],
            r["status"],
            r["decision"],
            r["findings"],
            r["tokenSha256"],
          ])
          .sort(),
      ).toEqual([
        [
          requestId,
          target === "/graphql" ? "graphql.mutation" : "pulls.create",
          target,
          answer.status,
          "allow",
          [],
          gate.tokenSha256,
        ],
        [`${requestId}.1`, "gate.label", "/repos/acme/api/issues/7/labels", 201, "allow", [], gate.tokenSha256],
        [
          `${requestId}.2`,
          "gate.request-review",
          "/repos/acme/api/pulls/7/requested_reviewers",
          201,
          "allow",
          [],
          gate.tokenSha256,
        ],
      ]);
      expect(alerts.all).toEqual([]);
    },
  );

  it.each([
    ["GitHub does not take the label", { "/labels": 403 }, [{ rule: "label-not-set", offset: 403 }], 1],
    [
      "GitHub does not take the reviewers",
      { "/requested_reviewers": 422 },
      [{ rule: "review-not-requested", offset: 422 }],
      1,
    ],
    ["GitHub fails, which is tried once more", { "/labels": 502 }, [{ rule: "label-not-set", offset: 502 }], 2],
  ])(
    "stays open when %s; the record has a finding, and the operators hear of it",
    async (_name, fails, findings, tries) => {
      gate.upstream.handler = github(fails);
      const answer = await gate.ask("/repos/acme/api/pulls", json(PULL));
      expect([answer.status, ((await answer.json()) as Data)["number"]]).toEqual([201, 7]);
      const requestId = answer.headers.get("x-gatehouse-request-id");
      expect((await records()).find((r) => r["requestId"] === requestId)).toMatchObject({
        decision: "allow",
        status: 201,
        findings,
      });
      expect(gate.upstream.received.filter(({ url }) => url.endsWith(Object.keys(fails)[0] ?? "")).length).toBe(tries);
      expect(await alerts.of(`gate.${findings[0]?.rule}`)).toMatchObject({
        signed: true,
        data: { requestId, repository: "acme/api", pullRequest: 7 },
      });
    },
  );

  it("that GitHub refuses is not marked, and one whose number is not told is told to the operators", async () => {
    gate.upstream.handler = github({ "/pulls": 422 });
    expect((await gate.ask("/repos/acme/api/pulls", json(PULL))).status).toBe(422);
    expect(reached().filter((r) => r.includes("/7/"))).toEqual([]);
    gate.upstream.handler = (request) =>
      request.url.endsWith("/pulls") ? { status: 201, body: "{}" } : github()(request);
    expect((await gate.ask("/repos/acme/api/pulls", json(PULL))).status).toBe(201);
    expect(await alerts.of("gate.label-not-set")).toMatchObject({ data: { pullRequest: 0 } });
    gate.upstream.handler = (request) =>
      request.url.endsWith("/graphql")
        ? { body: JSON.stringify({ data: { createPullRequest: null }, errors: [{ message: "no" }] }) }
        : github()(request);
    gate.upstream.received.length = 0;
    expect((await gate.ask("/graphql", json({ query: CREATE, variables: { input: INPUT } }))).status).toBe(200);
    expect(reached().filter((r) => r.includes("/7/"))).toEqual([]);
  });
});

describe("what the gate has put on a pull request", () => {
  const now =
    (body: string, labels: string[], pull = true): Handler =>
    ({ method, url }) =>
      method !== "GET"
        ? undefined
        : {
            body: JSON.stringify({
              number: 7,
              body,
              labels: labels.map((name) => ({ name })),
              ...(pull && url.includes("/issues/") ? { pull_request: { url: "u" } } : {}),
            }),
          };
  const sent = (): unknown => bodyOf(gate.upstream.received.find(({ method }) => method !== "GET"))?.["body"];

  it("stays when the agent writes another text, and neither can it be made up", async () => {
    const forged = "New\nGatehouse-Request: other-1";
    for (const [target, kept] of [
      ["/repos/acme/api/pulls/7", true],
      ["/repos/acme/api/issues/7", true],
      ["/repos/acme/api/issues/8", false],
    ] as const) {
      gate.upstream.reset();
      gate.upstream.handler = now("Old\r\n\r\nGatehouse-Request: mine-1", ["agent"], kept);
      expect((await gate.ask(target, json({ body: forged }, "PATCH"))).status).toBe(200);
      expect([target, sent()]).toEqual([target, kept ? "New\n\nGatehouse-Request: mine-1" : "New"]);
    }
    gate.upstream.reset();
    gate.upstream.handler = now("By a person", []);
    await gate.ask("/repos/acme/api/pulls/7", json({ body: forged }, "PATCH"));
    expect(sent()).toBe("New");
    gate.upstream.reset();
    gate.upstream.handler = now("Old\n\nGatehouse-Request: mine-1", ["agent"]);
    await gate.ask("/repos/acme/api/pulls/7", json({ body: null }, "PATCH"));
    expect(sent()).toBe("Gatehouse-Request: mine-1");
    gate.upstream.reset();
    await gate.ask("/repos/acme/api/pulls/7", json({ title: "No look-up is needed" }, "PATCH"));
    expect(reached()).toEqual(["PATCH /repos/acme/api/pulls/7"]);
  });

  it("is not written over when GitHub cannot say what is there", async () => {
    gate.upstream.handler = ({ method }) => (method === "GET" ? { status: 500 } : undefined);
    expect(await ruleOf(await gate.ask("/repos/acme/api/pulls/7", json({ body: "b" }, "PATCH")))).toBe(
      "upstream-error",
    );
    gate.upstream.handler = ({ method }) => (method === "GET" ? { body: "{}" } : undefined);
    expect(await ruleOf(await gate.ask("/repos/acme/api/pulls/7", json({ body: "b" }, "PATCH")))).toBe("lookup-failed");
    expect(reached().filter((r) => !r.startsWith("GET"))).toEqual([]);
  });

  it("keeps its label, while other labels come and go", async () => {
    const set = async (target: string, method: string, body: unknown): Promise<string> => {
      const answer = await gate.ask(target, json(body, method));
      return answer.status < 300 ? "allow" : ruleOf(answer);
    };
    for (const [target, method, given, written] of [
      ["/repos/acme/api/issues/7/labels", "PUT", { labels: ["bug"] }, { labels: ["bug", "Agent"] }],
      ["/repos/acme/api/issues/7/labels", "PUT", [], ["Agent"]],
      ["/repos/acme/api/issues/7/labels", "PUT", [{ name: "bug" }], [{ name: "bug" }, "Agent"]],
      ["/repos/acme/api/issues/7", "PATCH", { labels: [], title: "t" }, { labels: ["Agent"], title: "t" }],
      [
        "/repos/acme/api/issues/7",
        "PATCH",
        { title: "t", projects: null, labels: ["x"] },
        { title: "t", labels: ["x", "Agent"] },
      ],
      [
        "/repos/acme/api/issues/7/labels",
        "PUT",
        { labels: ["agent", { name: "x" }] },
        { labels: ["agent", { name: "x" }] },
      ],
    ] as const) {
      gate.upstream.reset();
      gate.upstream.handler = now("", ["bug", "Agent"]);
      expect(await set(target, method, given)).toBe("allow");
      expect(bodyOf(gate.upstream.received.find((r) => r.method !== "GET"))).toEqual(written);
    }
    gate.upstream.handler = now("", ["bug"]);
    expect(await set("/repos/acme/api/issues/7", "PATCH", { labels: [] })).toBe("allow");
    gate.upstream.handler = now("", ["agent"], false);
    expect(await set("/repos/acme/api/issues/7", "PATCH", { labels: [] })).toBe("allow");
    expect(await ruleOf(await gate.ask("/repos/acme/api/issues/7/labels/AGENT", { method: "DELETE" }))).toBe(
      "pull-request-label",
    );
    expect((await gate.ask("/repos/acme/api/issues/7/labels/agents", { method: "DELETE" })).status).toBe(200);
  });

  it("stays in GraphQL too", async () => {
    const node = {
      __typename: "PullRequest",
      repository: { databaseId: 101 },
      body: "Old\n\nGatehouse-Request: mine-1",
      labels: {
        nodes: [
          { id: "LA_mark", name: "agent" },
          { id: "LA_bug", name: "bug" },
        ],
      },
    };
    const label = (name: string): unknown => ({ __typename: "Label", repository: { databaseId: 101 }, name });
    const knock = async (name: string, input: unknown, ...nodes: unknown[]): Promise<string | Data> => {
      gate.upstream.reset();
      gate.upstream.handler = ({ body }) =>
        body.toString().includes("nodes(ids") ? { body: JSON.stringify({ data: { nodes } }) } : { body: '{"data":{}}' };
      const answer = await gate.ask(
        "/graphql",
        json({ query: `mutation($i: X!) { ${name}(input: $i) { clientMutationId } }`, variables: { i: input } }),
      );
      return ((await answer.clone().json()) as { errors?: unknown }).errors === undefined
        ? ((bodyOf(gate.upstream.received[1])["variables"] as Data)["gatehouseInput"] as Data)
        : ruleOf(answer);
    };
    expect(
      await knock("updatePullRequest", { pullRequestId: "PR_1", body: "New\ngatehouse-request: x-1" }, node),
    ).toEqual({ pullRequestId: "PR_1", body: "New\n\nGatehouse-Request: mine-1" });
    expect(await knock("updatePullRequest", { pullRequestId: "PR_1", body: null }, node)).toEqual({
      pullRequestId: "PR_1",
    });
    expect(await knock("updateIssue", { id: "PR_1", body: "New" }, node)).toEqual({
      id: "PR_1",
      body: "New\n\nGatehouse-Request: mine-1",
    });
    expect(await knock("updatePullRequest", { pullRequestId: "PR_1", labelIds: ["LA_bug"] }, node)).toEqual({
      pullRequestId: "PR_1",
      labelIds: ["LA_bug", "LA_mark"],
    });
    expect(await knock("updatePullRequest", { pullRequestId: "PR_1", labelIds: ["LA_mark"] }, node)).toMatchObject({
      labelIds: ["LA_mark"],
    });
    expect(
      await knock("removeLabelsFromLabelable", { labelableId: "PR_1", labelIds: ["LA_mark"] }, node, label("agent")),
    ).toBe("pull-request-label");
    expect(
      await knock("removeLabelsFromLabelable", { labelableId: "PR_1", labelIds: ["LA_bug"] }, node, label("bug")),
    ).toMatchObject({ labelIds: ["LA_bug"] });
    expect(await knock("requestReviews", { pullRequestId: "PR_1", teamIds: [], union: false }, node)).toEqual({
      pullRequestId: "PR_1",
      teamIds: [],
      union: true,
    });
  });
});

describe("the size of a proposal", () => {
  it("is limited at every write by REST and GraphQL, and the operators hear of it", async () => {
    const files = (count: number, changes = 1): string =>
      JSON.stringify({ files: Array.from({ length: count }, (_, i) => ({ filename: `f${i}`, changes })) });
    const put = (path: string): Promise<Response> =>
      gate.ask(`/repos/acme/api/contents/${path}`, json({ message: "m", content: "eA==", branch: "claude/x" }, "PUT"));
    gate.upstream.handler = ({ url }) =>
      url.includes("/compare/")
        ? { body: files(100) }
        : url.includes("/git/trees/")
          ? { body: '{"truncated":false,"tree":[]}' }
          : undefined;
    expect((await put("f7")).status).toBe(200);
    const refused = await put("new.txt");
    expect(await ruleOf(refused)).toBe("change-too-large");
    expect(await alerts.of("gate.change-too-large")).toMatchObject({
      data: { requestId: refused.headers.get("x-gatehouse-request-id") },
    });
    const commit = (...paths: string[]): Promise<Response> =>
      gate.ask(
        "/graphql",
        json({
          query: "mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }",
          variables: {
            i: {
              branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/x" },
              expectedHeadOid: "a".repeat(40),
              message: { headline: "m" },
              fileChanges: { additions: paths.map((path) => ({ path, contents: "eA==" })) },
            },
          },
        }),
      );
    expect((await commit("f1", "f2")).status).toBe(200);
    expect(await ruleOf(await commit("f1", "new.txt"))).toBe("change-too-large");
    gate.upstream.handler = ({ url }) => (url.includes("/compare/") ? { body: files(1, 2001) } : undefined);
    expect(await ruleOf(await put("f0"))).toBe("change-too-large");
    expect(
      await ruleOf(await gate.ask("/repos/acme/api/git/refs/heads/claude/x", json({ sha: "a".repeat(40) }, "PATCH"))),
    ).toBe("change-too-large");
  });
});
