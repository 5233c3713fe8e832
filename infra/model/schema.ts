import { z } from "zod";
import { day, instant } from "./goTime";

/** The GitHub App that reports the results of GitHub Actions. */
export const ACTIONS_APP_ID = 15368;

/**
 * The environment file's `gatehouse:` keys, after validation and with every default filled in.
 * It is the one source of truth: whatever else is declared follows from it by the functions of this folder. Meaning and
 * examples stand here too: the editors' schema and docs/configuration.md are made of them (infra/config/jsonSchema.ts).
 */

const login = z
  .string()
  .regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,37}[a-zA-Z0-9])?$/,
    "a GitHub login: letters, digits and single hyphens, at most 39",
  );
/**
 * An Enterprise Managed User has the short code of its enterprise behind an underscore; nobody else has an underscore.
 */
const accountLogin = z
  .string()
  .regex(
    /^(?=.{1,39}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:_[a-zA-Z0-9]{1,10})?$/,
    "a GitHub login: letters, digits and single hyphens, at most 39; name_code for an Enterprise Managed User",
  );
const slug = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,99}$/, "a team slug: lower-case letters, digits, - and _");
const repositoryName = z
  .string()
  .regex(
    /^(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9_.-]{1,100}$/,
    "a repository name without its owner: letters, digits, . _ -",
  );
const hostname = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    "a host name such as github-gate.acme.dev",
  );
const hex32 = z.string().regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits");
const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, "an http(s) URL without user, query or fragment");
const vaultPath = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/,
    "a path of letters, digits, - and _, without leading or trailing slash",
  );
const branchName = z.string().regex(/^(?!\/)(?!.*\.\.)[A-Za-z0-9._/-]{1,200}$/, "a branch name");
const whole = (min: number, max: number) =>
  z
    .int(`a whole number from ${min} to ${max}`)
    .min(min, `a whole number from ${min} to ${max}`)
    .max(max, `a whole number from ${min} to ${max}`);

/** Written without quotes, both reach the program as the time that Pulumi reads. */
const date = z.string().transform(day).pipe(z.iso.date());
const dateTime = z
  .string()
  .transform(instant)
  .pipe(z.iso.datetime({ error: "a time such as 2026-07-01T09:00:00Z" }));

/** How an editor is told of a day: what Pulumi reads as a time when it stands without quotes. */
const DAY = {
  pattern: "^\\d{4}-\\d{1,2}-\\d{1,2}",
  patternErrorMessage: "a day such as 2027-06-30",
  examples: ["2027-06-30"],
};

/** Key paths of the values that are dates or times; anywhere else an unquoted date is a mistake. */
export const DATE_PATHS: ReadonlySet<string> = new Set([
  "gate.mode.until",
  "gate.key.previousUntil",
  "gate.allowedSecrets.[].until",
]);

export const ACCESS_LEVELS = ["read", "write"] as const;
export const CREDENTIAL_KINDS = [
  "personal-access-token",
  "app-user-token",
  "app-installation",
  "ghes-impersonation",
] as const;
export const ADMINISTRATORS = ["bypass", "bound"] as const;
export const ATTACHMENTS = ["custom-domain", "route"] as const;
export const PERMISSION_POLICIES = ["always_ask", "always_allow"] as const;
export const PLANS = ["free", "team", "enterprise"] as const;
export const VISIBILITIES = ["private", "internal", "public"] as const;

const appId = whole(1, Number.MAX_SAFE_INTEGER);

const credential = z
  .discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("personal-access-token"),
        expiryDays: whole(1, 366).default(30).describe("How long a token lives; GitHub asks for it when it is made."),
      })
      .describe("A fine-grained personal access token: a person clicks a pre-filled link, the rest is automatic."),
    z
      .strictObject({
        kind: z.literal("app-user-token"),
        clientId: z
          .string()
          .min(1)
          .meta({ description: "Client id of the GitHub App.", examples: ["Iv23liAbCdEfGhIjKlMn"] }),
        expiryDays: whole(1, 180)
          .default(180)
          .describe("How long the refresh token lives; GitHub gives it six months."),
      })
      .describe("A GitHub App's expiring user token (8 hours) with its refresh token (6 months)."),
    z
      .strictObject({
        kind: z.literal("app-installation"),
        appId: appId.meta({ description: "Id of the GitHub App.", examples: [424242] }),
        installationId: appId.meta({
          description: "Id of the App's installation in the organization.",
          examples: [515151],
        }),
      })
      .describe("A GitHub App's installation token (1 hour), narrowed to the declared repositories and permissions."),
    z
      .strictObject({
        kind: z.literal("ghes-impersonation"),
        expiryDays: whole(1, 366).default(30).describe("How long a token lives; the rotation replaces it in time."),
      })
      .describe("An impersonation token of a GitHub Enterprise Server, minted by a site administrator."),
  ])
  .meta({
    description: "How the agent's GitHub token is made (docs/token.md).",
    examples: [{ kind: "personal-access-token", expiryDays: 30 }],
  });

/** A sink that the forwarder serves. The cursor is kept under the name, so it stays when the list is put into another order. */
const sinkName = (kind: string) =>
  z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, "a short lower-case name")
    .default(kind)
    .describe("Name of the sink, under which its progress is kept; needed where two are of one kind.");
const sinkSecret = (what: string, example: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${what} Set it with pulumi config set --secret.`, examples: [example], secret: true });

const sink = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("r2"),
      bucket: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "a bucket name")
        .meta({ description: "Name of the bucket; the stack creates it.", examples: ["acme-agent-audit"] }),
    })
    .describe("The R2 bucket that the stack creates, with a lock rule for the retention. Exactly one."),
  z
    .strictObject({
      kind: z.literal("logpush"),
      destination: z
        .string()
        .min(8, "a Logpush destination such as https://…, s3://… or r2://…")
        .meta({
          description:
            "Where Cloudflare pushes the records. It may carry credentials and is treated as a secret: pulumi config set --secret.",
          examples: ["https://audit-intake.acme.dev/gatehouse/{DATE}"],
          secret: true,
        }),
      ownershipChallenge: z.string().min(1).optional().meta({
        description:
          "What Cloudflare wrote to the destination to prove that it is yours; buckets need it, https destinations do not.",
        secret: true,
      }),
    })
    .describe("A Logpush job of the Worker's trace events: a second copy outside the account."),
  z
    .strictObject({
      kind: z.literal("https"),
      name: sinkName("https"),
      url: httpUrl.meta({
        description: "Takes records by POST.",
        examples: ["https://audit-intake.acme.dev/gatehouse"],
      }),
      token: sinkSecret("Bearer token.", "…").optional(),
    })
    .describe("Any HTTPS receiver: the records as they are, one a line."),
  z
    .strictObject({
      kind: z.literal("splunk-hec"),
      name: sinkName("splunk-hec"),
      url: httpUrl.meta({
        description: "The HTTP Event Collector's address.",
        examples: ["https://splunk.acme.dev:8088/services/collector/event"],
      }),
      token: sinkSecret("The collector's token.", "…"),
      index: z
        .string()
        .regex(/^[a-z0-9_][a-z0-9_-]{0,79}$/, "the name of an index")
        .optional()
        .meta({ description: "Index of the events; the token's own when absent.", examples: ["security"] }),
    })
    .describe("Splunk's HTTP Event Collector."),
  z
    .strictObject({
      kind: z.literal("elastic"),
      name: sinkName("elastic"),
      url: httpUrl.meta({ description: "Address of the cluster.", examples: ["https://elastic.acme.dev:9200"] }),
      index: z
        .string()
        .regex(/^(?![-_+.])[a-z0-9._-]{1,200}$/, "the name of an index or data stream")
        .default("logs-gatehouse.audit-default")
        .describe("Index or data stream."),
      apiKey: sinkSecret("API key, as Elastic shows it encoded; it needs `create_doc` on the index.", "…").optional(),
    })
    .describe("Elasticsearch, by its bulk interface. A record that comes twice is kept once."),
  z
    .strictObject({
      kind: z.literal("otlp"),
      name: sinkName("otlp"),
      url: httpUrl.meta({ description: "Where logs go.", examples: ["https://otel.acme.dev:4318/v1/logs"] }),
      token: sinkSecret("Bearer token.", "…").optional(),
    })
    .describe("An OpenTelemetry collector: OTLP/HTTP logs in JSON."),
  z
    .strictObject({
      kind: z.literal("s3"),
      name: sinkName("s3"),
      url: httpUrl.meta({
        description: "Address of the bucket, a prefix included.",
        examples: ["https://acme-audit.s3.eu-central-1.amazonaws.com"],
      }),
      region: z
        .string()
        .regex(/^[a-z0-9-]{1,40}$/, "a region such as eu-central-1")
        .default("auto")
        .describe("Region that requests are signed for."),
      accessKeyId: z
        .string()
        .regex(/^[A-Za-z0-9]{8,128}$/, "an access key id")
        .meta({
          description: "Access key that may put objects and nothing else.",
          examples: ["GK31c2f218a2e44f485b94239e"],
        }),
      secretAccessKey: sinkSecret("Its secret.", "…"),
    })
    .describe("Any bucket with S3's interface, another account's for instance."),
]);

const requiredCheck = z.strictObject({
  context: z
    .string()
    .min(1)
    .max(255)
    .meta({ description: "Name of the check.", examples: ["ci"] }),
  integrationId: appId
    .default(ACTIONS_APP_ID)
    .describe(
      "The GitHub App that must report the check; without it any account with write access could. 15368 is GitHub Actions.",
    ),
});

/** A SHA-256 in the form of `sha256sum`, or in base64; kept as lower-case hexadecimal digits. */
const sha256 = z
  .string()
  .regex(
    /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)$/,
    "the SHA-256 of the exact value, 64 hexadecimal digits or base64; never the value itself",
  )
  .transform((text) =>
    text.length === 64
      ? text.toLowerCase()
      : [...atob(text)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(""),
  );

const secretName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,39}$/, "a name of lower-case letters, digits and -, such as acme-deploy-key");

/** A form of secrets of the organization's own. */
const secretPattern = z.strictObject({
  name: secretName.meta({ description: "Its name in refusals and records.", examples: ["acme-deploy-key"] }),
  expression: z
    .string()
    .min(1)
    .max(256, "at most 256 characters")
    .meta({
      description: "A regular expression of the subset in docs/secrets.md, in which matching is linear.",
      examples: ["\\bacme_(?:live|test)_[a-z0-9]{32}\\b"],
    }),
});

/** A decoy that nobody may use. */
const canaryToken = z.strictObject({
  name: secretName.meta({ description: "Its name in alerts and records.", examples: ["wiki-decoy"] }),
  sha256: sha256.meta({
    description: "SHA-256 of the exact value, in hexadecimal digits or base64. Never the value itself.",
    examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
  }),
});

/** One exception of the search for credentials. */
const allowedSecret = z
  .strictObject({
    sha256: sha256.optional().meta({
      description: "SHA-256 of the exact value, in hexadecimal digits or base64. Never the value itself.",
      examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    }),
    repository: repositoryName
      .optional()
      .meta({ description: "The repository that `path` is in; the agent may write to it.", examples: ["api"] }),
    path: z
      .string()
      .min(1)
      .max(180)
      .optional()
      .meta({
        description: "The files in which it may stand: a glob like those of protectedPaths.",
        examples: ["/tests/fixtures/"],
      }),
    reason: z
      .string()
      .regex(/^[^\p{Cc}]{1,200}$/u, "one line that says why, at most 200 characters")
      .meta({ description: "Why; stands in the gate's records. Never the value.", examples: ["made-up keys"] }),
    until: date.meta({ description: "Last day (UTC) on which it counts, at most a year away.", ...DAY }),
  })
  .refine(
    ({ sha256, repository, path }) =>
      sha256 === undefined
        ? repository !== undefined && path !== undefined
        : repository === undefined && path === undefined,
    "{ sha256: …, reason: …, until: … } or { repository: …, path: …, reason: …, until: … }",
  )
  .meta({
    description: "Either one value, by `sha256`, or the files at a `path` of a `repository`.",
    // What the refinement says, for editors.
    oneOf: [{ required: ["sha256"] }, { required: ["repository", "path"] }],
  });

/** The names and the form of a tool are those of Anthropic's API (SDK 1.14.0, `BetaManagedAgentsMCPToolConfigParams`). */
const agentTool = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/, "the name of a tool of the gate's MCP server")
    .meta({ description: "Name of a tool of the gate's MCP server.", examples: ["create_pull_request"] }),
  policy: z
    .enum(PERMISSION_POLICIES)
    .default("always_ask")
    .describe("`always_ask`: a person confirms each call. `always_allow`: nobody is asked; for tools that only read."),
});

/** Where the agent runs: an adapter for each service. The names are those of its API. */
const agentEnvironment = z
  .discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("claude-managed-agent"),
        model: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{0,127}$/, "the name of a model, such as claude-opus-5-5")
          .meta({ description: "The model that the agent runs on.", examples: ["claude-opus-5-5"] }),
        instructions: z
          .string()
          .min(1)
          .max(20_000)
          .optional()
          .meta({
            description: "What the agent is for; stands in its system prompt before the part about the gate.",
            examples: ["You mend bugs that the issues of acme/api describe."],
          }),
        bash: z
          .enum(PERMISSION_POLICIES)
          .default("always_ask")
          .describe(
            "Whether a person confirms each shell command. `always_allow` is taken only while the sandbox reaches nothing but the gate, which judges what leaves it.",
          ),
        tools: z
          .array(agentTool)
          .max(128, "at most 128 tools")
          .default([])
          .meta({
            description: "Tools of the gate's MCP server that are on; every other one is off.",
            examples: [[{ name: "create_pull_request", policy: "always_ask" }]],
          }),
        packageManagers: z
          .boolean()
          .default(false)
          .describe("Opens the public package registries to the sandbox. Whoever can publish there has a way out."),
        allowedHosts: z
          .array(hostname)
          .max(15, "at most 15 hosts beside the gate's")
          .default([])
          .meta({
            description: "Hosts that the sandbox may reach beside the gate, such as a package mirror of your own.",
            examples: [["packages.acme.dev"]],
          }),
        budgetDollars: whole(1, 100_000)
          .default(25)
          .describe("List price in US dollars at which a session stops. Whoever starts a session passes it on."),
      })
      .describe(
        "A Claude Managed Agent: the stack declares its environment, its vault and the agent itself (docs/claude.md).",
      ),
  ])
  .meta({
    description:
      "Where the agent runs. Absent: the stack declares nothing of it, and you give it the gate key yourself.",
    examples: [{ kind: "claude-managed-agent", model: "claude-opus-5-5" }],
  });

const agent = z
  .strictObject({
    machineUser: accountLogin.meta({
      description: "Login of the agent's own GitHub account. Nothing else may use it.",
      examples: ["claude-bot"],
    }),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, "a short lower-case name")
      .default("agent")
      .describe("Name of the agent in audit records and on its gate key."),
    team: slug.default("agents").describe("Slug of the team that carries the machine user's permissions."),
    credential,
    environment: agentEnvironment.optional(),
  })
  .describe("The machine user, its team, the kind of credential it works with, and where it runs.");

const repository = z.strictObject({
  name: repositoryName.meta({ description: "Name of the repository, without its owner.", examples: ["api"] }),
  access: z
    .enum(ACCESS_LEVELS)
    .describe(
      "`read`: clone and read. `write`: also push to `claude/**` and open draft pull requests. It never means merge, admin or settings.",
    ),
  visibility: z
    .enum(VISIBILITIES)
    .default("private")
    .describe(
      "Decides which locks GitHub offers: rulesets for public repositories on every plan, push rules for the others only.",
    ),
  reviewers: z
    .array(slug)
    .default([])
    .meta({
      description:
        "Team slugs that review what the agent writes, and own the code that the repository's own CODEOWNERS gives to nobody else.",
      examples: [["backend"]],
    }),
  contributors: z
    .array(slug)
    .default([])
    .meta({
      description:
        "Team slugs of people who go on pushing their own branches; everyone else with write access is held to `claude/**`.",
      examples: [["mobile"]],
    }),
  protectedPaths: z
    .array(z.string().min(1).max(180))
    .default([])
    .meta({
      description: "More paths the agent may never change, beside workflows and CODEOWNERS (gitignore-like globs).",
      examples: [["/migrations/", "*.tf"]],
    }),
  defaultBranch: branchName
    .default("main")
    .describe("The branch that people merge into; GitHub's own setting must be the same."),
});

const review = z
  .strictObject({
    team: slug.meta({
      description: "Slug of the reviewers of last resort: the team owns every path that no repository team owns.",
      examples: ["agent-reviewers"],
    }),
    securityTeam: slug.optional().meta({
      description:
        "Slug of the team that owns CODEOWNERS, workflows and the other protected paths. Defaults to `team`.",
      examples: ["security"],
    }),
    approvals: whole(1, 6)
      .default(2)
      .describe("Approvals that a pull request needs. With 2, the person who asked the agent is one of them at most."),
    requiredChecks: z.array(requiredCheck).default([]).describe("Checks that must pass before a merge."),
    linearHistory: z.boolean().default(false).describe("Refuses merge commits on the default branch."),
    signedCommits: z.boolean().default(false).describe("Requires signed commits on the default branch."),
    label: z
      .string()
      .regex(/^[^,\p{Cc}]{1,50}$/u, "a label of at most 50 characters, without a comma")
      .default("agent")
      .describe("Label that the gate puts on the agent's pull requests."),
    organizationRulesets: z
      .boolean()
      .optional()
      .describe(
        "Rulesets of the organization, a constant number for any number of repositories, in place of rulesets in each repository. Default: where `plan` is enterprise.",
      ),
    administrators: z
      .enum(ADMINISTRATORS)
      .default("bypass")
      .describe(
        "Whether organization owners may pass the review of the default branch. `bypass`: the deployment can keep CODEOWNERS up to date, and GitHub records each pass. `bound`: nobody passes; CODEOWNERS is placed once and changes by pull request.",
      ),
  })
  .describe("Who reviews what the agent writes, and what must hold before it is merged.");

const tokenStore = z
  .discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("vault"),
        address: httpUrl.optional().meta({
          description: "Where the gate reaches Vault or OpenBao; VAULT_ADDR of the deployment when absent.",
          examples: ["https://vault.acme.dev:8200"],
        }),
        namespace: vaultPath.optional().meta({
          description:
            "Namespace that holds mount, policies and sign-ins; VAULT_NAMESPACE of the deployment when absent.",
          examples: ["platform/agents"],
        }),
        mount: vaultPath.default("agents").describe("Path of the KV version 2 mount; the stack creates it."),
        path: vaultPath.meta({
          description: "Where the token lies in the mount.",
          examples: ["github/claude-bot"],
        }),
        maxVersions: whole(2, 100).default(10).describe("How many versions of a secret Vault keeps."),
      })
      .describe("Vault or OpenBao, which Cloudflare must be able to reach."),
    z.strictObject({ kind: z.literal("kv") }).describe("Workers KV, sealed under a key of the stack."),
  ])
  .meta({
    description: "Where the GitHub token lies. The token itself is never in the stack.",
    examples: [{ kind: "vault", mount: "agents", path: "github/claude-bot" }],
  });

const gateKey = z
  .strictObject({
    generation: whole(1, 100_000).default(1).describe("Number of the key. Raise it by one to make a new key."),
    previousUntil: dateTime.optional().meta({
      description: "When the key before stops working; at most rotation.gateKeyOverlapHours from now.",
      patternErrorMessage: "a time such as 2027-07-01T09:00:00Z",
      examples: ["2027-07-01T09:00:00Z"],
    }),
  })
  .default({ generation: 1 })
  .describe("The agent's gate key. `gatehouse token gate-key` writes a new generation here.");

const gate = z
  .strictObject({
    accountId: hex32.meta({
      description: "The Cloudflare account.",
      examples: ["0a1b2c3d4e5f60718293a4b5c6d7e8f9"],
    }),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,53}$/, "a Worker name")
      .default("github-gate")
      .describe("Name of the Worker script; its Durable Objects live in `<name>-ledger`."),
    hostname: hostname.optional().meta({
      description: "Public host name of the gate; the account's workers.dev when absent.",
      examples: ["github-gate.acme.dev"],
    }),
    zoneId: hex32.optional().meta({
      description: "Cloudflare zone of `hostname`; needed with it.",
      examples: ["4d5e6f708192a3b4c5d6e7f8091a2b3c"],
    }),
    attach: z
      .enum(ATTACHMENTS)
      .default("custom-domain")
      .describe(
        "How `hostname` reaches the Worker. `custom-domain`: Cloudflare makes its DNS record and certificate. `route`: both exist, and a route is added.",
      ),
    workersDev: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "the account's name on workers.dev, such as acme-dev")
      .optional()
      .meta({
        description:
          "The account's name on workers.dev; it makes the gate's address known to the stack when there is no `hostname`.",
        examples: ["acme-dev"],
      }),
    key: gateKey,
    requestsPerMinute: whole(1, 100_000).default(120).describe("Requests of the agent; more get 429 and Retry-After."),
    requestsPerHour: whole(1, 1_000_000).default(4000).describe("Requests of the agent; more get 429 and Retry-After."),
    writesPerMinute: whole(1, 10_000).default(30).describe("Requests of the agent that change something."),
    bytesPerHour: whole(1, 1_000_000_000_000)
      .default(5_000_000_000)
      .describe("What the agent may read and write together."),
    maxBodyBytes: whole(1, 100_000_000).default(1_048_576).describe("Largest body of a request that is not a push."),
    maxPushBytes: whole(1, 1_000_000_000).default(10_485_760).describe("Largest push."),
    maxPushObjects: whole(1, 1_000_000).default(5000).describe("Most git objects in a push."),
    maxChangedLines: whole(1, 1_000_000)
      .default(2000)
      .describe("Most lines that a pull request, or a branch through the API, may change."),
    maxChangedFiles: whole(1, 10_000).default(100).describe("Most files that a push or a pull request may change."),
    maxDownloadBytes: whole(1, 10_000_000_000).default(1_073_741_824).describe("Largest clone, fetch or download."),
    tokenCacheSeconds: whole(1, 60)
      .default(5)
      .describe(
        "How long an isolate may use a token without asking the store again; bounds how late a revocation arrives.",
      ),
    upstreamTimeoutSeconds: whole(1, 300).default(30).describe("How long GitHub may take to answer."),
    lfs: z.enum(["refuse", "proxy"]).default("refuse").describe("Whether large files (git LFS) pass through the gate."),
    mcp: z
      .boolean()
      .default(false)
      .describe("Whether the gate speaks MCP at /mcp (docs/mcp.md). With agent.environment it always does."),
    sessionKeys: z
      .strictObject({
        maxHours: whole(1, 24).default(8).describe("Longest life of a session's key."),
        maxSessions: whole(1, 100).default(20).describe("Most sessions that have a key at once."),
      })
      .optional()
      .meta({
        description:
          "Gate keys for single sessions (docs/claude.md): `gatehouse session start` makes one, and it ends with the session. Absent: the gate takes none.",
        examples: [{ maxHours: 8, maxSessions: 20 }],
      }),
    allowedSecrets: z
      .array(allowedSecret)
      .max(50, "at most 50 exceptions")
      .default([])
      .describe("What looks like a credential and may pass nevertheless (docs/gate.md)."),
    secretPatterns: z
      .array(secretPattern)
      .max(20, "at most 20 patterns")
      .default([])
      .describe(
        "Forms of secrets of the organization's own; what has one is refused like a credential (docs/secrets.md).",
      ),
    canaryTokens: z
      .array(canaryToken)
      .max(100, "at most 100 canary tokens")
      .default([])
      .describe("Decoys of 16 to 256 characters, as hashes; who writes one is refused and raises an alert at once."),
    alertOnlySecrets: z
      .array(z.string())
      .max(100, "at most 100 kinds")
      .default([])
      .describe(
        "Kinds of secrets (the formats in docs/secrets.md and names of secretPatterns) that pass with an alert instead of being refused.",
      ),
    mode: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("enforce") }).describe("Refuses what the policy forbids."),
        z
          .strictObject({
            kind: z.literal("observe"),
            until: date.meta({ description: "Last day (UTC) of observing, at most 90 days away.", ...DAY }),
          })
          .describe("Lets through what would be refused, and records it. It stops nothing."),
      ])
      .default({ kind: "enforce" })
      .describe("Whether the gate refuses, or observes until a day."),
  })
  .describe("The proxy in front of GitHub, its address and its limits.");

const audit = z
  .strictObject({
    retentionDays: whole(1, 3650).meta({
      description: "How long records are kept. While this lasts nobody can delete one, owners of the account included.",
      examples: [400],
    }),
    sinks: z
      .array(sink)
      .min(1, "at least one sink")
      .meta({ description: "Where the records go.", examples: [[{ kind: "r2", bucket: "acme-agent-audit" }]] }),
    githubEvents: z
      .boolean()
      .default(false)
      .describe(
        "Whether GitHub's events go to the gate, which keeps them in the bucket for `gatehouse audit pull`: where the plan has no audit log.",
      ),
    githubEventsUrl: httpUrl.optional().meta({
      description: "Address of a gate of your own that takes GitHub's events in place of the stack's gate.",
      examples: ["https://gate.acme.dev"],
    }),
    githubHooks: z
      .enum(["organization", "repositories"])
      .default("organization")
      .describe(
        "Whose webhooks carry GitHub's events: the organization's one, or one of each listed repository, which tells nothing of members of the organization, teams and requests for tokens.",
      ),
    alertWebhook: httpUrl.optional().meta({
      description: "Receives signed alerts (Standard Webhooks) and GitHub's events.",
      examples: ["https://alerts.acme.dev/hooks/gatehouse"],
    }),
  })
  .describe("Where the record of every request goes, and how long it is kept.");

const rotation = z
  .strictObject({
    everyDays: whole(1, 366).meta({
      description: "How often the token is replaced; at most the life of the credential.",
      examples: [30],
    }),
    graceMinutes: whole(1, 1440).default(10).describe("How long the replaced token may still be alive."),
    remindDays: whole(1, 60)
      .default(7)
      .describe("How long before the rotation people are reminded; only where a person makes the token."),
    gateKeyOverlapHours: whole(1, 168)
      .default(24)
      .describe("How long both gate keys are valid when the key is rotated."),
    repository: repositoryName.optional().meta({
      description:
        "Repository that receives the reminder issue and runs the rotation workflow; never one that the agent may write to.",
      examples: ["infrastructure"],
    }),
    notify: z
      .array(httpUrl)
      .default([])
      .meta({
        description: "Webhooks told of each rotation (Standard Webhooks).",
        examples: [["https://alerts.acme.dev/hooks/agent-token"]],
      }),
  })
  .describe("How often the token is replaced and how long the old one may still live.");

export const environmentSchema = z.strictObject({
  organization: login.meta({
    description: "GitHub login of the organization whose repositories the agent may reach.",
    examples: ["acme"],
  }),
  plan: z
    .enum(PLANS)
    .default("team")
    .describe("What the organization pays for: it decides which locks GitHub offers on private repositories."),
  protect: z
    .boolean()
    .default(false)
    .describe(
      "Refuses to delete what cannot be made again: the token store, the audit bucket, the machine user's membership and password.",
    ),
  githubUrl: httpUrl.optional().meta({
    description:
      "Base URL of a GitHub Enterprise Server or of an enterprise on GHE.com (then set github:baseUrl to the same); github.com when absent.",
    examples: ["https://github.acme.dev"],
  }),
  agent,
  repositories: z
    .array(repository)
    .min(1, "at least one repository")
    .max(1000, "at most 1000 repositories")
    .meta({
      description: "The repositories the agent may reach, each with read or write. Everything else stays out of reach.",
      examples: [[{ name: "api", access: "write", reviewers: ["backend"] }]],
    }),
  review,
  tokenStore,
  gate,
  audit,
  rotation,
});

/** What a person writes: defaults may be left out. */
export type EnvironmentInput = z.input<typeof environmentSchema>;
/** What the rest of Gatehouse works with: validated, defaults filled in. */
export type Environment = z.output<typeof environmentSchema>;
export type Repository = Environment["repositories"][number];
export type AccessLevel = (typeof ACCESS_LEVELS)[number];
/** Where the agent runs, where the stack declares it. */
export type AgentEnvironment = NonNullable<Environment["agent"]["environment"]>;
export type PermissionPolicy = (typeof PERMISSION_POLICIES)[number];
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];
export type Plan = (typeof PLANS)[number];
export type Visibility = (typeof VISIBILITIES)[number];
