import { DAY_MS, HOUR_MS } from "../../edge/time";
import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import type { Environment } from "../model/schema";
import type { PostureProblem } from "../model/errors";
import type { Draft } from "./walk";
import { agentEnvironmentProblems } from "./agentEnvironment";
import { isEnterpriseServer, isMisspelledTenant } from "../model/endpoints";
import { MAX_RESTRICTED_PATHS, MAX_RULESETS, organizationRulesets, restrictedPaths } from "../plans/branchRules";
import { PatternError, readPattern } from "../../gate/policy/text/ownPattern";
import { findSecrets, SECRET_KINDS } from "../../gate/policy/text/secrets";
import { keyPath, nearest, show } from "./problems";

/** What the rules depend on beside the environment file. */
export interface ParseContext {
  /** Today; only days and times that end something depend on it. */
  readonly now: Date;
}

type Rule = (draft: Draft, context: ParseContext) => PostureProblem[];
type Path = readonly PropertyKey[];
const MAX_OBSERVE_DAYS = 90;
const MAX_ALLOWED_DAYS = 366;

const problem = (path: Path, wrong: string, right: string): PostureProblem => ({ path: keyPath(path), wrong, right });
const when = (condition: unknown, make: () => PostureProblem): PostureProblem[] => (condition ? [make()] : []);
const same = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();

/** The readable repositories with their places in the list. */
function repositories(draft: Draft) {
  return (draft.repositories ?? []).flatMap((repository, index) => (repository ? [{ repository, index }] : []));
}

/** Everything that one key alone cannot tell; each rule stays silent where what it needs is unreadable. */
export function crossProblems(draft: Draft, context: ParseContext): PostureProblem[] {
  return RULES.flatMap((rule) => rule(draft, context));
}

const uniqueRepositories: Rule = (draft) => {
  const first = new Map<string, number>();
  return repositories(draft).flatMap(({ repository: { name }, index }) => {
    if (name === undefined) return [];
    const earlier = first.get(name.toLowerCase());
    if (earlier === undefined) first.set(name.toLowerCase(), index);
    return when(earlier !== undefined, () =>
      problem(
        ["repositories", index, "name"],
        `${name} is already listed at repositories[${earlier}]`,
        "one entry per repository; GitHub ignores case",
      ),
    );
  });
};

/** Nobody reviews their own work: neither the machine user nor the team that carries its permissions. */
const independentReviewers: Rule = (draft) => {
  const check = (path: Path, team: string | undefined): PostureProblem[] => {
    if (same(team, draft.agent?.machineUser))
      return [problem(path, `${team} is the machine user, which cannot review its own work`, "a team of people")];
    if (same(team, draft.agent?.team))
      return [
        problem(path, `${team} is the machine user's own team, which cannot review its work`, "a team of people"),
      ];
    return [];
  };
  return [
    ...repositories(draft).flatMap(({ repository, index }) =>
      (["reviewers", "contributors"] as const).flatMap((list) =>
        (repository[list] ?? []).flatMap((team, i) => check(["repositories", index, list, i], team)),
      ),
    ),
    ...check(["review", "team"], draft.review?.team),
    ...check(["review", "securityTeam"], draft.review?.securityTeam),
  ];
};

const hostnameAndZone: Rule = ({ gate = {} }) => [
  ...when(gate.hostname && !gate.zoneId, () =>
    problem(
      ["gate", "zoneId"],
      `missing, although hostname is ${gate.hostname}`,
      "the 32 hexadecimal digits of the hostname's zone",
    ),
  ),
  ...when(gate.zoneId && !gate.hostname, () =>
    problem(["gate", "hostname"], "missing, although zoneId is set", "a host name of that zone, or no zoneId"),
  ),
  ...when(gate.hostname?.endsWith(".workers.dev"), () =>
    problem(
      ["gate", "hostname"],
      `${gate.hostname} belongs to Cloudflare`,
      "a host name of your own zone, or none for the account's workers.dev",
    ),
  ),
];

/** Serving secrets over plain http is safe only where they never leave the machine. */
const encryptedAddresses: Rule = (draft) => {
  const places: (readonly [Path, string | undefined])[] = [
    [["githubUrl"], draft.githubUrl],
    [["tokenStore", "address"], draft.tokenStore?.kind === "vault" ? draft.tokenStore.address : undefined],
    [["audit", "alertWebhook"], draft.audit?.alertWebhook],
    [["audit", "githubEventsUrl"], draft.audit?.githubEventsUrl],
    ...(draft.audit?.sinks ?? []).map(
      (sink, i) => [["audit", "sinks", i, "url"], sink !== undefined && "url" in sink ? sink.url : undefined] as const,
    ),
    ...(draft.rotation?.notify ?? []).map((url, i) => [["rotation", "notify", i], url] as const),
  ];
  return places.flatMap(([path, url]) =>
    when(url?.startsWith("http://") && !isLoopback(url), () =>
      problem(path, `${show(url)} is not encrypted`, "an https URL; plain http is accepted for this machine only"),
    ),
  );
};

function isLoopback(url: string): boolean {
  return /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:\/|$)/i.test(url);
}

const impersonationNeedsServer: Rule = ({ agent, githubUrl }) =>
  when(agent?.credential?.kind === "ghes-impersonation" && !isEnterpriseServer(githubUrl), () =>
    problem(
      ["agent", "credential", "kind"],
      "ghes-impersonation is possible only on a GitHub Enterprise Server",
      "githubUrl of that server, or another kind",
    ),
  );

const addressOnGheCom: Rule = ({ githubUrl }) =>
  when(githubUrl !== undefined && isMisspelledTenant(githubUrl), () =>
    problem(
      ["githubUrl"],
      `${show(githubUrl)} is not the address of an enterprise on GHE.com`,
      "https and the enterprise's own name, such as https://acme.ghe.com",
    ),
  );

const rotationBeforeExpiry: Rule = ({ agent, rotation = {} }) => {
  const credential = agent?.credential;
  const expiry = credential && "expiryDays" in credential ? credential.expiryDays : undefined;
  const { everyDays, remindDays } = rotation;
  return [
    ...when(everyDays !== undefined && expiry !== undefined && everyDays > expiry, () =>
      problem(
        ["rotation", "everyDays"],
        `${everyDays} days is longer than the life of the credential (${expiry})`,
        `at most ${expiry}, or a longer agent.credential.expiryDays`,
      ),
    ),
    ...when(
      credential?.kind === "personal-access-token" &&
        everyDays !== undefined &&
        remindDays !== undefined &&
        remindDays >= everyDays,
      () =>
        problem(
          ["rotation", "remindDays"],
          `${remindDays} days is not shorter than everyDays (${everyDays}), so the reminder would never stop`,
          `less than ${everyDays}`,
        ),
    ),
  ];
};

/** A request that fetched the old token just before the switch must be able to end with it. */
const graceCoversRequests: Rule = ({ gate, rotation }) => {
  const needed = (gate?.tokenCacheSeconds ?? 0) + (gate?.upstreamTimeoutSeconds ?? 0);
  const grace = rotation?.graceMinutes;
  return when(grace !== undefined && grace * 60 < needed, () =>
    problem(
      ["rotation", "graceMinutes"],
      `${grace} min is shorter than gate.tokenCacheSeconds and gate.upstreamTimeoutSeconds together ` +
        `(${needed} s), so a running request could lose its token`,
      `at least ${Math.ceil(needed / 60)}`,
    ),
  );
};

/** Whoever can write the workflow that rotates can have the token. */
const rotationOutOfReach: Rule = (draft) => {
  const name = draft.rotation?.repository;
  const writable = repositories(draft).some(
    ({ repository }) => same(repository.name, name) && repository.access === "write",
  );
  return when(writable, () =>
    problem(
      ["rotation", "repository"],
      `the agent may write to ${name}, where its own token would be rotated`,
      "a repository that is not listed, or listed with access: read",
    ),
  );
};

const observeEnds: Rule = ({ gate }, { now }) => {
  const until = gate?.mode?.kind === "observe" ? gate.mode.until : undefined;
  if (until === undefined) return [];
  const end = Date.parse(`${until}T23:59:59Z`);
  return [
    ...when(end < now.getTime(), () =>
      problem(["gate", "mode", "until"], `${until} has passed`, "mode: { kind: enforce }, or a later day"),
    ),
    ...when(end > now.getTime() + (MAX_OBSERVE_DAYS + 1) * DAY_MS, () =>
      problem(
        ["gate", "mode", "until"],
        `${until} is more than ${MAX_OBSERVE_DAYS} days away`,
        "an earlier day: while the gate observes, it stops nothing",
      ),
    ),
  ];
};

/** Each exception of the search for credentials names one thing, somewhere the agent may write, and ends. */
const allowedSecretsEnd: Rule = (draft, { now }) =>
  (draft.gate?.allowedSecrets ?? []).flatMap((entry, index) => {
    if (entry === undefined) return [];
    const { repository, path, reason, until } = entry;
    const at = (...keys: string[]): Path => ["gate", "allowedSecrets", index, ...keys];
    const end = until === undefined ? undefined : Date.parse(`${until}T23:59:59Z`);
    const writable = repositories(draft).some(
      (listed) => same(listed.repository.name, repository) && listed.repository.access === "write",
    );
    return [
      ...when(end !== undefined && end < now.getTime(), () =>
        problem(at("until"), `${until} has passed`, "remove the entry, or give a later day"),
      ),
      ...when(end !== undefined && end > now.getTime() + (MAX_ALLOWED_DAYS + 1) * DAY_MS, () =>
        problem(
          at("until"),
          `${until} is more than a year away`,
          "an earlier day, so that somebody reviews the exception",
        ),
      ),
      ...when(reason !== undefined && findSecrets(reason).length > 0, () =>
        problem(at("reason"), "contains what looks like a credential", "why it is allowed, without the value"),
      ),
      ...when(repository !== undefined && !writable, () =>
        problem(at("repository"), `the agent may not write to ${repository}`, "a repository listed with access: write"),
      ),
      ...when(path !== undefined && !/[^*?/]/.test(path), () =>
        problem(
          at("path"),
          `${path} matches every file`,
          "the folder or the file in question, such as /tests/fixtures/",
        ),
      ),
      ...when(path !== undefined && /^!|[[\]\\\p{Cc}]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/u.test(path), () =>
        problem(
          at("path"),
          `${show(path)} is not a pattern that the gate reads`,
          "a path such as /tests/fixtures/ or *.snap: no !, no [ ], no \\, no dot segments",
        ),
      ),
    ];
  });

/** Own patterns are of the linear subset, names say one thing each, and only known kinds are let through. */
const secretSearch: Rule = ({ gate }) => {
  const taken = new Map<string, string>(SECRET_KINDS.map((kind) => [kind, "a kind that the gate knows already"]));
  const named = (
    list: "secretPatterns" | "canaryTokens",
    index: number,
    name: string | undefined,
  ): PostureProblem[] => {
    const path = ["gate", list, index, "name"];
    const by = name === undefined ? undefined : taken.get(name);
    if (name !== undefined && by === undefined) taken.set(name, `used at ${list}[${index}]`);
    return when(by !== undefined, () => problem(path, `${name} is ${by}`, "a name of its own"));
  };
  const patterns = (gate?.secretPatterns ?? []).flatMap((entry, index) => [
    ...named("secretPatterns", index, entry?.name),
    ...patternProblems(["gate", "secretPatterns", index, "expression"], entry?.expression),
  ]);
  const kinds = [...taken.keys()];
  const canaries = (gate?.canaryTokens ?? []).flatMap((entry, index, all) => [
    ...named("canaryTokens", index, entry?.name),
    ...when(entry?.sha256 !== undefined && all.findIndex((other) => other?.sha256 === entry.sha256) < index, () =>
      problem(["gate", "canaryTokens", index, "sha256"], "this value is listed already", "one entry for each"),
    ),
  ]);
  const alerting = (gate?.alertOnlySecrets ?? []).flatMap((kind, index) =>
    when(kind !== undefined && !kinds.includes(kind), () => {
      const meant = nearest(String(kind), kinds);
      return problem(
        ["gate", "alertOnlySecrets", index],
        `no such kind of secret: ${show(kind)}`,
        meant === undefined
          ? "a kind of docs/secrets.md, or the name of one of secretPatterns"
          : `did you mean ${meant}?`,
      );
    }),
  );
  return [...patterns, ...canaries, ...alerting];
};

function patternProblems(path: Path, expression: string | undefined): PostureProblem[] {
  if (expression === undefined) return [];
  try {
    readPattern("", expression);
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return [problem(path, error.wrong, error.right)];
  }
}

/** Two keys are good for as long as it takes to hand over the new one, and no longer. */
const keyOverlap: Rule = ({ gate, rotation }, { now }) => {
  const until = gate?.key?.previousUntil;
  const hours = rotation?.gateKeyOverlapHours;
  if (until === undefined) return [];
  return [
    ...when(gate?.key?.generation === 1, () =>
      problem(
        ["gate", "key", "previousUntil"],
        "set, but the first key has no predecessor",
        "generation: 2, or no previousUntil",
      ),
    ),
    ...when(hours !== undefined && Date.parse(until) > now.getTime() + hours * HOUR_MS, () =>
      problem(
        ["gate", "key", "previousUntil"],
        `${until} is more than rotation.gateKeyOverlapHours (${hours}) away`,
        "an earlier time, or a longer overlap",
      ),
    ),
  ];
};

/** Sinks whose name an earlier one has: place and name. */
function repeatedNames(sinks: readonly (object | undefined)[]): readonly (readonly [number, string])[] {
  const named = sinks.map((sink) =>
    sink !== undefined && "name" in sink && typeof sink.name === "string" ? sink.name : undefined,
  );
  return named.flatMap((name, i) => (name !== undefined && named.indexOf(name) < i ? [[i, name] as const] : []));
}

const auditTrail: Rule = ({ audit, agent, gate }) => {
  const sinks = audit?.sinks;
  const buckets = (sinks ?? []).flatMap((sink, index) => (sink?.kind === "r2" ? [index] : []));
  const readableSinks = sinks !== undefined && sinks.length > 0 && sinks.every((sink) => sink !== undefined);
  // The other kinds' tokens live for hours; what lasts is the refresh token, which is used nowhere but at GitHub.
  const credential = agent?.credential;
  const lifetime =
    credential?.kind === "personal-access-token" || credential?.kind === "ghes-impersonation"
      ? credential.expiryDays
      : undefined;
  const kept = audit?.retentionDays;
  return [
    ...when(
      audit?.githubEvents === true &&
        audit.githubEventsUrl === undefined &&
        gate !== undefined &&
        !gate.hostname &&
        !gate.workersDev,
      () =>
        problem(
          ["audit", "githubEvents"],
          "GitHub cannot be told where the gate is",
          "gate.hostname or gate.workersDev besides, or audit.githubEventsUrl for a gate of your own",
        ),
    ),
    ...when(audit?.githubEventsUrl !== undefined && audit.githubEvents !== true, () =>
      problem(["audit", "githubEventsUrl"], "no events of GitHub go anywhere", "audit.githubEvents: true besides"),
    ),
    ...when(audit?.githubEventsUrl !== undefined && !/^https?:\/\/[^/]+\/?$/.test(audit.githubEventsUrl), () =>
      problem(
        ["audit", "githubEventsUrl"],
        `${show(audit?.githubEventsUrl)} has a path`,
        "the gate's address alone, such as https://gate.acme.dev",
      ),
    ),
    ...when(readableSinks && buckets.length === 0, () =>
      problem(
        ["audit", "sinks"],
        "no R2 bucket in the list",
        "one { kind: r2, bucket: … }: the gate writes its records there before it answers",
      ),
    ),
    ...buckets
      .slice(1)
      .map((index) =>
        problem(["audit", "sinks", index], "a second bucket", "one bucket; more copies go to sinks of the other kinds"),
      ),
    ...repeatedNames(sinks ?? []).map(([index, name]) =>
      problem(
        ["audit", "sinks", index, "name"],
        `${show(name)} is the name of another sink`,
        "a name of its own: how far a sink is, is kept under it",
      ),
    ),
    ...when(kept !== undefined && lifetime !== undefined && kept < lifetime, () =>
      problem(
        ["audit", "retentionDays"],
        `${kept} days is shorter than the life of a token (${lifetime}), so its use could not be traced`,
        `at least ${lifetime}`,
      ),
    ),
  ];
};

const branchSpaces: Rule = (draft) =>
  repositories(draft).flatMap(({ repository: { defaultBranch }, index }) =>
    when(defaultBranch && `${defaultBranch.toLowerCase()}/`.startsWith(AGENT_BRANCH_PREFIX), () =>
      problem(
        ["repositories", index, "defaultBranch"],
        `${defaultBranch} is inside ${AGENT_BRANCH_PREFIX}, where the agent may push`,
        `a branch that does not start with ${AGENT_BRANCH_PREFIX}`,
      ),
    ),
  );

/** CODEOWNERS knows no negation, no ranges and no escapes; a pattern it cannot hold would protect nothing. */
const writablePatterns: Rule = (draft) =>
  repositories(draft).flatMap(({ repository, index }) =>
    (repository.protectedPaths ?? []).flatMap((pattern, i) =>
      when(
        pattern !== undefined &&
          (/^!|[#[\]\\\s\p{Cc}\ufeff]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/u.test(pattern) || pattern === "/"),
        () =>
          problem(
            ["repositories", index, "protectedPaths", i],
            `CODEOWNERS cannot hold ${show(pattern)}`,
            "a path such as /infra/ or *.tf: no !, no #, no [ ], no \\, no spaces, no dot segments",
          ),
      ),
    ),
  );

/** GitHub takes only so many paths in one push ruleset; the rest would stand unguarded without a word. */
const pathsThatFit: Rule = (draft) =>
  repositories(draft).flatMap(({ repository, index }) => {
    const patterns = (repository.protectedPaths ?? []).filter((pattern) => pattern !== undefined);
    const count = restrictedPaths({ protectedPaths: patterns }).length;
    return when(count > MAX_RESTRICTED_PATHS, () =>
      problem(
        ["repositories", index, "protectedPaths"],
        `${patterns.length} entries become ${count} paths of a push ruleset, which takes ${MAX_RESTRICTED_PATHS}`,
        "fewer entries; one folder such as /infra/ holds everything below it",
      ),
    );
  });

const organizationRulesetsOffered: Rule = ({ plan, review }) =>
  when(plan === "free" && review?.organizationRulesets === true, () =>
    problem(
      ["review", "organizationRulesets"],
      "the free plan has no rulesets of the organization",
      "plan: team or enterprise, or organizationRulesets: false",
    ),
  );

const uniqueChecks: Rule = ({ review }) => {
  const seen = new Set<string>();
  return (review?.requiredChecks ?? []).flatMap((check, index) => {
    const context = check?.context;
    const again = context !== undefined && seen.has(context);
    if (context !== undefined) seen.add(context);
    return when(again, () =>
      problem(
        ["review", "requiredChecks", index, "context"],
        `${show(context)} is already required`,
        "list each check once",
      ),
    );
  });
};

const reservedPaths: Rule = ({ tokenStore }) => {
  const path = tokenStore?.kind === "vault" ? tokenStore.path : undefined;
  return when(path && /^break-glass(?:\/|$)/.test(path), () =>
    problem(
      ["tokenStore", "path"],
      `${path} is where the break-glass password is kept`,
      "another path, such as github/claude-bot",
    ),
  );
};

const RULES: readonly Rule[] = [
  uniqueRepositories,
  independentReviewers,
  hostnameAndZone,
  encryptedAddresses,
  impersonationNeedsServer,
  addressOnGheCom,
  rotationBeforeExpiry,
  graceCoversRequests,
  rotationOutOfReach,
  observeEnds,
  allowedSecretsEnd,
  secretSearch,
  keyOverlap,
  auditTrail,
  branchSpaces,
  writablePatterns,
  pathsThatFit,
  organizationRulesetsOffered,
  uniqueChecks,
  reservedPaths,
  agentEnvironmentProblems,
];

/** What only a whole environment can tell: its rulesets must fit into the organization. */
export function tooManyRulesets(environment: Environment): PostureProblem[] {
  const count = organizationRulesets(environment).length;
  return when(count > MAX_RULESETS, () =>
    problem(
      ["review", "organizationRulesets"],
      "the repositories differ so much in reviewers, contributors and protected paths that " +
        `the organization would need ${count} rulesets, and GitHub keeps ${MAX_RULESETS}`,
      "false, so that each repository has its own rulesets, or fewer differences",
    ),
  );
}
