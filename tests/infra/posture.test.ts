import * as pulumi from "@pulumi/pulumi";
import { lookUpGitHub, postureOutputs } from "../../infra";
import type { Environment } from "../../infra/model";
import { environment } from "../support/environment";
import { deployPosture } from "../support/posture";
import { PASSWORD, SECRET_ID, passwordOf, postureMocks, secretOf } from "../support/postureMocks";
import { deploy, inClear, known, type Deployment } from "../support/pulumi";

const SCRIPTS = {
  gate: "export default {};\n",
  ledger: "export class Ledger {}\n",
  rotator: "export default { scheduled() {} };\n",
};
const up = (posture: Environment) => deployPosture(posture, SCRIPTS);
const byName = (run: Deployment<unknown>) =>
  Object.fromEntries(run.resources.map(({ type, name, inputs }) => [`${type}::${name}`, inputs]));

it("declares the same twice, whatever order the repositories are listed in", async () => {
  const listed = [
    { name: "api", access: "write", reviewers: ["backend"] },
    { name: "docs", access: "read" },
  ];
  const [one, two] = [
    await up(environment({ repositories: listed })),
    await up(environment({ repositories: [...listed].reverse() })),
  ];
  expect(byName(two)).toEqual(byName(one));
});

it("changes exactly what hangs on it when a repository goes from write to read", async () => {
  const with_ = (access: string) =>
    environment({
      repositories: [
        { name: "api", access, reviewers: ["backend"] },
        { name: "web", access: "write" },
        { name: "docs", access: "read" },
      ],
    });
  const [before, after] = [byName(await up(with_("write"))), byName(await up(with_("read")))];
  const gone = Object.keys(before)
    .filter((key) => !(key in after))
    .map((key) => key.split("::")[1]);
  const changed = Object.keys(before)
    .filter((key) => key in after && JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => key.split("::")[1]);
  expect(Object.keys(after).filter((key) => !(key in before))).toEqual([]);
  expect(gone.sort()).toEqual([
    "gatehouse-fence-api",
    "gatehouse-fence-api-branches",
    "gatehouse-fence-api-history",
    "gatehouse-fence-api-paths",
    "gatehouse-fence-api-protection",
    "gatehouse-fence-api-review",
    "gatehouse-fence-api-tags",
    "gatehouse-fence-api-workflows",
    "gatehouse-owners-api",
    "gatehouse-owners-api-file",
  ]);
  expect(changed.sort()).toEqual(["gatehouse-access-api-team", "gatehouse-gate-script", "gatehouse-rotator-script"]);
  expect(after["github:index/teamRepository:TeamRepository::gatehouse-access-api-team"]).toMatchObject({
    permission: "pull",
  });
});

it("lets the agent in only after the fence stands, and writes code owners before it", async () => {
  const run = await up(environment());
  const waits = (name: string) =>
    ([] as unknown[])
      .concat(run.one(name).options.dependsOn ?? [])
      .map((resource) => (resource as { __name?: string }).__name);
  expect(waits("gatehouse-access-api")).toEqual(["gatehouse-fence-api"]);
  expect(waits("gatehouse-fence-api")).toEqual(["gatehouse-owners-api"]);
  expect(waits("gatehouse-access-docs")).toEqual([]);
});

it("has no secret in clear, in no input of no resource", async () => {
  const run = await up(environment());
  const secrets = [
    PASSWORD,
    SECRET_ID,
    await known(run.value.gate.agentKey),
    await known(run.value.gate.operatorKey),
    await known(run.value.gate.alertSecret),
    Buffer.from(secretOf("gatehouse-events-secret"), "base64").toString("hex"),
    passwordOf("gatehouse-events-secret"),
  ];
  for (const secret of secrets) expect(inClear(run, secret)).toEqual([]);
});

it.each([
  [{}],
  [{ tokenStore: { kind: "kv" } }],
  [{ "gate.key": { generation: 2, previousUntil: "2026-06-16T10:00:00Z" } }],
])("makes every random value of a kind whose id says nothing (%j)", async (changes) => {
  const run = await up(environment(changes));
  const kinds = new Set(run.resources.map(({ type }) => type).filter((type) => type.startsWith("random:")));
  expect([...kinds]).toEqual(["random:index/randomPassword:RandomPassword"]);
});

it("places the break-glass password and the operator key in the store, and no GitHub token anywhere", async () => {
  const run = await up(environment());
  const placed = run.resources.filter(({ type }) => type === "vault:kv/secretV2:SecretV2");
  expect(placed.map(({ name, inputs }) => [name, inputs.name]).sort()).toEqual([
    ["gatehouse-store-break-glass", "break-glass/claude-bot"],
    ["gatehouse-store-operator", "github/claude-bot-operator"],
  ]);
  expect(JSON.parse(run.one("gatehouse-store-operator").inputs.dataJson as string)).toEqual({
    key: await known(run.value.gate.operatorKey),
  });
  expect(JSON.parse(run.one("gatehouse-store-break-glass").inputs.dataJson as string)).toEqual({
    login: "claude-bot",
    password: PASSWORD,
  });
});

describe("destroying a protected stack", () => {
  const nameOf = async (resource: pulumi.Resource) => (await known(resource.urn)).split("::").at(-1)!;

  it.each([
    ["vault", { protect: true }, ["gatehouse-store-break-glass"]],
    ["kv", { protect: true, tokenStore: { kind: "kv" } }, []],
  ])("meets a protected resource before any other is gone (%s)", async (_kind, changes, copies) => {
    const run = await up(environment(changes));
    const last = ["gatehouse-user-password", ...copies];
    for (const name of last) expect(run.one(name).options.protect).toBe(true);
    const declared = await known(
      run.one("gatehouse-user-password").options.dependsOn as pulumi.Input<pulumi.Resource[]>,
    );
    const after = await Promise.all(declared.flat().map(nameOf));
    const others = run.resources.filter(({ type, name }) => !type.startsWith("gatehouse:") && !last.includes(name));
    expect(after.sort()).toEqual(others.map(({ name }) => name).sort());
  });

  it("protects nothing where the environment does not ask for it", async () => {
    const run = await up(environment());
    expect(run.resources.filter(({ options }) => options.protect)).toEqual([]);
  });
});

it("removes every version of what it placed, so that it can be placed again", async () => {
  const run = await up(environment());
  for (const name of ["gatehouse-store-break-glass", "gatehouse-store-operator"])
    expect(run.one(name).inputs).toMatchObject({ deleteAllVersions: true, options: { cas: "0" } });
});

it("needs no Vault where Workers KV is the store", async () => {
  const run = await up(environment({ tokenStore: { kind: "kv" } }));
  expect(run.resources.filter(({ type }) => type.startsWith("vault:"))).toEqual([]);
});

it("needs no webhook where nobody listens", async () => {
  const run = await up(environment({ "audit.alertWebhook": undefined }));
  expect(run.resources.filter(({ type }) => type.includes("Webhook"))).toEqual([]);
});

describe("looking up", () => {
  const look = (
    calls: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>,
    changes: Record<string, unknown> = {},
  ) =>
    deploy({ ...postureMocks, calls: { ...postureMocks.calls, ...calls } }, () =>
      lookUpGitHub(environment(changes), "Pulumi.test.yaml"),
    );
  const repository = postureMocks.calls!["github:index/getRepository:getRepository"]!;
  const but = (changes: Record<string, unknown>) => ({
    "github:index/getRepository:getRepository": (inputs: Record<string, unknown>) => ({
      ...repository(inputs),
      ...(inputs.name === "docs" ? changes : {}),
    }),
  });

  /** An invoke that fails as the engine reports it: the reason is in the call's details. */
  const failing = (details: string) => () => {
    throw Object.assign(new Error(details), { details });
  };

  it("gives ids of repositories and teams", async () => {
    expect((await look({})).value).toEqual({
      repositories: [
        { name: "api", id: 103, nodeId: "R_api", demandsPullRequest: false },
        { name: "docs", id: 104, nodeId: "R_docs", demandsPullRequest: false },
      ],
      teamIds: { "agent-reviewers": 515, backend: 507, security: 508 },
    });
  });

  it.each([
    [{ nodeId: "", repoId: 0 }, "gatehouse:repositories[1].name: no such repository in acme: docs; "],
    [
      { fullName: "other-org/docs" },
      "gatehouse:repositories[1].name: the deployment acts on other-org/docs; GITHUB_OWNER=acme or github:owner",
    ],
    [{ archived: true }, "gatehouse:repositories[1].name: docs is archived; "],
    [
      { visibility: "public" },
      "gatehouse:repositories[1].visibility: docs is public; visibility: public, which decides",
    ],
    [
      { defaultBranch: "trunk" },
      "gatehouse:repositories[1].defaultBranch: the default branch of docs is trunk; defaultBranch: trunk",
    ],
  ])("refuses a repository that does not fit: %j", async (changes, line) => {
    await expect(look(but(changes))).rejects.toThrow(`Pulumi.test.yaml: ${line}`);
  });

  it("names everything that is missing at once, at the key that names it", async () => {
    const missing = failing("1 error occurred:\n\t* GET https://api.github.com/x: 404 Not Found []");
    await expect(
      look({ "github:index/getTeam:getTeam": missing, "github:index/getRepository:getRepository": missing }),
    ).rejects.toThrow(
      [
        "Pulumi.test.yaml: gatehouse:repositories[0].name: not found on GitHub: api; an existing name that the deployment can see",
        "Pulumi.test.yaml: gatehouse:repositories[1].name: not found on GitHub: docs; an existing name that the deployment can see",
        "Pulumi.test.yaml: gatehouse:review.team: not found on GitHub: agent-reviewers; an existing name that the deployment can see",
        "Pulumi.test.yaml: gatehouse:repositories[0].reviewers[0]: not found on GitHub: backend; an existing name that the deployment can see",
        "Pulumi.test.yaml: gatehouse:review.securityTeam: not found on GitHub: security; an existing name that the deployment can see",
      ].join("\n"),
    );
  });

  it("says what GitHub said when a look-up fails for another reason", async () => {
    await expect(
      look({ "github:index/getTeam:getTeam": failing("GET https://api.github.com/x:\n401 Bad credentials []") }),
    ).rejects.toThrow(
      "gatehouse:review.team: agent-reviewers could not be looked up: GET https://api.github.com/x: 401 Bad credentials []; a working GITHUB_TOKEN",
    );
  });

  it("refuses a secret team, which could own no code", async () => {
    await expect(
      look({
        "github:index/getTeam:getTeam": ({ slug }) => ({
          id: "5",
          slug,
          privacy: slug === "backend" ? "secret" : "closed",
        }),
      }),
    ).rejects.toThrow("gatehouse:repositories[0].reviewers[0]: the team backend is secret, so it can own no code");
  });

  it("checks the organization's settings only where a token has no permissions", async () => {
    const impersonation = { "agent.credential": { kind: "ghes-impersonation" }, githubUrl: "https://ghe.acme.dev" };
    const settings = (shown: object) => ({
      "github:index/getRestApi:getRestApi": ({ endpoint }: Record<string, unknown>) => ({
        endpoint,
        code: endpoint === "orgs/acme" ? 200 : 404,
        body: JSON.stringify(shown),
      }),
    });
    const off = { members_can_fork_private_repositories: false, members_can_create_repositories: false };
    await expect(
      look(settings({ ...off, members_can_fork_private_repositories: true }), impersonation),
    ).rejects.toThrow("gatehouse:organization: members may fork private repositories");
    await expect(look(settings({ ...off, members_can_create_repositories: true }), impersonation)).rejects.toThrow(
      "gatehouse:organization: members may create repositories",
    );
    await expect(look(settings({ login: "acme" }), impersonation)).rejects.toThrow("a deployment that can see it");
    await expect(
      look(
        {
          "github:index/getRestApi:getRestApi": ({ endpoint }: Record<string, unknown>) => ({
            endpoint,
            code: 502,
            body: "",
          }),
        },
        impersonation,
      ),
    ).rejects.toThrow("could not be looked up: GET orgs/acme: 502");
    await expect(look(settings(off), impersonation)).resolves.toBeDefined();
  });
});

it("lets GitHub's organization events come to the gate where the environment asks for them, under one secret", async () => {
  const run = await up(environment({ "audit.githubEvents": true }));
  const secret = Buffer.from(secretOf("gatehouse-audit-events-secret"), "base64").toString("hex");
  expect(run.one("gatehouse-audit-events-organization").inputs).toMatchObject({
    configuration: { url: "https://github-gate.acme-dev.workers.dev/_gate/webhooks/github", secret },
  });
  const bindings = run.one("gatehouse-gate-script").inputs.bindings as { name: string; type: string; text?: string }[];
  expect(bindings.find(({ name }) => name === "GITHUB_WEBHOOK_SECRET")).toMatchObject({
    type: "secret_text",
    text: secret,
  });
  expect(inClear(run, secret)).toEqual([]);
  const without = await up(environment());
  expect(without.resources.map(({ name }) => name).filter((name) => name.includes("audit-events"))).toEqual([]);
});

it("lets the listed repositories' own webhooks carry the events where the organization's cannot be had", async () => {
  const run = await up(environment({ "audit.githubEvents": true, "audit.githubHooks": "repositories" }));
  const hooks = run.resources.filter(({ type }) => /Webhook$/.test(type));
  expect(new Set(hooks.map(({ type }) => type))).toEqual(new Set(["github:index/repositoryWebhook:RepositoryWebhook"]));
  expect(hooks.map(({ name }) => name).sort()).toEqual([
    "gatehouse-audit-events-repository-api",
    "gatehouse-audit-events-repository-docs",
    "gatehouse-events-repository-api",
    "gatehouse-events-repository-docs",
  ]);
  // GitHub refuses a repository's webhook for what happens to an organization alone.
  for (const { inputs } of hooks)
    for (const event of ["membership", "organization", "personal_access_token_request", "team"])
      expect(inputs.events).not.toContain(event);
  for (const name of ["gatehouse-events-secret", "gatehouse-audit-events-secret"])
    expect(inClear(run, Buffer.from(secretOf(name), "base64").toString("hex"))).toEqual([]);
});

it("lets GitHub's events go to a gate of one's own, and shows its secret as a secret output", async () => {
  const run = await up(
    environment({ "audit.githubEvents": true, "audit.githubEventsUrl": "https://gate.acme.example/" }),
  );
  const secret = Buffer.from(secretOf("gatehouse-audit-events-secret"), "base64").toString("hex");
  expect(run.one("gatehouse-audit-events-organization").inputs).toMatchObject({
    configuration: { url: "https://gate.acme.example/_gate/webhooks/github", secret },
  });
  // The Worker takes no deliveries then, so it has no secret for them.
  const bindings = run.one("gatehouse-gate-script").inputs.bindings as { name: string }[];
  expect(bindings.map(({ name }) => name)).not.toContain("GITHUB_WEBHOOK_SECRET");
  const { githubWebhookSecret } = postureOutputs(run.value);
  expect(await known(githubWebhookSecret as pulumi.Output<string>)).toBe(secret);
  expect(await pulumi.isSecret(githubWebhookSecret as pulumi.Output<string>)).toBe(true);
  expect(postureOutputs((await up(environment())).value)).not.toHaveProperty("githubWebhookSecret");
});

it("declares a forwarder where there are sinks besides bucket and Logpush", async () => {
  const run = await up(
    environment({ "audit.sinks.1": { kind: "otlp", url: "https://otel.acme.dev/v1/logs", token: "raw-otlp-token" } }),
  );
  expect(run.one("gatehouse-forwarder-script").inputs).toMatchObject({ scriptName: "github-gate-forwarder" });
  expect(inClear(run, "raw-otlp-token")).toEqual([]);
});
