import { z } from "zod";
import { day, instant } from "./goTime";

/** The GitHub App that reports the results of GitHub Actions. */
export const ACTIONS_APP_ID = 15368;

/**
 * The environment file's `gatehouse:` keys, after validation and with every default filled in.
 * It is the one source of truth: whatever else is declared follows from it by the functions of this folder.
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
export const PLANS = ["free", "team", "enterprise"] as const;
export const VISIBILITIES = ["private", "internal", "public"] as const;

const credential = z.discriminatedUnion("kind", [
  /** A fine-grained personal access token: a person clicks a pre-filled link, the rest is automatic. */
  z.strictObject({ kind: z.literal("personal-access-token"), expiryDays: whole(1, 366).default(30) }),
  /** A GitHub App's expiring user token (8 hours) with its refresh token (6 months). */
  z.strictObject({
    kind: z.literal("app-user-token"),
    clientId: z.string().min(1),
    expiryDays: whole(1, 180).default(180),
  }),
  /** A GitHub App's installation token (1 hour), narrowed to the declared repositories and permissions. */
  z.strictObject({
    kind: z.literal("app-installation"),
    appId: whole(1, Number.MAX_SAFE_INTEGER),
    installationId: whole(1, Number.MAX_SAFE_INTEGER),
  }),
  /** An impersonation token of a GitHub Enterprise Server, minted by a site administrator. */
  z.strictObject({ kind: z.literal("ghes-impersonation"), expiryDays: whole(1, 366).default(30) }),
]);

const sink = z.discriminatedUnion("kind", [
  /** The R2 bucket that the stack creates, with a lock rule for the retention. */
  z.strictObject({
    kind: z.literal("r2"),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "a bucket name"),
  }),
  /** A Logpush job of the Worker's trace events; the destination may carry credentials and is treated as a secret. */
  z.strictObject({
    kind: z.literal("logpush"),
    destination: z.string().min(8, "a Logpush destination such as https://…, s3://… or r2://…"),
    /**
     * What Cloudflare wrote to the destination to prove that it is yours; buckets need it, https destinations do not.
     */
    ownershipChallenge: z.string().min(1).optional(),
  }),
]);

const requiredCheck = z.strictObject({
  context: z.string().min(1).max(255),
  /**
   * The GitHub App that must report the check; without it any account with write access could. Default: GitHub Actions.
   */
  integrationId: whole(1, Number.MAX_SAFE_INTEGER).default(ACTIONS_APP_ID),
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

/**
 * One exception of the search for credentials: either a value, by `sha256`, or the files at a `path` of a `repository`
 * .
 */
const allowedSecret = z
  .strictObject({
    sha256: sha256.optional(),
    repository: repositoryName.optional(),
    /** A glob like those of protectedPaths. */
    path: z.string().min(1).max(180).optional(),
    /** Why; stands in the gate's records. Never the value. */
    reason: z.string().regex(/^[^\p{Cc}]{1,200}$/u, "one line that says why, at most 200 characters"),
    /** Last day (UTC) on which it counts, at most a year away. */
    until: date,
  })
  .refine(
    ({ sha256, repository, path }) =>
      sha256 === undefined
        ? repository !== undefined && path !== undefined
        : repository === undefined && path === undefined,
    "{ sha256: …, reason: …, until: … } or { repository: …, path: …, reason: …, until: … }",
  );

export const environmentSchema = z.strictObject({
  organization: login,
  /** What the organization pays for decides which locks GitHub offers on private repositories. */
  plan: z.enum(PLANS).default("team"),
  /**
   * Refuses to delete what cannot be made again: the token store, the audit bucket, the machine user's membership and
   * password.
   */
  protect: z.boolean().default(false),
  /** Base URL of a GitHub Enterprise Server; github.com when absent. */
  githubUrl: httpUrl.optional(),
  agent: z.strictObject({
    machineUser: accountLogin,
    /** Name of the agent in audit records and on its gate key. */
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, "a short lower-case name")
      .default("agent"),
    /** Slug of the team that carries the machine user's permissions. */
    team: slug.default("agents"),
    credential,
  }),
  repositories: z
    .array(
      z.strictObject({
        name: repositoryName,
        access: z.enum(ACCESS_LEVELS),
        /**
         * Decides which locks GitHub offers: rulesets for public repositories on every plan, push rules for the others
         * only.
         */
        visibility: z.enum(VISIBILITIES).default("private"),
        /**
         * Team slugs that review what the agent writes, and own the code that the repository's own CODEOWNERS gives to
         * nobody else.
         */
        reviewers: z.array(slug).default([]),
        /**
         * Team slugs of people who go on pushing their own branches; everyone else with write access is held to
         * `claude/**`.
         */
        contributors: z.array(slug).default([]),
        /** More paths the agent may never change, beside workflows and CODEOWNERS (gitignore-like globs). */
        protectedPaths: z.array(z.string().min(1).max(180)).default([]),
        defaultBranch: branchName.default("main"),
      }),
    )
    .min(1, "at least one repository")
    .max(1000, "at most 1000 repositories"),
  review: z.strictObject({
    /** Reviewers of last resort; owns every path that no repository team owns. */
    team: slug,
    /** Owns CODEOWNERS, workflows and the other protected paths. Defaults to `team`. */
    securityTeam: slug.optional(),
    approvals: whole(1, 6).default(2),
    requiredChecks: z.array(requiredCheck).default([]),
    linearHistory: z.boolean().default(false),
    signedCommits: z.boolean().default(false),
    /** Label that the gate puts on the agent's pull requests. */
    label: z
      .string()
      .regex(/^[^,\p{Cc}]{1,50}$/u, "a label of at most 50 characters, without a comma")
      .default("agent"),
    /**
     * Rulesets of the organization, a constant number for any number of repositories, in place of rulesets in each
     * repository. Default: where `plan` is enterprise.
     */
    organizationRulesets: z.boolean().optional(),
    /**
     * Whether organization owners may pass the review of the default branch. `bypass`: the deployment can keep
     * CODEOWNERS up to date, and GitHub records each pass. `bound`: nobody passes; CODEOWNERS is placed once and
     * changes by pull request.
     */
    administrators: z.enum(ADMINISTRATORS).default("bypass"),
  }),
  tokenStore: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("vault"),
      /** Where the gate reaches Vault or OpenBao; VAULT_ADDR of the deployment when absent. */
      address: httpUrl.optional(),
      /**
       * Namespace that holds mount, policies and sign-ins, such as platform/agents; VAULT_NAMESPACE of the deployment
       * when absent.
       */
      namespace: vaultPath.optional(),
      mount: vaultPath.default("agents"),
      path: vaultPath,
      maxVersions: whole(2, 100).default(10),
    }),
    z.strictObject({ kind: z.literal("kv") }),
  ]),
  gate: z.strictObject({
    accountId: hex32,
    /** Name of the Worker script; its Durable Objects live in `<name>-ledger`. */
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,53}$/, "a Worker name")
      .default("github-gate"),
    /** Public host name (custom domain); the account's workers.dev when absent. */
    hostname: hostname.optional(),
    /** Zone of `hostname`. */
    zoneId: hex32.optional(),
    /**
     * How `hostname` reaches the Worker: Cloudflare makes its DNS record and certificate, or both exist and a route is
     * added.
     */
    attach: z.enum(ATTACHMENTS).default("custom-domain"),
    /**
     * The account's name on workers.dev; it makes the gate's address known to the stack when there is no `hostname`.
     */
    workersDev: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "the account's name on workers.dev, such as acme-dev")
      .optional(),
    /**
     * The agent's gate key. Raise `generation` by one to make a new key; the one before stays good until
     * `previousUntil`.
     */
    key: z
      .strictObject({
        generation: whole(1, 100_000).default(1),
        /**
         * When the key before stops working, such as 2026-07-01T09:00:00Z; at most rotation.gateKeyOverlapHours from
         * now.
         */
        previousUntil: dateTime.optional(),
      })
      .default({ generation: 1 }),
    requestsPerMinute: whole(1, 100_000).default(120),
    requestsPerHour: whole(1, 1_000_000).default(4000),
    writesPerMinute: whole(1, 10_000).default(30),
    bytesPerHour: whole(1, 1_000_000_000_000).default(5_000_000_000),
    maxBodyBytes: whole(1, 100_000_000).default(1_048_576),
    maxPushBytes: whole(1, 1_000_000_000).default(10_485_760),
    maxPushObjects: whole(1, 1_000_000).default(5000),
    maxChangedLines: whole(1, 1_000_000).default(2000),
    maxChangedFiles: whole(1, 10_000).default(100),
    maxDownloadBytes: whole(1, 10_000_000_000).default(1_073_741_824),
    /** How long an isolate may use a token without asking the store again; bounds how late a revocation arrives. */
    tokenCacheSeconds: whole(1, 60).default(5),
    upstreamTimeoutSeconds: whole(1, 300).default(30),
    lfs: z.enum(["refuse", "proxy"]).default("refuse"),
    /** What looks like a credential and may pass nevertheless. */
    allowedSecrets: z.array(allowedSecret).max(50, "at most 50 exceptions").default([]),
    /** `observe` lets through what would be refused, and records it; it must end on a date. */
    mode: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("enforce") }),
        z.strictObject({ kind: z.literal("observe"), until: date }),
      ])
      .default({ kind: "enforce" }),
  }),
  audit: z.strictObject({
    retentionDays: whole(1, 3650),
    sinks: z.array(sink).min(1, "at least one sink"),
    /** Receives signed alerts (Standard Webhooks) and GitHub's organization events. */
    alertWebhook: httpUrl.optional(),
  }),
  rotation: z.strictObject({
    everyDays: whole(1, 366),
    /** How long the replaced token may still be alive. */
    graceMinutes: whole(1, 1440).default(10),
    remindDays: whole(1, 60).default(7),
    /** Both gate keys are valid for this long when the key is rotated. */
    gateKeyOverlapHours: whole(1, 168).default(24),
    /** Repository that receives the reminder issue and runs the rotation workflow. */
    repository: repositoryName.optional(),
    /** Webhooks told of each rotation (Standard Webhooks). */
    notify: z.array(httpUrl).default([]),
  }),
});

/** What a person writes: defaults may be left out. */
export type EnvironmentInput = z.input<typeof environmentSchema>;
/** What the rest of Gatehouse works with: validated, defaults filled in. */
export type Environment = z.output<typeof environmentSchema>;
export type Repository = Environment["repositories"][number];
export type AccessLevel = (typeof ACCESS_LEVELS)[number];
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];
export type Plan = (typeof PLANS)[number];
export type Visibility = (typeof VISIBILITIES)[number];
