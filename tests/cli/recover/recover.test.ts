import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../../cli/live/context";
import { commands, lookupFor, pendingCreates, type Pending } from "../../../cli/recover/pending";
import { findOutcomes } from "../../../cli/recover/recover";
import { environment } from "../../support/environment";

const URN = (type: string, name: string) => `urn:pulumi:dev::gatehouse::gatehouse:index:Posture$${type}::${name}`;
const PARENT = "urn:pulumi:dev::gatehouse::gatehouse:index:Posture::gatehouse";
const one = (type: string, inputs: Record<string, unknown> = {}): Pending => ({
  urn: URN(type, "gatehouse-x"),
  type,
  inputs,
  parent: PARENT,
  provider: "",
});
const ACCOUNT = "0123456789abcdef0123456789abcdef";

/** Systems that answer by path; everything else is 404. */
function context(answers: Readonly<Record<string, unknown>>, missing?: string): Context {
  const get = (path: string) => {
    const found = answers[path];
    const status = typeof found === "number" ? found : found === undefined ? 404 : 200;
    return Promise.resolve({
      call: { system: "GitHub", method: "GET", path, status },
      text: "",
      failure: "",
      header: () => undefined,
      json: () => found,
    });
  };
  const way = missing === undefined ? { client: { get, graphql: () => get("graphql") } } : { missing };
  return { environment: environment(), github: way, vault: way, cloudflare: way } as unknown as Context;
}

it("reads what is pending out of an export, and nothing but creations", () => {
  const team = { urn: URN("t", "a"), type: "github:index/team:Team", inputs: { name: "agents" } };
  const exported = {
    version: 3,
    deployment: {
      pending_operations: [
        { type: "creating", resource: team },
        { type: "updating", resource: { ...team, urn: URN("t", "b") } },
      ],
    },
  };
  expect(pendingCreates(exported)).toEqual([{ ...team, parent: "", provider: "" }]);
  expect(pendingCreates({ deployment: {} })).toEqual([]);
  for (const other of [undefined, [], {}, { deployment: null }, "text"]) expect(pendingCreates(other)).toBeUndefined();
});

it("reads what Pulumi itself left of killed updates", () => {
  const file = join(__dirname, "../../fixtures/killed-up/export.json");
  const pending = pendingCreates(JSON.parse(readFileSync(file, "utf8"))) ?? [];
  const kinds = (kind: string): string[] => [
    ...new Set(pending.filter((one) => lookupFor(one, environment()).kind === kind).map(({ type }) => type)),
  ];
  expect(kinds("ask").sort()).toEqual([
    "github:index/branchProtection:BranchProtection",
    "github:index/organizationWebhook:OrganizationWebhook",
    "github:index/repositoryFile:RepositoryFile",
    "github:index/repositoryRuleset:RepositoryRuleset",
    "github:index/team:Team",
    "vault:appRole/authBackendRole:AuthBackendRole",
  ]);
  expect(kinds("again")).toContain("vault:index/quotaRateLimit:QuotaRateLimit");
  for (const { urn, parent, provider } of pending)
    expect([urn, parent, provider]).toEqual([
      urn,
      expect.stringMatching(/^urn:pulumi:prod::gatehouse::gatehouse:/),
      expect.stringMatching(/^$|::gatehouse-vault$/),
    ]);
});

it.each([
  ["github:index/team:Team", { name: "agents" }, "/orgs/acme/teams/agents", { id: 7 }, "7"],
  [
    "github:index/repositoryRuleset:RepositoryRuleset",
    { repository: "api", name: "gatehouse: x" },
    "/repos/acme/api/rulesets?per_page=100",
    [
      { id: 1, name: "other" },
      { id: 9, name: "gatehouse: x" },
    ],
    "api:9",
  ],
  [
    "github:index/organizationWebhook:OrganizationWebhook",
    {},
    "/orgs/acme/hooks?per_page=100",
    [{ id: 4, config: { url: "https://alerts.acme.dev/hook" } }],
    "4",
  ],
  [
    "github:index/repositoryWebhook:RepositoryWebhook",
    { repository: "api" },
    "/repos/acme/api/hooks?per_page=100",
    [{ id: 4, config: { url: "https://alerts.acme.dev/hook" } }],
    "api/4",
  ],
  [
    "github:index/branchProtection:BranchProtection",
    { repositoryId: "R_1", pattern: "main" },
    "graphql",
    { data: { node: { name: "api", branchProtectionRules: { nodes: [{ id: "BPR_1", pattern: "main" }] } } } },
    "api:main",
  ],
  [
    "github:index/repositoryFile:RepositoryFile",
    { repository: "api", file: ".github/CODEOWNERS", branch: "main", content: "* @acme/ü\n" },
    "/repos/acme/api/contents/.github/CODEOWNERS?ref=main",
    { content: Buffer.from("* @acme/ü\n").toString("base64") },
    "api:.github/CODEOWNERS:main",
  ],
  [
    "github:index/repositoryPullRequest:RepositoryPullRequest",
    { baseRepository: "api", baseRef: "main", headRef: "gatehouse/code-owners" },
    "/repos/acme/api/pulls?head=acme:gatehouse%2Fcode-owners&base=main",
    [{ number: 12 }],
    "acme:api:12",
  ],
  ["vault:index/mount:Mount", { path: "agents" }, "sys/mounts/agents", {}, "agents"],
  [
    "vault:index/authBackend:AuthBackend",
    { path: "gatehouse-gate" },
    "sys/mounts/auth/gatehouse-gate",
    {},
    "gatehouse-gate",
  ],
  [
    "vault:appRole/authBackendRole:AuthBackendRole",
    { backend: "gatehouse-gate", roleName: "claude-bot" },
    "auth/gatehouse-gate/role/claude-bot",
    {},
    "auth/gatehouse-gate/role/claude-bot",
  ],
  [
    "cloudflare:index/r2Bucket:R2Bucket",
    { name: "audit" },
    `/accounts/${ACCOUNT}/r2/buckets/audit`,
    {},
    `${ACCOUNT}/audit/default`,
  ],
  [
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace",
    { title: "tokens" },
    `/accounts/${ACCOUNT}/storage/kv/namespaces?per_page=100`,
    { result: [{ id: "abc", title: "tokens" }] },
    `${ACCOUNT}/abc`,
  ],
  [
    "cloudflare:index/workersRoute:WorkersRoute",
    { zoneId: "zone", pattern: "gate.acme.dev/*" },
    "/zones/zone/workers/routes",
    { result: [{ id: "r1", pattern: "gate.acme.dev/*" }] },
    "zone/r1",
  ],
  [
    "cloudflare:index/logpushJob:LogpushJob",
    { name: "audit" },
    `/accounts/${ACCOUNT}/logpush/jobs`,
    {
      result: [
        { id: 9, name: "audit" },
        { id: 10, name: "audit" },
        { id: 11, name: "other" },
      ],
    },
    `accounts/${ACCOUNT}/10`,
  ],
])("finds %s", async (type, inputs, path, answer, id) => {
  const pending = one(type, inputs);
  expect(await findOutcomes([pending], context({ [path]: answer }))).toEqual([
    { urn: pending.urn, type, parent: PARENT, provider: "", state: "exists", id },
  ]);
  expect((await findOutcomes([pending], context({})))[0]).toMatchObject({ state: "absent" });
  expect((await findOutcomes([pending], context({ [path]: 403 })))[0]).toMatchObject({ state: "cannot tell" });
  expect((await findOutcomes([pending], context({}, "no token")))[0]).toMatchObject({
    state: "cannot tell",
    why: "no token",
  });
});

it("tells the two receivers of GitHub's events apart by the webhook's name", () => {
  const type = "github:index/organizationWebhook:OrganizationWebhook";
  const hooks = [
    { id: 4, config: { url: "https://alerts.acme.dev/hook" } },
    { id: 5, config: { url: "https://github-gate.acme-dev.workers.dev/_gate/webhooks/github" } },
    { id: 6, config: {} },
  ];
  const found = (name: string, changes: Record<string, unknown>): string | undefined => {
    const lookup = lookupFor({ ...one(type), urn: URN(type, name) }, environment(changes));
    return lookup.kind === "ask" ? lookup.id(hooks as never) : undefined;
  };
  const both = { "audit.githubEvents": true };
  expect(found("gatehouse-events-organization", both)).toBe("4");
  expect(found("gatehouse-audit-events-organization", both)).toBe("5");
  expect(found("gatehouse-audit-events-organization", {})).toBeUndefined();
});

it("takes a file that holds something else for one that was not written", async () => {
  const file = one("github:index/repositoryFile:RepositoryFile", {
    repository: "api",
    file: "F",
    branch: "main",
    content: "a",
  });
  const [became] = await findOutcomes([file], context({ "/repos/acme/api/contents/F?ref=main": { content: "Yg==" } }));
  expect(became?.state).toBe("absent");
});

it("asks nothing about what can be made again", () => {
  for (const type of [
    "random:index/randomPassword:RandomPassword",
    "vault:index/policy:Policy",
    "github:index/membership:Membership",
  ])
    expect(lookupFor(one(type), environment())).toEqual({ kind: "again" });
});

it("prints the commands in their order, each value as one word", async () => {
  const team = one("github:index/team:Team", { name: "agents" });
  const secret = one("vault:kv/secretV2:SecretV2", { mount: "agents", name: "break-glass/bot" });
  const became = await findOutcomes(
    [team, secret, one("vault:index/policy:Policy")],
    context({ "/orgs/acme/teams/agents": { id: 7 }, "agents/metadata/break-glass/bot": {} }),
  );
  expect(commands("prod", became)).toEqual([
    "pulumi cancel --stack prod --yes",
    "pulumi refresh --stack prod --yes --skip-preview --clear-pending-creates",
    `pulumi import github:index/team:Team gatehouse-x 7 --parent parent=${PARENT} --stack prod --yes --skip-preview --protect=false --generate-code=false`,
    "vault kv metadata delete -mount=agents break-glass/bot",
    "pulumi up --stack prod",
  ]);
  expect(commands("prod", [])).toEqual([]);
});

it("imports below a parent with a $ and under the program's own provider, and deletes in the namespace", async () => {
  const parent = `${PARENT.replace("::gatehouse:index", "::gatehouse:index:Posture$gatehouse:index")}`;
  const own = "urn:pulumi:dev::gatehouse::pulumi:providers:vault::gatehouse-vault";
  const [mount, secret] = pendingCreates({
    deployment: {
      pending_operations: [
        {
          type: "creating",
          resource: { ...one("vault:index/mount:Mount", { path: "agents" }), parent, provider: `${own}::1b9d` },
        },
        {
          type: "creating",
          resource: {
            ...one("vault:kv/secretV2:SecretV2", { mount: "agents", name: "it's" }),
            provider: "urn:pulumi:dev::gatehouse::pulumi:providers:vault::default_7_8_0::4f41",
          },
        },
      ],
    },
  }) as [Pending, Pending];
  expect([mount.provider, secret.provider]).toEqual([own, ""]);
  const answers = context({ "sys/mounts/agents": {}, "agents/metadata/it's": {} });
  const inNamespace = environment({
    tokenStore: { kind: "vault", mount: "agents", path: "github/bot", namespace: "teams/a" },
  });
  const todo = commands("dev", await findOutcomes([mount, secret], { ...answers, environment: inNamespace }));
  expect(todo.slice(2, 4)).toEqual([
    `pulumi import vault:index/mount:Mount gatehouse-x agents --parent 'parent=${parent}' --provider provider=${own} --stack dev --yes --skip-preview --protect=false --generate-code=false`,
    `vault kv metadata delete -namespace=teams/a -mount=agents 'it'\\''s'`,
  ]);
});
