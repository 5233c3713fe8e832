import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseEnvironment, parseStackFile } from "../../../infra/config";
import { PostureError, environmentSchema } from "../../../infra/model";
import { TODAY, rawEnvironment, spoiled } from "../../support/environment";

const FILE = "Pulumi.test.yaml";
const parse = (raw: Record<string, unknown>) => parseEnvironment(raw, FILE, { now: TODAY });
function mistakes(raw: Record<string, unknown>): string[] {
  try {
    parse(raw);
  } catch (error) {
    if (error instanceof PostureError) return error.message.split("\n");
    throw error;
  }
  return [];
}

/** Path, spoiled value, and the one line that a person gets for it. */
const TABLE: readonly (readonly [string, unknown, string])[] = [
  ["organization", undefined, "gatehouse:organization: missing; the organization's GitHub login, such as acme"],
  ["organization", "", "gatehouse:organization: empty; a GitHub login: letters, digits and single hyphens, at most 39"],
  [
    "organization",
    "acme corp",
    'gatehouse:organization: not valid: "acme corp"; a GitHub login: letters, digits and single hyphens, at most 39',
  ],
  ["organization", null, "gatehouse:organization: empty; the organization's GitHub login, such as acme"],
  ["organisation", "acme", "gatehouse:organisation: unknown key; did you mean organization?"],
  [
    "colour",
    "blue",
    "gatehouse:colour: unknown key; one of agent, audit, gate, githubUrl, organization, plan, protect, repositories, review, rotation, tokenStore",
  ],
  ["plan", "gold", "gatehouse:plan: no such plan: gold; free, team or enterprise"],
  ["protect", "yes", 'gatehouse:protect: "yes" is not true or false; true or false'],
  ["githubUrl", "ftp://x", "gatehouse:githubUrl: not valid: ftp://x; an http(s) URL without user, query or fragment"],
  [
    "githubUrl",
    "http://ghe.acme.dev",
    "gatehouse:githubUrl: http://ghe.acme.dev is not encrypted; an https URL; plain http is accepted for this machine only",
  ],
  ["agent", undefined, "gatehouse:agent: missing; { machineUser: …, credential: { kind: … } }"],
  [
    "agent.machineUser",
    "-bot",
    "gatehouse:agent.machineUser: not valid: -bot; a GitHub login: letters, digits and single hyphens, at most 39; name_code for an Enterprise Managed User",
  ],
  ["agent.machineuser", "x", "gatehouse:agent.machineuser: unknown key; did you mean machineUser?"],
  [
    "agent.credential.kind",
    "pat",
    "gatehouse:agent.credential.kind: no such kind: pat; personal-access-token, app-user-token, app-installation or ghes-impersonation",
  ],
  [
    "agent.credential.expiryDays",
    400,
    "gatehouse:agent.credential.expiryDays: 400 is too much; a whole number from 1 to 366",
  ],
  ["agent.credential.expirydays", 30, "gatehouse:agent.credential.expirydays: unknown key; did you mean expiryDays?"],
  [
    "agent.credential",
    { kind: "ghes-impersonation" },
    "gatehouse:agent.credential.kind: ghes-impersonation is possible only on a GitHub Enterprise Server; githubUrl of that server, or another kind",
  ],
  [
    "agent.credential",
    { kind: "app-user-token" },
    "gatehouse:agent.credential.clientId: missing; the client id of the GitHub App",
  ],
  ["agent.name", "The Agent", 'gatehouse:agent.name: not valid: "The Agent"; a short lower-case name'],
  ["repositories", [], "gatehouse:repositories: empty; at least one repository"],
  ["repositories", "api", 'gatehouse:repositories: "api" is not a list; a list such as [{ name: api, access: read }]'],
  [
    "repositories.1",
    "docs",
    'gatehouse:repositories[1]: "docs" is not a mapping; a mapping such as { name: api, access: read }',
  ],
  ["repositories.1.access", "admin", "gatehouse:repositories[1].access: no such level: admin; read or write"],
  ["repositories.1.access", undefined, "gatehouse:repositories[1].access: missing; read or write"],
  ["repositories.1.acess", "read", "gatehouse:repositories[1].acess: unknown key; did you mean access?"],
  [
    "repositories.1.name",
    "acme/docs",
    "gatehouse:repositories[1].name: not valid: acme/docs; a repository name without its owner: letters, digits, . _ -",
  ],
  [
    "repositories.1.name",
    "API",
    "gatehouse:repositories[1].name: API is already listed at repositories[0]; one entry per repository; GitHub ignores case",
  ],
  [
    "repositories.1.defaultBranch",
    "claude/main",
    "gatehouse:repositories[1].defaultBranch: claude/main is inside claude/, where the agent may push; a branch that does not start with claude/",
  ],
  [
    "repositories.0.reviewers",
    ["Backend Team"],
    'gatehouse:repositories[0].reviewers[0]: not valid: "Backend Team"; a team slug: lower-case letters, digits, - and _',
  ],
  [
    "repositories.0.reviewers",
    ["backend", "agents"],
    "gatehouse:repositories[0].reviewers[1]: agents is the machine user's own team, which cannot review its work; a team of people",
  ],
  [
    "repositories.0.reviewers",
    ["claude-bot"],
    "gatehouse:repositories[0].reviewers[0]: claude-bot is the machine user, which cannot review its own work; a team of people",
  ],
  [
    "repositories.0.contributors",
    ["agents"],
    "gatehouse:repositories[0].contributors[0]: agents is the machine user's own team, which cannot review its work; a team of people",
  ],
  [
    "repositories.0.protectedPaths",
    ["/a/", "!b"],
    'gatehouse:repositories[0].protectedPaths[1]: CODEOWNERS cannot hold "!b"; a path such as /infra/ or *.tf: no !, no #, no [ ], no \\, no spaces, no dot segments',
  ],
  [
    "repositories.0.protectedPaths",
    ["/a/../b"],
    "gatehouse:repositories[0].protectedPaths[0]: CODEOWNERS cannot hold /a/../b; a path such as /infra/ or *.tf: no !, no #, no [ ], no \\, no spaces, no dot segments",
  ],
  [
    "review.team",
    "agents",
    "gatehouse:review.team: agents is the machine user's own team, which cannot review its work; a team of people",
  ],
  [
    "review.securityTeam",
    "claude-bot",
    "gatehouse:review.securityTeam: claude-bot is the machine user, which cannot review its own work; a team of people",
  ],
  ["review.approvals", 0, "gatehouse:review.approvals: 0 is too little; a whole number from 1 to 6"],
  ["review.approvals", 1.5, "gatehouse:review.approvals: 1.5 is not a whole number; a whole number from 1 to 6"],
  ["review.approvals", "2", 'gatehouse:review.approvals: "2" is not a number; a whole number from 1 to 6'],
  [
    "review.requiredChecks",
    [{ context: "ci" }, { context: "ci", integrationId: 7 }],
    "gatehouse:review.requiredChecks[1].context: ci is already required; list each check once",
  ],
  ["review.requiredChecks", ["ci"], 'gatehouse:review.requiredChecks[0]: "ci" is not a mapping; a mapping'],
  ["tokenStore", { kind: "file" }, "gatehouse:tokenStore.kind: no such kind: file; vault or kv"],
  [
    "tokenStore.path",
    "/github/bot",
    "gatehouse:tokenStore.path: not valid: /github/bot; a path of letters, digits, - and _, without leading or trailing slash",
  ],
  [
    "tokenStore.path",
    "break-glass/bot",
    "gatehouse:tokenStore.path: break-glass/bot is where the break-glass password is kept; another path, such as github/claude-bot",
  ],
  [
    "tokenStore.address",
    "http://vault.acme.dev:8200",
    "gatehouse:tokenStore.address: http://vault.acme.dev:8200 is not encrypted; an https URL; plain http is accepted for this machine only",
  ],
  ["gate.accountId", "acme", "gatehouse:gate.accountId: not valid: acme; 32 hexadecimal digits"],
  ["gate.hostname", "gate", "gatehouse:gate.hostname: not valid: gate; a host name such as github-gate.acme.dev"],
  [
    "gate.hostname",
    "gate.acme.dev",
    "gatehouse:gate.zoneId: missing, although hostname is gate.acme.dev; the 32 hexadecimal digits of the hostname's zone",
  ],
  [
    "gate.zoneId",
    "0123456789abcdef0123456789abcdef",
    "gatehouse:gate.hostname: missing, although zoneId is set; a host name of that zone, or no zoneId",
  ],
  [
    "gate.requestsPerMinute",
    "60",
    'gatehouse:gate.requestsPerMinute: "60" is not a number; a whole number from 1 to 100000',
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "not-a-hash-but-the-value", reason: "demo", until: "2026-12-31" }],
    "gatehouse:gate.allowedSecrets[0].sha256: not valid: the value; the SHA-256 of the exact value, 64 hexadecimal digits or base64; never the value itself",
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "0".repeat(64), reason: "demo" }],
    "gatehouse:gate.allowedSecrets[0].until: missing; the last day on which it counts, such as 2026-12-31",
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "0".repeat(64), reason: "demo", until: "2026-06-14" }],
    "gatehouse:gate.allowedSecrets[0].until: 2026-06-14 has passed; remove the entry, or give a later day",
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "0".repeat(64), reason: "demo", until: "2027-06-18" }],
    "gatehouse:gate.allowedSecrets[0].until: 2027-06-18 is more than a year away; an earlier day, so that somebody reviews the exception",
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "0".repeat(64), until: "2026-12-31" }],
    "gatehouse:gate.allowedSecrets[0].reason: missing; one line that says why",
  ],
  [
    "gate.allowedSecrets",
    [{ sha256: "0".repeat(64), reason: `ghp_${"a1B2c3D4e5".repeat(4)}`, until: "2026-12-31" }],
    "gatehouse:gate.allowedSecrets[0].reason: contains what looks like a credential; why it is allowed, without the value",
  ],
  [
    "gate.allowedSecrets",
    [{ repository: "docs", path: "/tests/", reason: "demo", until: "2026-12-31" }],
    "gatehouse:gate.allowedSecrets[0].repository: the agent may not write to docs; a repository listed with access: write",
  ],
  [
    "gate.allowedSecrets",
    [{ repository: "api", path: "/**", reason: "demo", until: "2026-12-31" }],
    "gatehouse:gate.allowedSecrets[0].path: /** matches every file; the folder or the file in question, such as /tests/fixtures/",
  ],
  [
    "gate.allowedSecrets",
    [{ repository: "api", path: "!/tests/", reason: "demo", until: "2026-12-31" }],
    'gatehouse:gate.allowedSecrets[0].path: "!/tests/" is not a pattern that the gate reads; a path such as /tests/fixtures/ or *.snap: no !, no [ ], no \\, no dot segments',
  ],
  [
    "gate.allowedSecrets",
    [{ repository: "api", reason: "demo", until: "2026-12-31" }],
    'gatehouse:gate.allowedSecrets[0]: not valid: {"repository":"api","reason":"demo","until":"2026-12-31"}; { sha256: …, reason: …, until: … } or { repository: …, path: …, reason: …, until: … }',
  ],
  [
    "gate.secretPatterns",
    [{ name: "acme-key", expression: "acme_[a-z]+" }],
    "gatehouse:gate.secretPatterns[0].expression: + has no upper bound; a bound, such as {20,64}",
  ],
  [
    "gate.secretPatterns",
    [{ name: "npm-token", expression: "acme_[a-z]{9}" }],
    "gatehouse:gate.secretPatterns[0].name: npm-token is a kind that the gate knows already; a name of its own",
  ],
  [
    "gate.canaryTokens",
    [{ name: "wiki", sha256: "the value itself" }],
    "gatehouse:gate.canaryTokens[0].sha256: not valid: the value; the SHA-256 of the exact value, 64 hexadecimal digits or base64; never the value itself",
  ],
  [
    "gate.canaryTokens",
    [
      { name: "wiki", sha256: "0".repeat(64) },
      { name: "mail", sha256: "0".repeat(64) },
    ],
    "gatehouse:gate.canaryTokens[1].sha256: this value is listed already; one entry for each",
  ],
  [
    "gate.alertOnlySecrets",
    ["slack-tokens"],
    "gatehouse:gate.alertOnlySecrets[0]: no such kind of secret: slack-tokens; did you mean slack-token?",
  ],
  [
    "gate.alertOnlySecrets",
    ["canary-token"],
    "gatehouse:gate.alertOnlySecrets[0]: no such kind of secret: canary-token; did you mean clojars-token?",
  ],
  [
    "gate.mode",
    { kind: "observe" },
    "gatehouse:gate.mode.until: missing; the day on which observing ends, such as 2026-12-31",
  ],
  [
    "gate.mode",
    { kind: "observe", until: "2026-13-01" },
    "gatehouse:gate.mode.until: not valid: 2026-13-01; the day on which observing ends, such as 2026-12-31",
  ],
  [
    "gate.mode",
    { kind: "observe", until: "2026-06-14" },
    "gatehouse:gate.mode.until: 2026-06-14 has passed; mode: { kind: enforce }, or a later day",
  ],
  [
    "gate.mode",
    { kind: "observe", until: "2027-06-14" },
    "gatehouse:gate.mode.until: 2027-06-14 is more than 90 days away; an earlier day: while the gate observes, it stops nothing",
  ],
  ["audit.retentionDays", 0, "gatehouse:audit.retentionDays: 0 is too little; a whole number from 1 to 3650"],
  [
    "audit.retentionDays",
    7,
    "gatehouse:audit.retentionDays: 7 days is shorter than the life of a token (30), so its use could not be traced; at least 30",
  ],
  ["audit.sinks", [], "gatehouse:audit.sinks: empty; at least one sink"],
  [
    "audit.sinks",
    [{ kind: "logpush", destination: "https://audit.acme.dev/in" }],
    "gatehouse:audit.sinks: no R2 bucket in the list; one { kind: r2, bucket: … }: the gate writes its records there before it answers",
  ],
  [
    "audit.sinks.1",
    { kind: "r2", bucket: "second-bucket" },
    "gatehouse:audit.sinks[1]: a second bucket; one bucket; more copies go to sinks of the other kinds",
  ],
  [
    "audit.sinks.1",
    { kind: "syslog" },
    "gatehouse:audit.sinks[1].kind: no such kind: syslog; r2, logpush, https, splunk-hec, elastic, otlp or s3",
  ],
  [
    "rotation.everyDays",
    31,
    "gatehouse:rotation.everyDays: 31 days is longer than the life of the credential (30); at most 30, or a longer agent.credential.expiryDays",
  ],
  [
    "rotation.remindDays",
    30,
    "gatehouse:rotation.remindDays: 30 days is not shorter than everyDays (30), so the reminder would never stop; less than 30",
  ],
  [
    "rotation.repository",
    "API",
    "gatehouse:rotation.repository: the agent may write to API, where its own token would be rotated; a repository that is not listed, or listed with access: read",
  ],
  [
    "rotation.notify",
    ["https://a.dev/x", "http://a.dev/x"],
    "gatehouse:rotation.notify[1]: http://a.dev/x is not encrypted; an https URL; plain http is accepted for this machine only",
  ],
];

describe("a passing environment", () => {
  it("is taken, with every default filled in", () => {
    const environment = parse(rawEnvironment());
    expect(environment.agent).toMatchObject({ name: "agent", team: "agents" });
    expect(environment.repositories[1]).toEqual({
      name: "docs",
      access: "read",
      visibility: "private",
      reviewers: [],
      contributors: [],
      protectedPaths: [],
      defaultBranch: "main",
    });
    expect(environment.gate).toMatchObject({
      name: "github-gate",
      tokenCacheSeconds: 5,
      mode: { kind: "enforce" },
      attach: "custom-domain",
    });
  });

  it.each(["dev", "prod"])("is the %s environment of the repository", (stack) => {
    const file = `Pulumi.${stack}.yaml`;
    const environment = parseStackFile(readFileSync(join(__dirname, "../../..", file), "utf8"), file, [], {
      now: TODAY,
    });
    expect(environment.repositories.length).toBeGreaterThanOrEqual(stack === "prod" ? 5 : 2);
  });
});

describe("one mistake gives exactly one line", () => {
  it.each(TABLE)("%s = %j", (path, value, line) => {
    expect(mistakes(spoiled(path, value))).toEqual([`${FILE}: ${line}`]);
  });
});

describe("mistakes that need two keys", () => {
  it("names a grace that is shorter than a running request", () => {
    const raw = spoiled("rotation.graceMinutes", 1);
    (raw.gate as Record<string, unknown>).upstreamTimeoutSeconds = 120;
    expect(mistakes(raw)).toEqual([
      `${FILE}: gatehouse:rotation.graceMinutes: 1 min is shorter than gate.tokenCacheSeconds and gate.upstreamTimeoutSeconds together (125 s), so a running request could lose its token; at least 3`,
    ]);
  });

  it("refuses write access on the free plan, where GitHub offers no second lock", () => {
    const lines = mistakes(spoiled("plan", "free"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^Pulumi\.test\.yaml: gatehouse:plan: fewer than two independent locks would stop: .*push-default-branch.*; team or enterprise/,
    );
    const readOnly = spoiled("plan", "free");
    (readOnly.repositories as { access: string }[])[0]!.access = "read";
    expect(mistakes(readOnly)).toEqual([]);
  });

  it("takes http for this machine alone", () => {
    for (const url of ["http://127.0.0.1:8200", "http://localhost:1", "http://[::1]:8200"])
      expect(mistakes(spoiled("tokenStore.address", url))).toEqual([]);
    for (const url of ["http://localhost.evil.dev", "http://127.0.0.1.nip.io:8200"])
      expect(mistakes(spoiled("tokenStore.address", url))).toHaveLength(1);
  });
});

describe("many mistakes at once", () => {
  it("are all named, also across keys that are broken themselves", () => {
    const raw = rawEnvironment();
    raw.plan = "gold";
    raw.review = { team: "agents", approvals: 9 };
    raw.repositories = [
      { name: "api", access: "admin" },
      { name: "Api", access: "read" },
    ];
    expect(mistakes(raw).map((line) => line.split(": ")[1])).toEqual([
      "gatehouse:plan",
      "gatehouse:repositories[0].access",
      "gatehouse:review.approvals",
      "gatehouse:repositories[1].name",
      "gatehouse:review.team",
    ]);
  });

  it("say that GitHub's events need an address of the gate", () => {
    const raw = spoiled("audit.githubEvents", true);
    expect(mistakes(raw)).toEqual([]);
    delete (raw.gate as { workersDev?: string }).workersDev;
    expect(mistakes(raw)).toEqual([expect.stringMatching(/gatehouse:audit\.githubEvents: GitHub cannot be told/)]);
  });

  it("say where GitHub's events go, and where they cannot", () => {
    const own = spoiled("audit.githubEventsUrl", "https://gate.acme.dev");
    expect(mistakes(own)).toEqual([expect.stringMatching(/gatehouse:audit\.githubEventsUrl: no events of GitHub go/)]);
    (own.audit as { githubEvents?: boolean }).githubEvents = true;
    expect(mistakes(own)).toEqual([]);
    delete (own.gate as { workersDev?: string }).workersDev;
    expect(mistakes(own)).toEqual([]);
    for (const [url, words] of [
      ["https://gate.acme.dev/_gate/webhooks/github", /has a path; the gate's address alone/],
      ["http://gate.acme.dev", /is not encrypted/],
    ] as const) {
      (own.audit as { githubEventsUrl?: string }).githubEventsUrl = url;
      expect(mistakes(own)).toEqual([expect.stringMatching(words)]);
    }
    expect(mistakes(spoiled("audit.githubHooks", "users"))).toEqual([
      expect.stringMatching(/gatehouse:audit\.githubHooks: no such value: users; organization or repositories/),
    ]);
  });

  it("never repeat a sink's credential, and name a sink whose name another one has", () => {
    const raw = spoiled("audit.sinks.1", { kind: "splunk-hec", url: "https://x.dev/y", token: ["raw-token"] });
    expect(mistakes(raw).join()).not.toContain("raw-token");
    const twice = spoiled("audit.sinks.1", { kind: "https", url: "https://x.dev/y" });
    (twice.audit as { sinks: unknown[] }).sinks.push({ kind: "https", url: "http://x.dev/y" });
    expect(mistakes(twice)).toEqual([
      expect.stringMatching(/gatehouse:audit\.sinks\[2\]\.url: .*not encrypted/),
      expect.stringMatching(/gatehouse:audit\.sinks\[2\]\.name: .*name of another sink/),
    ]);
  });

  it("never repeat a destination that may carry credentials", () => {
    const raw = spoiled("audit.sinks.1", { kind: "logpush", destination: "s3://x:y", ownershipChallenge: 5 });
    (raw.audit as { sinks: { destination?: unknown }[] }).sinks[1]!.destination = "s3:k!y";
    const lines = mistakes(raw);
    expect(lines.join()).not.toContain("k!y");
    expect(lines).toHaveLength(2);
  });
});

describe("whatever is written", () => {
  it("an environment is either taken as the schema says or refused with lines for a person", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...Object.keys(environmentSchema.shape), "x", "__proto__", "constructor"),
          fc.anything({ maxDepth: 4 }),
        ),
        (raw) => {
          for (const line of mistakes({ ...rawEnvironment(), ...raw })) {
            expect(line).toMatch(/^Pulumi\.test\.yaml: gatehouse:[^\n]+: [^\n]+; [^\n]+$/);
            expect(line).not.toContain("\u0000");
            expect(line).not.toMatch(/Invalid input|undefined|expected .* received/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("its error carries no stack, so that nothing long is printed", () => {
    try {
      parse({});
    } catch (error) {
      expect((error as Error).stack).toBeUndefined();
    }
    expect.assertions(1);
  });
});
