import { AGENT_BRANCHES, AGENT_REF_PREFIX, namedTeams, writable, type Repository } from "../../infra/model";
import { branchProtection, isFenced, rulesets, type RulesetPlan, type RulesetRules } from "../../infra/plans";
import { AGENT_BRANCH_PREFIX } from "../../gate/policy/policy";
import { type Context, repositoryPath, repositorySubject } from "./context";
import {
  bag,
  cannotTell,
  hasFailed,
  judged,
  list,
  same,
  text,
  unheard,
  unlisted,
  type Question,
  type Said,
} from "./question";
import type { GitHubReader, Heard, Reader } from "./reader";

/** A rule in GitHub's own words. */
export interface Rule {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Keys that GitHub calls otherwise than the provider does. */
const RENAMED: Readonly<Record<string, string>> = { requiredChecks: "required_status_checks" };

function inGitHubsWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inGitHubsWords);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [RENAMED[key] ?? snake(key), inGitHubsWords(inner)]),
  );
}

/** The rules that a plan declares. @param ids of the teams that it names; GitHub's rules name teams by id */
export function declaredRules(rules: RulesetRules, ids: ReadonlyMap<string, number>): Rule[] {
  const { requiredReviewers, ...pullRequest } = rules.pullRequest ?? {};
  const reviewers = requiredReviewers?.map(({ team, filePatterns }) => ({
    reviewer: { id: ids.get(team) ?? 0, type: "Team" },
    filePatterns,
    minimumApprovals: 1,
  }));
  return Object.entries({
    ...rules,
    ...(rules.pullRequest
      ? { pullRequest: { ...pullRequest, ...(reviewers ? { requiredReviewers: reviewers } : {}) } }
      : {}),
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ type: snake(name), parameters: bag(value === true ? {} : inGitHubsWords(value)) }));
}

/** Whether what stands is at least what is declared: numbers may be higher and lists longer, but nothing may be missing. */
export function atLeast(declared: unknown, standing: unknown): boolean {
  if (typeof declared === "number") return typeof standing === "number" && standing >= declared;
  if (Array.isArray(declared))
    return Array.isArray(standing) && declared.every((one) => standing.some((other) => exactly(one, other)));
  if (declared !== null && typeof declared === "object")
    return Object.entries(declared).every(([key, value]) => atLeast(value, bag(standing)[key]));
  return declared === standing;
}

/** Ids are no thresholds: within lists, what is declared must be there as it is. A number of approvals may still be higher. */
function exactly(declared: unknown, standing: unknown): boolean {
  if (Array.isArray(declared)) return atLeast(declared, standing);
  if (declared !== null && typeof declared === "object") {
    return Object.entries(declared).every(([key, value]) =>
      (key === "minimum_approvals" ? atLeast : exactly)(value, bag(standing)[key]),
    );
  }
  return declared === standing;
}

const holdsRule = (declared: Rule, standing: readonly Rule[]): boolean =>
  standing.some((rule) => rule.type === declared.type && atLeast(declared.parameters, rule.parameters));

/** What of the declared rules does not stand, each as a sentence. */
function missingRules(declared: readonly Rule[], standing: readonly Rule[]): string[] {
  return declared
    .filter((rule) => !holdsRule(rule, standing))
    .map((rule) =>
      standing.some(({ type }) => type === rule.type)
        ? `${rule.type} is weaker than declared (${
            Object.entries(rule.parameters)
              .filter(
                ([key, value]) =>
                  !standing.some((other) => other.type === rule.type && atLeast(value, other.parameters[key])),
              )
              .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
              .join(", ") || "no one ruleset has all of it"
          })`
        : `no rule ${rule.type}`,
    );
}

const rulesIn = (value: unknown): Rule[] =>
  list(value).map((rule) => ({ type: text(bag(rule).type), parameters: bag(bag(rule).parameters) }));
const plansOf = ({ environment }: Context, repository: Repository): RulesetPlan[] => rulesets(environment, repository);
const fenced = ({ environment }: Context): Repository[] =>
  environment.repositories.filter((repository) => isFenced(environment, repository));

/** Rules that the plans put on a branch. The agent's branches are the only ones that a plan leaves out. */
function declaredFor(
  plans: readonly RulesetPlan[],
  branch: string,
  defaultBranch: string,
  ids: ReadonlyMap<string, number>,
): Rule[] {
  const ref = `refs/heads/${branch}`;
  return plans
    .filter(
      ({ target, refs }) =>
        target === "branch" &&
        refs !== undefined &&
        (refs.includes.includes("~ALL") || (branch === defaultBranch && refs.includes.includes("~DEFAULT_BRANCH"))) &&
        !(refs.excludes.includes(AGENT_BRANCHES) && ref.startsWith(AGENT_REF_PREFIX)),
    )
    .flatMap(({ rules }) => declaredRules(rules, ids));
}

const PROBE = "gatehouse-assess/probe";

function branchQuestion(
  id: string,
  title: string,
  branchOf: (repository: Repository) => string,
  controls: readonly string[],
): Question {
  return {
    id,
    title,
    section: "review",
    controls,
    ask: (context) =>
      onGitHub(context, async (github) => {
        const ids = await teamIds(context, github);
        return Promise.all(
          fenced(context).map(async (repository) => {
            const branch = branchOf(repository);
            const subject = `${repositorySubject(context, repository)} ${branch}`;
            const found = await github.list(
              `${repositoryPath(context, repository)}/rules/branches/${encodeURIComponent(branch)}`,
            );
            if (hasFailed(found)) return unlisted(subject, found, "to read the repository");
            const standing = rulesIn(found.items);
            const declared = declaredFor(plansOf(context, repository), branch, repository.defaultBranch, ids);
            const closing = branch.startsWith(AGENT_BRANCH_PREFIX)
              ? ["creation", "update"].filter(
                  (type) => !declared.some((rule) => rule.type === type) && standing.some((rule) => rule.type === type),
                )
              : [];
            return judged(
              subject,
              [
                ...missingRules(declared, standing),
                ...closing.map((type) => `a rule ${type} keeps the agent from its own branches`),
              ],
              declared.length === 0
                ? "open to the agent, as declared"
                : `${[...new Set(declared.map(({ type }) => type))].join(", ")} in force`,
              found.calls,
            );
          }),
        );
      }),
  };
}

export async function onGitHub(
  context: Context,
  ask: (github: GitHubReader) => Promise<readonly Said[]>,
): Promise<readonly Said[]> {
  return "ask" in context.github
    ? ask(context.github.ask)
    : [cannotTell(context.environment.organization, context.github.lack)];
}

/** Whether the credential sees a repository's files at all: GitHub answers 404 to both "not there" and "not for you". */
export async function sees(context: Context, github: GitHubReader, repository: Repository): Promise<boolean> {
  return (
    (
      await github.get(
        `${repositoryPath(context, repository)}/contents?ref=${encodeURIComponent(repository.defaultBranch)}`,
      )
    ).call.status === 200
  );
}

interface Actor {
  readonly type: string;
  readonly id: number;
}
interface Standing {
  readonly id: number;
  readonly name: string;
  readonly target: string;
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
  readonly rules: readonly Rule[];
  /** Undefined where the credential may not see them. */
  readonly bypass: readonly Actor[] | undefined;
  readonly canBypass: string;
  readonly heard: Heard;
}

/** Every active ruleset that applies to a repository, of all levels, whole. */
async function standingRulesets(
  context: Context,
  github: Reader,
  repository: Repository,
): Promise<{ readonly rulesets: readonly Standing[] } | { readonly said: Said }> {
  const path = `${repositoryPath(context, repository)}/rulesets`;
  const subject = repositorySubject(context, repository);
  const found = await github.list(`${path}?includes_parents=true`);
  if (hasFailed(found)) return { said: unlisted(subject, found, "to read the repository") };
  const active = found.items.filter(({ enforcement }) => enforcement === "active");
  const whole = await Promise.all(active.map(({ id }) => github.get(`${path}/${text(id)}?includes_parents=true`)));
  const unread = whole.find(({ call }) => call.status !== 200);
  if (unread) return { said: unheard(subject, unread, "to read the repository's rulesets") };
  return {
    rulesets: whole.map((heard) => {
      const body = bag(heard.json());
      const refs = bag(bag(body.conditions).ref_name);
      return {
        id: Number(body.id),
        name: text(body.name),
        target: text(body.target),
        rules: rulesIn(body.rules),
        canBypass: text(body.current_user_can_bypass),
        heard,
        includes: list(refs.include).map(text),
        excludes: list(refs.exclude).map(text),
        bypass: Array.isArray(body.bypass_actors)
          ? list(body.bypass_actors).map((actor) => ({
              type: text(bag(actor).actor_type),
              id: Number(bag(actor).actor_id ?? 0),
            }))
          : undefined,
      };
    }),
  };
}

/** Whether a ruleset does at least what a plan declares, on at least the same references. */
const carries = (plan: RulesetPlan, standing: Standing, ids: ReadonlyMap<string, number>): boolean =>
  standing.target === plan.target &&
  (plan.refs === undefined ||
    (plan.refs.includes.every((ref) => standing.includes.includes(ref)) &&
      standing.excludes.every((ref) => plan.refs?.excludes.includes(ref)))) &&
  declaredRules(plan.rules, ids).every((rule) => holdsRule(rule, standing.rules));

/** Ids of every team that the environment names, and of the agent's own; absent where GitHub does not show a team. */
export async function teamIds(context: Context, github: Reader): Promise<ReadonlyMap<string, number>> {
  const { environment } = context;
  const found = await Promise.all(
    [...namedTeams(environment), environment.agent.team].map(async (slug): Promise<[string, number]> => {
      const heard = await github.get(`/orgs/${environment.organization}/teams/${slug}`);
      return [slug, heard.call.status === 200 ? Number(bag(heard.json()).id) : NaN];
    }),
  );
  return new Map(found.filter(([, id]) => Number.isSafeInteger(id)));
}

const inForce: Question = {
  id: "rulesets",
  section: "review",
  title: "Every declared ruleset is active, with its rules and references",
  controls: ["CIS 1.1.15", "NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGitHub(context, async (github) =>
      Promise.all(
        fenced(context).map(async (repository) => {
          const ids = await teamIds(context, github);
          const found = await standingRulesets(context, github, repository);
          if ("said" in found) return found.said;
          const plans = plansOf(context, repository);
          const absent = plans.filter((plan) => !found.rulesets.some((standing) => carries(plan, standing, ids)));
          return judged(
            repositorySubject(context, repository),
            absent.map((plan) => {
              const namesake = found.rulesets.find(
                ({ name, target }) => name.startsWith(plan.name) && target === plan.target,
              );
              return `"${plan.name}" is ${namesake ? `not as declared: ${missingRules(declaredRules(plan.rules, ids), namesake.rules).join(", ") || "its references differ"}` : "not in force"}`;
            }),
            `${plans.length} declared rulesets in force`,
            found.rulesets.map(({ heard }) => heard.call),
          );
        }),
      ),
    ),
};

const bypassActors: Question = {
  id: "bypass-actors",
  section: "review",
  title: "Nobody but the declared teams and owners passes a ruleset of the fence",
  controls: ["CIS 1.1.14", "NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const ids = await teamIds(context, github);
      return Promise.all(
        fenced(context).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const found = await standingRulesets(context, github, repository);
          if ("said" in found) return found.said;
          const calls = found.rulesets.map(({ heard }) => heard.call);
          if (found.rulesets.some(({ bypass }) => bypass === undefined))
            return cannotTell(
              subject,
              "bypass actors are shown to those who may edit rulesets alone; the credential needs administration",
              calls,
            );
          const wrong = plansOf(context, repository).flatMap((plan) => {
            const carriers = found.rulesets.filter((standing) => carries(plan, standing, ids));
            const beyond = carriers.map(({ bypass = [] }) => bypass.filter((actor) => !isDeclared(actor, plan, ids)));
            // One ruleset that lets nobody else pass is enough: the strictest of several wins.
            if (carriers.length === 0 || beyond.some((actors) => actors.length === 0)) return [];
            return [
              `"${plan.name}" lets pass ${(beyond[0] ?? []).map((actor) => `${actor.type} ${nameOf(actor, ids)}`).join(", ")}`,
            ];
          });
          return judged(subject, wrong, "only declared teams and owners", calls);
        }),
      );
    }),
};

function isDeclared(actor: Actor, { bypass }: RulesetPlan, ids: ReadonlyMap<string, number>): boolean {
  if (actor.type === "OrganizationAdmin") return bypass.organizationAdmins;
  return actor.type === "Team" && bypass.teams.some((slug) => ids.get(slug) === actor.id);
}
const nameOf = (actor: Actor, ids: ReadonlyMap<string, number>): string =>
  [...ids].find(([, id]) => actor.type === "Team" && id === actor.id)?.[0] ?? String(actor.id);

/** GitHub's fixed ids of roles that the machine user never has. Every other role might be its own, now or one day. */
const ROLES_ABOVE = new Set([2, 5]); // maintain, admin

const bypassAgent: Question = {
  id: "bypass-agent",
  section: "review",
  title: "The machine user, its team, its role and its App pass no ruleset at all",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 AC-5"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { environment } = context;
      const user = await github.get(`/users/${environment.agent.machineUser}`);
      const ids = await teamIds(context, github);
      if (user.call.status !== 200) return [unheard(environment.agent.machineUser, user, "to see accounts")];
      const own = ids.get(environment.agent.team);
      const app = "appId" in environment.agent.credential ? environment.agent.credential.appId : undefined;
      return Promise.all(
        fenced(context).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const found = await standingRulesets(context, github, repository);
          if ("said" in found) return found.said;
          const calls = [user.call, ...found.rulesets.map(({ heard }) => heard.call)];
          if (found.rulesets.some(({ bypass }) => bypass === undefined))
            return cannotTell(
              subject,
              "bypass actors are shown to those who may edit rulesets alone; the credential needs administration",
              calls,
            );
          const wrong = found.rulesets.flatMap(({ name, bypass = [] }) =>
            bypass.flatMap(({ type, id }) => {
              if (type === "User" && id === Number(bag(user.json()).id))
                return [`"${name}" lets the machine user pass`];
              if (type === "Team" && id === own) return [`"${name}" lets the machine user's team pass`];
              if (type === "RepositoryRole" && !ROLES_ABOVE.has(id))
                return [`"${name}" lets a role pass that the machine user may have (${id})`];
              if (type === "Integration" && id === app) return [`"${name}" lets the agent's App pass`];
              return [];
            }),
          );
          return judged(subject, wrong, `${found.rulesets.length} active rulesets, none lets it pass`, calls);
        }),
      );
    }),
};

const canBypass: Question = {
  id: "current-user-can-bypass",
  section: "review",
  title: "GitHub says of whoever asks that a ruleset without bypass is never passed",
  controls: ["CIS 1.1.14"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { machineUser } = context.environment.agent;
      const self = await github.get("/user");
      const isAgent = same(text(bag(self.json()).login), machineUser);
      const ids = await teamIds(context, github);
      const unpassable = (repository: Repository): RulesetPlan[] =>
        plansOf(context, repository).filter(
          ({ bypass }) => isAgent || (!bypass.organizationAdmins && bypass.teams.length === 0),
        );
      const asked = fenced(context)
        .map((repository) => ({ repository, plans: unpassable(repository) }))
        .filter(({ plans }) => plans.length > 0);
      return Promise.all(
        asked.map(async ({ repository, plans }) => {
          const subject = repositorySubject(context, repository);
          const found = await standingRulesets(context, github, repository);
          if ("said" in found) return found.said;
          const concerned = found.rulesets.filter((standing) => plans.some((plan) => carries(plan, standing, ids)));
          const calls = [self.call, ...concerned.map(({ heard }) => heard.call)];
          if (concerned.length === 0) return cannotTell(subject, "no such ruleset stands", calls);
          if (concerned.some((standing) => standing.canBypass === ""))
            return cannotTell(subject, "GitHub does not say", calls);
          return judged(
            subject,
            concerned
              .filter((standing) => standing.canBypass !== "never")
              .map(({ name, canBypass: mode }) => `"${name}": ${mode}`),
            "never",
            calls,
          );
        }),
      );
    }),
};

const protection: Question = {
  id: "branch-protection",
  section: "review",
  title: "The default branch has the declared protection beside the rulesets",
  controls: [
    "Scorecard tier 1",
    "Scorecard tier 2",
    "Scorecard tier 4",
    "CIS 1.1.3",
    "CIS 1.1.5",
    "CIS 1.1.14",
    "CIS 1.1.15",
  ],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = `${repositorySubject(context, repository)} ${repository.defaultBranch}`;
          const heard = await github.get(
            `${repositoryPath(context, repository)}/branches/${encodeURIComponent(repository.defaultBranch)}/protection`,
          );
          const body = bag(heard.json());
          if (heard.call.status === 404 && /not protected/i.test(text(body.message)))
            return judged(subject, ["the branch is not protected"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(subject, heard, "administration: read");
          return judged(subject, protectionGaps(context, repository, body), "as declared", [heard.call]);
        }),
      ),
    ),
};

function protectionGaps(
  { environment }: Context,
  repository: Repository,
  body: Readonly<Record<string, unknown>>,
): string[] {
  const plan = branchProtection(environment, repository);
  const on = (key: string): boolean => bag(body[key]).enabled === true;
  const reviews = bag(body.required_pull_request_reviews);
  const checks = bag(body.required_status_checks);
  const pushers = body.restrictions === undefined ? undefined : bag(body.restrictions);
  const handles = (teams: unknown): string[] =>
    list(teams).map((team) => `${environment.organization}/${text(bag(team).slug)}`);
  const beyond = (holder: Readonly<Record<string, unknown>> | undefined, declared: readonly string[]): string[] => [
    ...handles(holder?.teams).filter((team) => !declared.includes(team)),
    ...[...list(holder?.users), ...list(holder?.apps)].map((who) => text(bag(who).login) || text(bag(who).slug)),
  ];
  const passing = bag(reviews.bypass_pull_request_allowances);
  const gap = (wrong: boolean, says: string): string[] => (wrong ? [says] : []);
  return [
    ...gap(plan.enforceAdmins && !on("enforce_admins"), "administrators are not bound"),
    ...gap(on("allow_force_pushes"), "force pushes are allowed"),
    ...gap(on("allow_deletions"), "deletion is allowed"),
    ...gap(!on("required_conversation_resolution"), "conversations need not be resolved"),
    ...gap(plan.linearHistory && !on("required_linear_history"), "history need not be linear"),
    ...gap(plan.signedCommits && !on("required_signatures"), "commits need not be signed"),
    ...gap(
      Number(reviews.required_approving_review_count ?? 0) < plan.approvals,
      `${text(reviews.required_approving_review_count) || "0"} approvals, declared ${plan.approvals}`,
    ),
    ...gap(reviews.require_code_owner_reviews !== true, "code owners need not review"),
    ...gap(reviews.dismiss_stale_reviews !== true, "stale reviews stay"),
    ...gap(reviews.require_last_push_approval !== true, "the last push needs no approval"),
    ...gap(beyond(passing, []).length > 0, `${beyond(passing, []).join(", ")} may pass the review`),
    ...gap(reviews.dismissal_restrictions === undefined, "anybody with write access may dismiss reviews"),
    ...gap(
      beyond(bag(reviews.dismissal_restrictions), plan.dismissers).length > 0,
      `${beyond(bag(reviews.dismissal_restrictions), plan.dismissers).join(", ")} may dismiss reviews`,
    ),
    ...plan.checks
      .filter((context) => !list(checks.contexts).includes(context))
      .map((context) => `the check ${context} is not required`),
    ...gap(plan.checks.length > 0 && checks.strict !== true, "branches need not be up to date"),
    ...gap(pushers === undefined, "anybody with write access may push and merge"),
    ...gap(beyond(pushers, plan.pushers).length > 0, `${beyond(pushers, plan.pushers).join(", ")} may push and merge`),
  ];
}

const workflows: Question = {
  id: "workflow-permissions",
  section: "review",
  title: "Workflows read by default and cannot approve",
  controls: ["OpenSSF Scorecard Token-Permissions"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const heard = await github.get(`${repositoryPath(context, repository)}/actions/permissions/workflow`);
          if (heard.call.status !== 200) return unheard(subject, heard, "administration: read");
          const body = bag(heard.json());
          return judged(
            subject,
            [
              ...(body.default_workflow_permissions === "read" ? [] : ["the token of workflows may write"]),
              ...(body.can_approve_pull_request_reviews === false ? [] : ["workflows may approve pull requests"]),
            ],
            "read, and no approval",
            [heard.call],
          );
        }),
      ),
    ),
};

export const FENCE: readonly Question[] = [
  branchQuestion(
    "rules-default-branch",
    "The default branch has the declared rules, from whatever level",
    ({ defaultBranch }) => defaultBranch,
    [
      "Scorecard tier 1",
      "Scorecard tier 2",
      "Scorecard tier 3",
      "Scorecard tier 4",
      "Scorecard tier 5",
      "CIS 1.1.3",
      "CIS 1.1.4",
      "CIS 1.1.7",
      "CIS 1.1.9",
      "CIS 1.1.10",
      "CIS 1.1.11",
      "CIS 1.1.16",
      "CIS 1.1.17",
    ],
  ),
  branchQuestion(
    "rules-agent-branch",
    "The agent's branches are as open as declared",
    () => `${AGENT_BRANCH_PREFIX}${PROBE}`,
    [],
  ),
  branchQuestion("rules-other-branch", "Branches of people are closed to the agent", () => `feature/${PROBE}`, [
    "CIS 1.1.15",
  ]),
  inForce,
  bypassActors,
  bypassAgent,
  canBypass,
  protection,
  workflows,
];
