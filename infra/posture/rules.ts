import type { Environment, Repository } from "./schema";
import type { PostureProblem } from "./errors";
import type { ParseContext } from "./parse";
import { isGitHubDotCom } from "./endpoints";
import { keyPath, show } from "./problems";

/** An environment of which some parts may be unreadable; a repository that is unreadable keeps its place. */
export type Draft = Partial<Omit<Environment, "repositories">> & { readonly repositories: readonly (Repository | undefined)[] };

type Rule = (draft: Draft, context: ParseContext) => PostureProblem[];
const DAY = 86_400_000;
const MAX_OBSERVE_DAYS = 90;

const problem = (path: readonly PropertyKey[], wrong: string, right: string): PostureProblem => ({ path: keyPath(path), wrong, right });
const when = (condition: unknown, make: () => PostureProblem): PostureProblem[] => (condition ? [make()] : []);
const entries = (draft: Draft): { repository: Repository; index: number }[] =>
  draft.repositories.flatMap((repository, index) => (repository ? [{ repository, index }] : []));
const same = (a: string, b: string | undefined): boolean => b !== undefined && a.toLowerCase() === b.toLowerCase();

/** Everything that one key alone cannot tell; each rule looks at what it needs and stays silent where that is unreadable. */
export function crossProblems(draft: Draft, context: ParseContext): PostureProblem[] {
  return RULES.flatMap((rule) => rule(draft, context));
}

const uniqueRepositories: Rule = (draft) => {
  const first = new Map<string, number>();
  return entries(draft).flatMap(({ repository, index }) => {
    const earlier = first.get(repository.name.toLowerCase());
    if (earlier === undefined) first.set(repository.name.toLowerCase(), index);
    return when(earlier !== undefined, () =>
      problem(["repositories", index, "name"], `${repository.name} is already listed at repositories[${earlier}]`, "one entry per repository; GitHub ignores case"));
  });
};

/** Nobody reviews their own work: neither the machine user nor the team that carries its permissions. */
const independentReviewers: Rule = (draft) => {
  const { agent, review } = draft;
  if (!agent) return [];
  const check = (path: readonly PropertyKey[], team: string | undefined): PostureProblem[] => {
    if (team === undefined) return [];
    if (same(team, agent.machineUser)) return [problem(path, `${team} is the machine user, which cannot review its own work`, "a team of people")];
    if (same(team, agent.team)) return [problem(path, `${team} is the machine user's own team, which cannot review its work`, "a team of people")];
    return [];
  };
  return [
    ...check(["review", "team"], review?.team),
    ...check(["review", "securityTeam"], review?.securityTeam),
    ...entries(draft).flatMap(({ repository, index }) => [
      ...repository.reviewers.flatMap((team, i) => check(["repositories", index, "reviewers", i], team)),
      ...repository.contributors.flatMap((team, i) => check(["repositories", index, "contributors", i], team)),
    ]),
  ];
};

const hostnameAndZone: Rule = ({ gate }) => gate === undefined ? [] : [
  ...when(gate.hostname && !gate.zoneId, () => problem(["gate", "zoneId"], `missing, though hostname is ${gate.hostname}`, "the 32 hexadecimal digits of the hostname's zone")),
  ...when(gate.zoneId && !gate.hostname, () => problem(["gate", "hostname"], "missing, though zoneId is set", "a host name of that zone, or no zoneId")),
  ...when(gate.hostname?.endsWith(".workers.dev"), () => problem(["gate", "hostname"], `${gate.hostname} belongs to Cloudflare`, "a host name of your own zone, or none for the account's workers.dev")),
];

/** Serving the token over plain http is safe only where it never leaves the machine. */
const encryptedAddresses: Rule = (draft) => {
  const places: (readonly [readonly PropertyKey[], string | undefined])[] = [
    [["githubUrl"], draft.githubUrl],
    [["tokenStore", "address"], draft.tokenStore?.kind === "vault" ? draft.tokenStore.address : undefined],
    [["audit", "alertWebhook"], draft.audit?.alertWebhook],
    ...(draft.rotation?.notify ?? []).map((url, i) => [["rotation", "notify", i], url] as const),
  ];
  return places.flatMap(([path, url]) => when(url?.startsWith("http://") && !isLoopback(url), () =>
    problem(path, `${show(url)} is not encrypted`, "an https URL; http is for this machine alone")));
};

function isLoopback(url: string): boolean {
  return /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:\/|$)/i.test(url);
}

const impersonationNeedsServer: Rule = ({ agent, githubUrl }) => when(
  agent?.credential.kind === "ghes-impersonation" && isGitHubDotCom(githubUrl),
  () => problem(["agent", "credential", "kind"], "ghes-impersonation is possible only on a GitHub Enterprise Server", "githubUrl of that server, or another kind"));

const rotationBeforeExpiry: Rule = ({ agent, rotation }) => {
  if (!agent || !rotation || !("expiryDays" in agent.credential)) return [];
  const { kind, expiryDays } = agent.credential;
  return [
    ...when(rotation.everyDays > expiryDays, () =>
      problem(["rotation", "everyDays"], `${rotation.everyDays} days is longer than the credential lives (${expiryDays})`, `at most ${expiryDays}, or a longer agent.credential.expiryDays`)),
    ...when(kind === "personal-access-token" && rotation.remindDays >= rotation.everyDays, () =>
      problem(["rotation", "remindDays"], `${rotation.remindDays} days is not shorter than everyDays (${rotation.everyDays}), so the reminder would never stop`, `less than ${rotation.everyDays}`)),
  ];
};

/** A request that fetched the old token just before the switch must be able to end with it. */
const graceCoversRequests: Rule = ({ gate, rotation }) => {
  if (!gate || !rotation) return [];
  const needed = gate.tokenCacheSeconds + gate.upstreamTimeoutSeconds;
  return when(rotation.graceMinutes * 60 < needed, () => problem(["rotation", "graceMinutes"],
    `${rotation.graceMinutes} min is shorter than gate.tokenCacheSeconds and gate.upstreamTimeoutSeconds together (${needed} s), so a running request could lose its token`,
    `at least ${Math.ceil(needed / 60)}`));
};

/** Whoever can write the workflow that rotates can have the token. */
const rotationOutOfReach: Rule = (draft) => {
  const name = draft.rotation?.repository;
  const listed = name === undefined ? undefined : entries(draft).find(({ repository }) => same(repository.name, name));
  return when(listed?.repository.access === "write", () => problem(["rotation", "repository"],
    `the agent may write to ${name}, where its own token would be rotated`, "a repository that is not listed, or listed with access: read"));
};

const observeEnds: Rule = ({ gate }, { now }) => {
  if (gate?.mode.kind !== "observe") return [];
  const end = Date.parse(`${gate.mode.until}T23:59:59Z`);
  const path = ["gate", "mode", "until"];
  return [
    ...when(end < now.getTime(), () => problem(path, `${show(gate.mode.kind === "observe" && gate.mode.until)} has passed`, "mode: { kind: enforce }, or a day to come")),
    ...when(end > now.getTime() + (MAX_OBSERVE_DAYS + 1) * DAY, () =>
      problem(path, `${show(gate.mode.kind === "observe" && gate.mode.until)} is more than ${MAX_OBSERVE_DAYS} days away`, "a nearer day: while the gate observes, it stops nothing")),
  ];
};

const auditTrail: Rule = ({ audit, agent }) => {
  if (!audit) return [];
  const buckets = audit.sinks.flatMap((sink, index) => (sink.kind === "r2" ? [index] : []));
  const lifetime = agent && "expiryDays" in agent.credential ? agent.credential.expiryDays : 1;
  return [
    ...when(buckets.length === 0, () => problem(["audit", "sinks"], "no bucket among them", "one { kind: r2, bucket: … }: the gate writes its records there before it answers")),
    ...buckets.slice(1).map((index) => problem(["audit", "sinks", index], "a second bucket", "one bucket; more copies go through logpush")),
    ...when(audit.retentionDays < lifetime, () => problem(["audit", "retentionDays"],
      `${audit.retentionDays} days is shorter than a token lives (${lifetime}), so its use could not be traced`, `at least ${lifetime}`)),
  ];
};

const branchSpaces: Rule = (draft) => entries(draft).flatMap(({ repository, index }) => when(/^claude(?:\/|$)/i.test(repository.defaultBranch), () =>
  problem(["repositories", index, "defaultBranch"], `${repository.defaultBranch} lies in the agent's own branch space`, "a branch that does not start with claude/")));

/** CODEOWNERS knows no negation, no ranges and no escaped #; a pattern it cannot hold would protect nothing. */
const writablePatterns: Rule = (draft) => entries(draft).flatMap(({ repository, index }) => repository.protectedPaths.flatMap((pattern, i) => when(
  /^[!#]|[[\]\\\s\p{Cc}]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/u.test(pattern) || pattern === "/",
  () => problem(["repositories", index, "protectedPaths", i], `CODEOWNERS cannot hold ${show(pattern)}`, "a path such as /infra/ or *.tf: no !, no [ ], no \\, no spaces, no dot segments"))));

const uniqueChecks: Rule = ({ review }) => {
  const seen = new Set<string>();
  return (review?.requiredChecks ?? []).flatMap((check, index) => {
    const again = seen.has(check.context);
    seen.add(check.context);
    return when(again, () => problem(["review", "requiredChecks", index, "context"], `${show(check.context)} is already required`, "each check once"));
  });
};

const reservedPaths: Rule = ({ tokenStore }) => tokenStore?.kind !== "vault" ? [] : when(/^break-glass(?:\/|$)/.test(tokenStore.path), () =>
  problem(["tokenStore", "path"], `${tokenStore.path} is where the break-glass password is kept`, "another path, such as github/claude-bot"));

const RULES: readonly Rule[] = [
  uniqueRepositories, independentReviewers, hostnameAndZone, encryptedAddresses, impersonationNeedsServer, rotationBeforeExpiry,
  graceCoversRequests, rotationOutOfReach, observeEnds, auditTrail, branchSpaces, writablePatterns, uniqueChecks, reservedPaths,
];
