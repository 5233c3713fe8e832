import fc from "fast-check";
import { parseStackFile } from "../../../infra/config";
import { readPulumiYaml } from "../../../infra/config/pulumiYaml";
import { type Answers, bucketName, environmentFile, scalar } from "../../../cli/init/environmentFile";
import { planOf } from "../../../cli/init/facts";
import { type Given, resolve, zoneOf } from "../../../cli/init/resolve";

const ANSWERS: Answers = {
  organization: "acme",
  plan: "team",
  machineUser: "claude-bot",
  credential: "personal-access-token",
  write: ["api"],
  read: ["docs"],
  reviewTeam: "agent-reviewers",
  approvals: 2,
  checks: [],
  tokenStore: "vault",
  accountId: "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
  bucket: "acme-agent-audit",
  retentionDays: 400,
};
const parsed = (change: Partial<Answers> = {}, known?: Parameters<typeof environmentFile>[1]) =>
  parseStackFile(environmentFile({ ...ANSWERS, ...change }, known), "Pulumi.new.yaml");

it("is a file that preview takes, with everything that was answered", () => {
  const environment = parsed({
    securityTeam: "security",
    checks: ["ci", "build / linux: x64"],
    vaultAddress: "https://vault.acme.dev:8200",
    hostname: "gate.acme.dev",
    zoneId: "f".repeat(32),
    alertWebhook: "https://alerts.acme.dev/hook",
  });
  expect(environment).toMatchObject({
    review: {
      team: "agent-reviewers",
      securityTeam: "security",
      requiredChecks: [{ context: "ci" }, { context: "build / linux: x64" }],
    },
    tokenStore: { kind: "vault", address: "https://vault.acme.dev:8200", path: "github/claude-bot" },
    gate: { hostname: "gate.acme.dev", zoneId: "f".repeat(32) },
    audit: { alertWebhook: "https://alerts.acme.dev/hook" },
  });
});

it.each<[Partial<Answers>]>([
  [{ credential: "app-installation", appId: 1, installationId: 2 }],
  [{ credential: "app-user-token", clientId: "Iv23liAbCdEf" }],
  [{ credential: "ghes-impersonation", githubUrl: "https://github.acme.dev", checks: ["ci"] }],
  [{ tokenStore: "kv" }],
  [{ accountId: "00000000000000000000000000000012" }],
  [{ organization: "123", machineUser: "0x10", reviewTeam: "1e5", write: ["no"], read: ["2026-01-31"] }],
  [{ write: [], read: ["docs"] }],
])("is a file that preview takes for %j", (change) => {
  expect(parsed(change)).toMatchObject({ organization: change.organization ?? "acme" });
});

it("says of a repository what GitHub has otherwise than the defaults", () => {
  const known = [
    { name: "API", visibility: "internal" as const, defaultBranch: "trunk" },
    { name: "docs", visibility: "private" as const, defaultBranch: "main" },
  ];
  expect(parsed({}, known).repositories).toMatchObject([
    { name: "API", visibility: "internal", defaultBranch: "trunk" },
    { name: "docs", visibility: "private", defaultBranch: "main" },
  ]);
});

it("writes every text so that it is read again as it was", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789abcdefnoyesx:-/.~#") })),
      (text) => {
        expect(readPulumiYaml(`a: ${scalar(text)}   # comment\n`)).toEqual({ a: text });
      },
    ),
    { numRuns: 500 },
  );
});

it.each([
  ["Acme_Corp", "dev", "acme-corp-agent-audit-dev"],
  ["a".repeat(60), "prod", "a".repeat(60) + "-ag"],
])("makes a bucket's name of %s, %s", (organization, stack, name) => {
  expect(bucketName(organization, stack)).toBe(name);
});

it.each([
  ["", undefined],
  ["free", "free"],
  ["team", "team"],
  ["enterprise", "enterprise"],
  ["business_plus", "enterprise"],
  ["silver", "team"],
])("takes GitHub's plan %j as %j", (name, plan) => {
  expect(planOf(name)).toBe(plan);
});

it("finds the nearest zone of a host name", () => {
  const zones = { "acme.dev": "1", "eu.acme.dev": "2" };
  expect(zoneOf("gate.eu.acme.dev", zones)).toBe("2");
  expect(zoneOf("acme.dev", zones)).toBe("1");
  expect(zoneOf("gate-acme.dev", zones)).toBeUndefined();
  expect(zoneOf("gate.acme.dev", undefined)).toBeUndefined();
});

describe("without questions", () => {
  const given = (change: Partial<Given> = {}): Given => ({
    organization: "acme",
    machineUser: "claude-bot",
    reviewTeam: "agent-reviewers",
    accountId: ANSWERS.accountId,
    write: ["api"],
    read: [],
    check: [],
    ...change,
  });
  const silent = {
    silent: [],
    github: { of: () => Promise.resolve({}) },
    cloudflare: { subdomain: () => Promise.resolve(undefined), zones: () => Promise.resolve(undefined) },
  };

  it("every option that is needed is named at once", async () => {
    const result = await resolve({ write: [], read: [], check: [] }, silent, "prod");
    expect(result).toEqual({
      missing: [
        expect.stringMatching(/^--organization: /),
        expect.stringMatching(/^--machine-user: /),
        expect.stringMatching(/^--review-team: /),
        expect.stringMatching(/^--write or --read: /),
        expect.stringMatching(/^--account-id: /),
      ],
    });
  });

  it.each<[Partial<Given>, string]>([
    [{ credential: "app-installation", appId: 1 }, "--installation-id"],
    [{ credential: "app-user-token" }, "--client-id"],
    [{ hostname: "gate.acme.dev" }, "--zone-id"],
  ])("%j also needs %s", async (change, option) => {
    expect(await resolve(given(change), silent, "prod")).toEqual({ missing: [expect.stringContaining(option)] });
  });

  it("what the systems say completes it, and catches names that are not there", async () => {
    const facts = {
      ...silent,
      github: {
        organizations: ["acme"],
        of: () =>
          Promise.resolve({
            plan: "enterprise" as const,
            repositories: [{ name: "api", visibility: "private" as const, defaultBranch: "main" }],
            teams: ["agent-reviewers"],
          }),
      },
      cloudflare: {
        accounts: [{ id: ANSWERS.accountId, name: "acme" }],
        subdomain: () => Promise.resolve("acme-dev"),
        zones: () => Promise.resolve({}),
      },
    };
    const { organization: _organization, accountId: _account, ...rest } = given();
    expect(await resolve(rest, facts, "prod")).toMatchObject({
      answers: { organization: "acme", plan: "enterprise", accountId: ANSWERS.accountId, workersDev: "acme-dev" },
    });
    expect(await resolve({ ...rest, read: ["apy"], securityTeam: "nobody" }, facts, "prod")).toEqual({
      missing: [
        "--read apy: not there; there are: api",
        "--security-team nobody: not there; there are: agent-reviewers",
      ],
    });
  });
});
