import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { githubPackage } from "../../../providers/github";
import { hashedValues } from "../../../providers/github/sets";
import { addresses, readSettings } from "../../../providers/github/settings";
import { UNKNOWN, type Props, type SandboxProvider } from "../../../providers/types";

/** Not real; composed so that no file holds anything that looks like a token. */
const TOKEN = ["test", "token", "9876543210"].join("-");

type Handler = (call: {
  method: string;
  path: string;
  body: string;
}) => { status: number; body: unknown; headers?: Record<string, string> } | undefined;
let handler: Handler = () => undefined;
let server: Server;
let url = "";
const seen: { path: string; at: number }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({ path: request.url ?? "", at: Date.now() });
      const answer =
        handler({ method: request.method ?? "", path: request.url ?? "", body: Buffer.concat(chunks).toString() }) ??
        (request.url === "/api/v3/orgs/acme"
          ? { status: 200, body: { id: 7, login: "acme" } }
          : { status: 404, body: { message: "Not Found" } });
      response
        .writeHead(answer.status, { "content-type": "application/json", ...answer.headers })
        .end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  handler = () => undefined;
  seen.length = 0;
});

const connect = (config: Props = {}, env: NodeJS.ProcessEnv = {}): Promise<SandboxProvider> =>
  githubPackage.create(config, {
    GITHUB_BASE_URL: url,
    GITHUB_OWNER: "acme",
    GITHUB_TOKEN: TOKEN,
    GITHUB_WRITE_DELAY_MS: "0",
    ...env,
  });
const urnOf = (type: string): string =>
  `urn:pulumi:dev::test::github:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}::thing`;

describe("where GitHub is", () => {
  it.each([
    ["https://github.com/", "https://api.github.com", "https://api.github.com/graphql"],
    ["https://api.github.com", "https://api.github.com", "https://api.github.com/graphql"],
    ["https://acme.ghe.com/", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080/api/graphql"],
    ["http://127.0.0.1:8080/api/v3/", "http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080/api/graphql"],
    ["https://git.acme.dev/prefix/", "https://git.acme.dev/prefix/api/v3", "https://git.acme.dev/prefix/api/graphql"],
  ])("%s", (base, rest, graphql) => expect(addresses(base)).toEqual({ rest, graphql }));

  it.each(["github.com", "http://api.github.com", "https://api.github.com/api/v3", "ftp://127.0.0.1"])(
    "refuses %s",
    (base) => {
      expect(() => addresses(base)).toThrow(/^github: /);
    },
  );

  it("takes the provider's inputs before the environment, and waits 1000 ms between writes unless told otherwise", () => {
    const env = { GITHUB_TOKEN: TOKEN, GITHUB_OWNER: "acme" };
    expect(readSettings({}, env).writeDelayMs).toBe(1000);
    expect(readSettings({}, { ...env, GITHUB_WRITE_DELAY_MS: "0" }).writeDelayMs).toBe(0);
    expect(readSettings({ writeDelayMs: "250", owner: "other" }, { ...env, GITHUB_WRITE_DELAY_MS: "0" })).toMatchObject(
      { writeDelayMs: 250, owner: "other" },
    );
    expect(() => readSettings({}, {})).toThrow("GITHUB_TOKEN");
  });
});

describe("how GitHub is asked", () => {
  const label = { repository: "api", name: "agent", color: "0e8a16" };
  const answered = {
    status: 201,
    body: { name: "agent", color: "0e8a16", description: "", url: "http://x/labels/agent" },
  };

  it("pauses after a write, and sends one request at a time", async () => {
    const provider = await connect({}, { GITHUB_WRITE_DELAY_MS: "120" });
    handler = ({ method }) => (method === "POST" ? answered : undefined);
    await Promise.all([1, 2].map(() => provider.create(urnOf("IssueLabel"), label, false)));
    const [, first, second] = seen;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(115);
  });

  it("tries again after a server error, as often as it may", async () => {
    const provider = await connect({ retryDelayMs: 1, maxRetries: 2 });
    let failures = 2;
    handler = ({ method }) =>
      method !== "POST" ? undefined : failures-- > 0 ? { status: 502, body: { message: "Bad gateway" } } : answered;
    await expect(provider.create(urnOf("IssueLabel"), label, false)).resolves.toMatchObject({ id: "api:agent" });
    failures = 3;
    await expect(provider.create(urnOf("IssueLabel"), label, false)).rejects.toThrow("502 Bad gateway");
  });

  it("waits as long as a secondary limit says, then goes on", async () => {
    const provider = await connect();
    let limited = true;
    handler = ({ method }) => {
      if (method !== "POST" || !limited) return method === "POST" ? answered : undefined;
      limited = false;
      const body = {
        message: "You have exceeded a secondary rate limit",
        documentation_url:
          "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
      };
      return { status: 403, body, headers: { "retry-after": "0" } };
    };
    await expect(provider.create(urnOf("IssueLabel"), label, false)).resolves.toMatchObject({ id: "api:agent" });
  });

  it("refuses with the server's words and each of its reasons", async () => {
    const provider = await connect();
    handler = ({ method }) =>
      method === "POST"
        ? {
            status: 422,
            body: {
              message: "Validation Failed",
              errors: [{ resource: "Label", code: "already_exists", field: "name" }, "color is odd"],
            },
          }
        : undefined;
    await expect(provider.create(urnOf("IssueLabel"), label, false)).rejects.toThrow(
      /POST http.*\/api\/v3\/repos\/acme\/api\/labels: 422 Validation Failed \[Label\.name: already_exists; color is odd\]/,
    );
  });

  it("never repeats the token, even when the server does", async () => {
    const provider = await connect();
    handler = ({ method }) =>
      method === "POST" ? { status: 401, body: { message: `Bad credentials: ${TOKEN}` } } : undefined;
    const error: Error = await provider.create(urnOf("IssueLabel"), label, false).then(
      () => new Error("passed"),
      (reason: Error) => reason,
    );
    expect(error.message).toContain("Bad credentials: (token)");
    expect(error.message).not.toContain(TOKEN);
  });

  it("leaves the created thing with the engine when a later call fails", async () => {
    const provider = await connect({ maxRetries: 0 });
    handler = ({ method, path }) => {
      if (method === "POST")
        return {
          status: 201,
          body: { id: 601, url: "http://x/hooks/601", active: true, events: ["push"], config: {} },
        };
      return path.endsWith("/hooks/601") ? { status: 500, body: { message: "oops" } } : undefined;
    };
    const inputs = {
      repository: "api",
      events: ["push"],
      configuration: { url: "https://hooks.example.com" },
      active: true,
    };
    await expect(provider.create(urnOf("RepositoryWebhook"), inputs, false)).rejects.toMatchObject({
      partial: { id: "601" },
    });
  });
});

describe("checks", () => {
  const failures = async (type: string, inputs: Props): Promise<string[]> =>
    ((await (await connect()).check(urnOf(type), {}, inputs)).failures ?? []).map((failure) => failure.property);
  const ruleset = {
    name: "main",
    repository: "api",
    target: "branch",
    enforcement: "active",
    conditions: { refName: { includes: ["~ALL"], excludes: [] } },
    rules: { deletion: true },
  };

  it.each<[string, string, Props, string[]]>([
    ["a role that is none", "Membership", { username: "bot", role: "owner" }, ["role"]],
    [
      "eleven approvals",
      "RepositoryRuleset",
      { ...ruleset, rules: { pullRequest: { requiredApprovingReviewCount: 11 } } },
      ["rules.pullRequest.requiredApprovingReviewCount"],
    ],
    [
      "a merge method that is none",
      "RepositoryRuleset",
      { ...ruleset, rules: { pullRequest: { allowedMergeMethods: ["fast"] } } },
      ["rules.pullRequest.allowedMergeMethods[0]"],
    ],
    ["refs for a push ruleset", "RepositoryRuleset", { ...ruleset, target: "push", rules: {} }, ["conditions.refName"]],
    [
      "no refs for a branch ruleset",
      "RepositoryRuleset",
      { ...ruleset, conditions: undefined },
      ["conditions.refName"],
    ],
    [
      "a branch rule for pushes",
      "RepositoryRuleset",
      { ...ruleset, target: "push", conditions: undefined },
      ["rules.deletion"],
    ],
    [
      "fetch and merge",
      "RepositoryRuleset",
      { ...ruleset, rules: { update: true, updateAllowsFetchAndMerge: true } },
      ["rules.updateAllowsFetchAndMerge"],
    ],
    [
      "an author without address",
      "RepositoryFile",
      { repository: "api", file: "a", content: "a", commitAuthor: "A" },
      ["commitEmail"],
    ],
    [
      "seven reviewers",
      "RepositoryEnvironment",
      { repository: "api", environment: "e", reviewers: [{ teams: [1, 2, 3, 4], users: [5, 6, 7] }] },
      ["reviewers"],
    ],
    ["a template", "Repository", { name: "svc", template: { owner: "acme", repository: "t" } }, ["template"]],
    ["two words for one thing", "Repository", { name: "svc", private: true, visibility: "private" }, ["private"]],
  ])("refuses %s", async (_what, type, inputs, expected) => expect(await failures(type, inputs)).toEqual(expected));

  it("accepts the ruleset that the refused ones are made from, also with values that are not known yet", async () => {
    expect(await failures("RepositoryRuleset", ruleset)).toEqual([]);
    expect(
      await failures("RepositoryRuleset", {
        ...ruleset,
        bypassActors: [{ actorId: UNKNOWN, actorType: "Team", bypassMode: "always" }],
      }),
    ).toEqual([]);
  });
});

describe("diffs", () => {
  const diff = async (
    type: string,
    state: Props,
    inputs: Props,
    ignore?: string[],
  ): Promise<{ paths: string[]; replaces: string[] }> => {
    const provider = await connect();
    const { inputs: filled } = await provider.check(urnOf(type), {}, inputs);
    const found = await provider.diff("1", urnOf(type), state, {}, filled, ignore);
    return { paths: Object.keys(found.detailedDiff), replaces: found.replaces };
  };
  const actor = (actorId: number, bypassMode = "always"): Props => ({ actorId, actorType: "Team", bypassMode });
  const ruleset = (more: Props): Props => ({
    name: "r",
    repository: "api",
    target: "push",
    enforcement: "active",
    rules: { maxFileSize: { maxFileSize: 5 } },
    ...more,
  });

  it("does not care about the order of bypass actors, but about who they are", async () => {
    expect(
      await diff(
        "RepositoryRuleset",
        ruleset({ bypassActors: [actor(1), actor(2)] }),
        ruleset({ bypassActors: [actor(2), actor(1)] }),
      ),
    ).toEqual({ paths: [], replaces: [] });
    expect(
      (
        await diff(
          "RepositoryRuleset",
          ruleset({ bypassActors: [actor(1)] }),
          ruleset({ bypassActors: [actor(1, "exempt")] }),
        )
      ).paths,
    ).toEqual(["bypassActors[0].bypassMode"]);
  });

  it("takes login names in any case for the same", async () => {
    expect(
      await diff(
        "TeamMembership",
        { teamId: "21", username: "Claude-Bot", role: "member" },
        { teamId: "21", username: "claude-bot" },
      ),
    ).toEqual({ paths: [], replaces: [] });
  });

  it.each<[string, Props, Props, string[]]>([
    [
      "TeamRepository",
      { teamId: "21", repository: "api", permission: "push" },
      { teamId: "21", repository: "docs", permission: "push" },
      ["repository"],
    ],
    ["TeamMembership", { teamId: "21", username: "a", role: "member" }, { teamId: "22", username: "a" }, ["teamId"]],
    ["Membership", { username: "a", role: "member" }, { username: "b" }, ["username"]],
    [
      "BranchProtection",
      { repositoryId: "R_1", pattern: "main" },
      { repositoryId: "R_2", pattern: "main" },
      ["repositoryId"],
    ],
    [
      "RepositoryFile",
      { repository: "api", file: "a", content: "x", branch: "main" },
      { repository: "api", file: "b", content: "x" },
      ["file"],
    ],
    [
      "RepositoryCollaborator",
      { repository: "api", username: "a", permission: "pull" },
      { repository: "api", username: "a" },
      ["permission"],
    ],
    [
      "IssueLabel",
      { repository: "api", name: "l", color: "c" },
      { repository: "docs", name: "l", color: "c" },
      ["repository"],
    ],
  ])("replaces a %s whose identity changes", async (type, state, inputs, replaces) =>
    expect((await diff(type, state, inputs)).replaces).toEqual(replaces),
  );

  it("updates a repository's access from write to read in place, and shows nothing else", async () => {
    expect(
      await diff(
        "TeamRepository",
        { teamId: "21", repository: "api", permission: "push", etag: "x" },
        { teamId: "21", repository: "api", permission: "pull" },
      ),
    ).toEqual({ paths: ["permission"], replaces: [] });
  });

  it("honours ignoreChanges", async () => {
    const state = { repository: "api", file: "a", content: "x", autocreateBranchSourceBranch: "main" };
    expect((await diff("RepositoryFile", state, { repository: "api", file: "a", content: "y" })).paths).toEqual([
      "content",
    ]);
    expect(
      (await diff("RepositoryFile", state, { repository: "api", file: "a", content: "y" }, ["content"])).paths,
    ).toEqual([]);
  });
});

describe("after a killed create", () => {
  const find = async (type: string, inputs: Props): Promise<string | undefined> => {
    const provider = await connect();
    const { inputs: filled } = await provider.check(urnOf(type), {}, inputs);
    return (await provider.find?.(`github:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`, filled))?.id;
  };
  const answering = (answers: Record<string, unknown>): void => {
    handler = ({ path }) => (path in answers ? { status: 200, body: answers[path] } : undefined);
  };

  it("finds a team by its slug, when the name is the same", async () => {
    answering({ "/api/v3/orgs/acme/teams/claude-agents": { id: 31, name: "Claude Agents", slug: "claude-agents" } });
    expect(await find("Team", { name: "Claude Agents" })).toBe("31");
    expect(await find("Team", { name: "claude-agents" })).toBeUndefined();
  });

  it("finds a ruleset by name and target, a hook by its address", async () => {
    answering({
      "/api/v3/repos/acme/api/rulesets?includes_parents=false&per_page=100": [
        { id: 1, name: "main", target: "tag" },
        { id: 2, name: "main", target: "branch" },
      ],
      "/api/v3/orgs/acme/hooks?per_page=100": [{ id: 601, config: { url: "https://hooks.example.com/a" } }],
    });
    const rules = {
      repository: "api",
      name: "main",
      target: "branch",
      enforcement: "active",
      conditions: { refName: { includes: [], excludes: [] } },
      rules: {},
    };
    expect(await find("RepositoryRuleset", rules)).toBe("2");
    expect(
      await find("OrganizationWebhook", { events: ["push"], configuration: { url: "https://hooks.example.com/a" } }),
    ).toBe("601");
    expect(
      await find("OrganizationWebhook", { events: ["push"], configuration: { url: "https://hooks.example.com/b" } }),
    ).toBeUndefined();
  });

  it("takes a file for its own only when it has the wanted content", async () => {
    answering({
      "/api/v3/repos/acme/api": { id: 100, default_branch: "main" },
      "/api/v3/repos/acme/api/contents/CODEOWNERS?ref=main": {
        content: Buffer.from("* @acme/a\n").toString("base64"),
        sha: "1",
        url: "http://x?ref=main",
      },
    });
    expect(await find("RepositoryFile", { repository: "api", file: "CODEOWNERS", content: "* @acme/a\n" })).toBe(
      "api:CODEOWNERS:main",
    );
    expect(
      await find("RepositoryFile", { repository: "api", file: "CODEOWNERS", content: "* @acme/b\n" }),
    ).toBeUndefined();
  });

  it("finds a branch protection by repository and pattern", async () => {
    handler = ({ body }) => {
      if (!body.startsWith("{")) return undefined;
      const { query } = JSON.parse(body) as { query: string };
      if (!query.includes("branchProtectionRules")) return { status: 200, body: { data: { node: { id: "R_1" } } } };
      return {
        status: 200,
        body: {
          data: {
            node: {
              id: "R_1",
              branchProtectionRules: {
                nodes: [{ id: "BPR_1", pattern: "main" }],
                pageInfo: { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false },
              },
            },
          },
        },
      };
    };
    expect(await find("BranchProtection", { repositoryId: "R_1", pattern: "main" })).toBe("BPR_1");
    expect(await find("BranchProtection", { repositoryId: "R_1", pattern: "release" })).toBeUndefined();
  });
});

it("sends a set in the plugin's order, whatever order the program has", () => {
  expect(hashedValues(["ci/test", "ci/lint"])).toEqual(["ci/lint", "ci/test"]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), (values) => {
      const sorted = hashedValues(values);
      expect(sorted).toEqual(hashedValues([...values].reverse()));
      // Two values with one checksum are one element to the plugin too.
      expect(new Set(sorted.map((value) => crc32(`${value};`))).size).toBe(
        new Set(values.map((value) => crc32(`${value};`))).size,
      );
    }),
  );
});

it("keeps the whole configuration of a webhook secret", async () => {
  const provider = await connect();
  expect(provider.secretOutputs("github:index/repositoryWebhook:RepositoryWebhook")).toEqual(["configuration"]);
  expect(provider.secretOutputs("github:index/team:Team")).toEqual([]);
});
