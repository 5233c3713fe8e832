import { lookUpGitHub } from "../../../infra";
import { lookUpOwners } from "../../../infra/github/lookUpOwners";
import { codeOwnersText, type Told } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { postureMocks } from "../../support/postureMocks";
import { deploy } from "../../support/pulumi";

/** GitHub as the look-up sees it: answers by endpoint, everything else is 404. */
interface World {
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  /** Where a repository differs from `permissions`. */
  readonly byRepository?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly secret?: readonly string[];
  /** Endpoint that GitHub fails to answer. */
  readonly failing?: string;
}

const ALL_PUSH = { "agent-reviewers": "push", backend: "maintain", security: "admin" };
const posture = environment();
const api = posture.repositories[0]!;
const CONTENTS = "repos/acme/api/contents";
const RULES = "repos/acme/api/rules/branches/main?per_page=100";
const file = (text: string) => ({
  type: "file",
  encoding: "base64",
  size: text.length,
  content: Buffer.from(text).toString("base64"),
});

async function look(
  { answers = {}, permissions = ALL_PUSH, byRepository = {}, secret = [], failing }: World,
  environment = posture,
) {
  const asked: string[] = [];
  const run = await deploy(
    {
      ...postureMocks,
      calls: {
        ...postureMocks.calls,
        "github:index/getRepositoryTeams:getRepositoryTeams": ({ name }) => ({
          name,
          teams: Object.entries(byRepository[String(name)] ?? permissions).map(([slug, permission]) => ({
            slug,
            name: slug,
            permission,
          })),
        }),
        "github:index/getTeam:getTeam": ({ slug }) => ({
          id: "5",
          slug,
          privacy: secret.includes(String(slug)) ? "secret" : "closed",
        }),
        "github:index/getRestApi:getRestApi": ({ endpoint }) => {
          asked.push(String(endpoint));
          const answer = answers[String(endpoint).replace(/\?ref=main$/, "")];
          return {
            endpoint,
            code: endpoint === failing ? 502 : answer === undefined ? 404 : 200,
            status: "",
            headers: "{}",
            body: answer === undefined ? "" : JSON.stringify(answer),
          };
        },
      },
    },
    () => lookUpGitHub(environment, "Pulumi.test.yaml"),
  );
  return { facts: run.value.repositories, asked };
}

it("finds the file that GitHub would use, and asks about the others no more", async () => {
  const { facts, asked } = await look({
    answers: { [`${CONTENTS}/CODEOWNERS`]: file("/src/ @alice"), [`${CONTENTS}/docs/CODEOWNERS`]: file("/docs/ @bob") },
  });
  expect(facts[0]).toMatchObject({ codeOwners: { path: "CODEOWNERS", text: "/src/ @alice" } });
  expect(asked.filter((endpoint) => endpoint.includes("docs/CODEOWNERS"))).toEqual([]);
});

it("asks one question where all is as it should be, and none of a repository that the agent only reads", async () => {
  const { asked } = await look({ answers: { [`${CONTENTS}/.github/CODEOWNERS`]: file(codeOwnersText(posture, api)) } });
  expect(asked).toEqual([`${CONTENTS}/.github/CODEOWNERS?ref=main`]);
});

it.each([
  [
    "a line that GitHub would skip",
    { answers: { [`${CONTENTS}/.github/CODEOWNERS`]: file("# ours\n!/src/ @alice") } },
    ".github/CODEOWNERS of api, line 2 of its own: !/src/: GitHub knows no negation",
  ],
  [
    "the agent as an owner",
    { answers: { [`${CONTENTS}/.github/CODEOWNERS`]: file("/src/ @claude-bot") } },
    "line 1 of its own: @claude-bot is the agent's own account",
  ],
  [
    "a team of the environment that cannot write",
    { permissions: { ...ALL_PUSH, backend: "pull" } },
    "gatehouse:repositories[0].reviewers[0]: the team backend cannot write to api",
  ],
  [
    "a security team without access",
    { permissions: { backend: "push" } },
    "gatehouse:review.securityTeam: the team security cannot write to api",
  ],
  [
    "a team of its own that cannot write",
    { answers: { [`${CONTENTS}/CODEOWNERS`]: file("/src/ @acme/mobile") } },
    "gatehouse:repositories[0]: the team mobile cannot write to api",
  ],
  [
    "a secret team of its own",
    {
      answers: { [`${CONTENTS}/CODEOWNERS`]: file("/src/ @acme/mobile") },
      permissions: { ...ALL_PUSH, mobile: "push" },
      secret: ["mobile"],
    },
    "the team mobile owns code of api but is secret",
  ],
  [
    "a folder at the place of the file",
    { answers: { [`${CONTENTS}/.github/CODEOWNERS`]: [] } },
    ".github/CODEOWNERS of api is not a file",
  ],
  [
    "a file that GitHub shows only in part",
    { answers: { [`${CONTENTS}/.github/CODEOWNERS`]: { ...file("/src/ @alice"), size: 2_000_000 } } },
    "is larger than 1 MB",
  ],
  ["a failure of GitHub", { failing: RULES }, `GET ${RULES}: 502`],
  [
    "a file that cannot be read whole",
    {
      answers: { [`${CONTENTS}/.github/CODEOWNERS`]: { type: "file", encoding: "none", content: "", size: 2_000_000 } },
    },
    "is larger than 1 MB",
  ],
] as const)("refuses %s", async (_title, world, line) => {
  await expect(look(world as World)).rejects.toThrow(line);
});

describe("a team that is named in several places", () => {
  const second = { ...api, name: "web" };
  it.each([
    [
      "another repository's reviewer",
      [api, { ...second, reviewers: ["mobile", "backend"] }],
      { web: { ...ALL_PUSH, mobile: "push", backend: "pull" } },
      "gatehouse:repositories[1].reviewers[1]: the team backend cannot write to web",
    ],
    [
      "the security team, which another repository names as its reviewer",
      [{ ...api, reviewers: ["security"] }, second],
      { web: { ...ALL_PUSH, security: "pull" } },
      "gatehouse:review.securityTeam: the team security cannot write to web",
    ],
    [
      "the review team, which the repository names as contributor only",
      [api, { ...second, reviewers: [], contributors: ["agent-reviewers"] }],
      { web: { ...ALL_PUSH, "agent-reviewers": "pull" } },
      "gatehouse:review.team: the team agent-reviewers cannot write to web",
    ],
  ] as const)("is told where it stands: %s", async (_title, repositories, byRepository, line) => {
    const changed = { ...posture, repositories: repositories as unknown as typeof posture.repositories };
    const failure = await look({ byRepository }, changed).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    expect(failure.split("\n").map((one) => one.replace(/^Pulumi\.test\.yaml: /, ""))).toEqual([
      expect.stringContaining(line),
    ]);
  });

  it("is told at every place when it may not be named at all", async () => {
    const changed = { ...posture, repositories: [api, { ...second, reviewers: [], contributors: ["backend"] }] };
    await expect(look({ secret: ["backend"] }, changed)).rejects.toThrow(
      /repositories\[0\]\.reviewers\[0\]: the team backend is secret[^]*repositories\[1\]\.contributors\[0\]: the team backend is secret/,
    );
  });
});

describe("lines of the repository's own that GitHub does not count", () => {
  const ERRORS = "repos/acme/api/codeowners/errors";
  const text = "# ours\n/src/ @gone @left\n/docs/ @alice @gone";
  const unknown = (line: number, source: string, column: number) => ({ line, source, column, kind: "Unknown owner" });
  const lookWith = (errors: unknown[] | undefined) =>
    look({
      answers: {
        [`${CONTENTS}/CODEOWNERS`]: file(text),
        ...(errors ? { [ERRORS]: { errors } } : {}),
      },
    });

  it("are refused when none of their owners counts", async () => {
    const errors = [
      unknown(2, "/src/ @gone @left", 7),
      unknown(2, "/src/ @gone @left", 13),
      unknown(3, "/docs/ @alice @gone", 15),
    ];
    const refused = await lookWith(errors).catch((error: Error) => error.message);
    expect(refused).toContain(
      "CODEOWNERS of api, line 2 of its own: GitHub counts none of its owners (@gone @left), so /src/ has no owner; owners who can write to the repository, or no such line",
    );
    expect(refused).not.toContain("line 3");
  });

  it("are refused when GitHub skips them for another reason", async () => {
    await expect(
      lookWith([{ line: 3, source: "/docs/ @alice @gone", column: 1, kind: "Invalid pattern" }]),
    ).rejects.toThrow("line 3 of its own: GitHub skips it (Invalid pattern)");
  });

  it("pass when one owner counts, and where GitHub cannot be asked", async () => {
    expect((await lookWith([unknown(3, "/docs/ @alice @gone", 15)])).facts[0]?.codeOwners?.text).toBe(text);
    expect((await lookWith(undefined)).asked).toContain(`${ERRORS}?ref=main`);
  });
});

it("refuses a file that would be too large for GitHub", async () => {
  const protectedPaths = Array.from({ length: 18_000 }, (_, i) => `${"x".repeat(160)}/${i}/`);
  const huge = { ...posture, repositories: [{ ...api, protectedPaths }, ...posture.repositories.slice(1)] };
  await expect(deploy(postureMocks, () => lookUpOwners(huge, huge.repositories[0]!, 0))).rejects.toThrow(
    /CODEOWNERS of api would have 3\d{6} bytes/,
  );
});

const rule = { type: "pull_request", ruleset_id: 7 };
it.each([
  ["nothing", {}, false],
  [
    "a ruleset that nobody passes",
    { [RULES]: [rule], "repos/acme/api/rulesets/7": { current_user_can_bypass: "never" } },
    true,
  ],
  [
    "a ruleset that the deployment passes",
    { [RULES]: [rule], "repos/acme/api/rulesets/7": { current_user_can_bypass: "always" } },
    false,
  ],
  [
    "a ruleset that it is exempt from",
    { [RULES]: [rule], "repos/acme/api/rulesets/7": { current_user_can_bypass: "exempt" } },
    false,
  ],
  [
    "a merge queue",
    { [RULES]: [{ ...rule, type: "merge_queue" }], "repos/acme/api/rulesets/7": { current_user_can_bypass: "never" } },
    true,
  ],
  [
    "a ruleset that it passes only by pull request",
    { [RULES]: [rule], "repos/acme/api/rulesets/7": { current_user_can_bypass: "pull_requests_only" } },
    true,
  ],
  [
    "the stricter of two rulesets",
    {
      [RULES]: [rule, { type: "update", ruleset_id: 8 }],
      "repos/acme/api/rulesets/7": { current_user_can_bypass: "always" },
      "repos/acme/api/rulesets/8": { current_user_can_bypass: "never" },
    },
    true,
  ],
  ["rules about other things", { [RULES]: [{ ...rule, type: "deletion" }] }, false],
  [
    "branch protection that binds administrators",
    {
      "repos/acme/api/branches/main/protection": {
        enforce_admins: { enabled: true },
        required_pull_request_reviews: {},
      },
    },
    true,
  ],
  [
    "branch protection that lets administrators pass",
    {
      "repos/acme/api/branches/main/protection": {
        enforce_admins: { enabled: false },
        required_pull_request_reviews: {},
      },
    },
    false,
  ],
  [
    "branch protection without reviews",
    { "repos/acme/api/branches/main/protection": { enforce_admins: { enabled: true } } },
    false,
  ],
] as const)("knows whether a pull request is demanded by %s", async (_title, answers, demanded) => {
  expect((await look({ answers })).facts[0]).toMatchObject({ name: "api", demandsPullRequest: demanded });
});

describe("what was told of many repositories at once", () => {
  const facts = (more: object = {}) => ({
    id: 7,
    nodeId: "R_7",
    fullName: "acme/api",
    archived: false,
    defaultBranch: "main",
    visibility: "private",
    shown: {},
    owners: { found: undefined },
    demands: { byProtection: false, byRulesets: [] },
    ...more,
  });
  const team = (role: string) => ({ id: 5, visible: true, roles: new Map([["acme/api", role]]) });
  const told = (more: object = {}, roles: Readonly<Record<string, string>> = ALL_PUSH): Told => ({
    repositories: new Map([["api", facts(more)]]),
    teams: new Map(Object.entries(roles).map(([slug, role]) => [slug, team(role)])),
  });
  const answers: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>> = {
    ...postureMocks.calls,
    "github:index/getRepositoryTeams:getRepositoryTeams": () => ({
      teams: Object.entries(ALL_PUSH).map(([slug, permission]) => ({ slug, name: slug, permission })),
    }),
  };
  async function look(what: Told) {
    const asked: string[] = [];
    const calls = Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [
        name,
        (inputs: Record<string, unknown>) => {
          asked.push(String(inputs.endpoint ?? name.split(":").at(-1)));
          return answer(inputs);
        },
      ]),
    );
    const { value } = await deploy({ ...postureMocks, calls }, () => lookUpOwners(posture, api, 0, what));
    return { value, asked };
  }

  it("is not asked again", async () => {
    expect(await look(told())).toEqual({ value: { demandsPullRequest: false }, asked: [] });
  });
  it("says itself that branch protection demands a pull request", async () => {
    const { value, asked } = await look(told({ demands: { byProtection: true, byRulesets: [] } }));
    expect(value.demandsPullRequest).toBe(true);
    expect(asked).toEqual([]);
  });
  it("leaves one question for each ruleset that demands one: who may pass is told to nobody else", async () => {
    const { value, asked } = await look(told({ demands: { byProtection: false, byRulesets: [3] } }));
    expect(value.demandsPullRequest).toBe(true);
    expect(asked).toEqual(["repos/acme/api/rulesets/3"]);
  });
  it("is asked one by one where it is not whole", async () => {
    const { asked } = await look(told({ owners: undefined, demands: undefined }));
    expect(asked).toEqual(
      expect.arrayContaining([
        `${CONTENTS}/.github/CODEOWNERS?ref=main`,
        RULES,
        "repos/acme/api/branches/main/protection",
      ]),
    );
  });
  it("is believed where a team may write, and asked again before anybody hears that it may not", async () => {
    expect((await look(told({}, { ...ALL_PUSH, backend: "pull" }))).asked).toEqual(["getRepositoryTeams"]);
  });
});
