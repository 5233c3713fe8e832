import { namedTeams, type Repository } from "../../infra/model";
import { hasBranchRules, rulesets, type ManyFacts, type RulesetPlan, type RulesetRules } from "../../infra/plans";
import { type Context, repositoryPath, repositorySubject } from "../live/context";
import { ASKED_OF_MANY, toldOf } from "../live/many";
import type { Call, GitHubReader, Listed, Reader, Response } from "../live/reader";
import { asList, asRecord, asText, cannotTellFrom, cannotTellFromList, hasFailed, type Finding } from "./question";

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
    .map(([name, value]) => ({ type: snake(name), parameters: asRecord(value === true ? {} : inGitHubsWords(value)) }));
}

/**
 * Whether what stands is at least what is declared: numbers may be higher and lists longer, but nothing may be missing.
 */
export function atLeast(declared: unknown, live: unknown): boolean {
  if (typeof declared === "number") return typeof live === "number" && live >= declared;
  if (Array.isArray(declared))
    return Array.isArray(live) && declared.every((one) => live.some((other) => exactly(one, other)));
  if (declared !== null && typeof declared === "object")
    return Object.entries(declared).every(([key, value]) => atLeast(value, asRecord(live)[key]));
  return declared === live;
}

/**
 * Ids are no thresholds: within lists, what is declared must be there as it is. A number of approvals may still be
 * higher.
 */
function exactly(declared: unknown, live: unknown): boolean {
  if (Array.isArray(declared)) return atLeast(declared, live);
  if (declared !== null && typeof declared === "object") {
    return Object.entries(declared).every(([key, value]) =>
      (key === "minimum_approvals" ? atLeast : exactly)(value, asRecord(live)[key]),
    );
  }
  return declared === live;
}

const holdsRule = (declared: Rule, live: readonly Rule[]): boolean =>
  live.some((rule) => rule.type === declared.type && atLeast(declared.parameters, rule.parameters));

/** What of the declared rules does not stand, each as a sentence. */
export function missingRules(declared: readonly Rule[], live: readonly Rule[]): string[] {
  return declared
    .filter((rule) => !holdsRule(rule, live))
    .map((rule) =>
      live.some(({ type }) => type === rule.type)
        ? `${rule.type} is weaker than declared (${
            Object.entries(rule.parameters)
              .filter(
                ([key, value]) =>
                  !live.some((other) => other.type === rule.type && atLeast(value, other.parameters[key])),
              )
              .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
              .join(", ") || "no single ruleset has all of it"
          })`
        : `the rule ${rule.type} is missing`,
    );
}

export const rulesIn = (value: unknown): Rule[] =>
  asList(value).map((rule) => ({ type: asText(asRecord(rule).type), parameters: asRecord(asRecord(rule).parameters) }));
export const plansOf = ({ environment }: Context, repository: Repository): RulesetPlan[] =>
  rulesets(environment, repository);
/** Repositories that rulesets protect. */
export const fenced = ({ environment }: Context): Repository[] =>
  environment.repositories.filter((repository) => hasBranchRules(environment, repository));

export interface Actor {
  readonly type: string;
  readonly id: number;
}
export interface LiveRuleset {
  readonly id: number;
  /** Of the repository itself, not of the organization or enterprise above it. */
  readonly ofRepository: boolean;
  readonly name: string;
  readonly target: string;
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
  readonly rules: readonly Rule[];
  /** Undefined where the credential may not see them. */
  readonly bypass: readonly Actor[] | undefined;
  /** The question that told of it. */
  readonly call: Call;
  /** How far the one who asks may bypass it, in GitHub's words; empty where it does not say. */
  canBypass(): Promise<{ readonly mode: string; readonly call: Call }>;
}

/** Rulesets of the organization that a reader has read, by their ids: the same for every repository that they hold. */
const shared = new WeakMap<Reader, Map<string, Promise<Response>>>();

/**
 * One ruleset, whole. The organization's are read once, by way of the first repository that has them; by way of each one
 * where GitHub's word on who may bypass it could differ, which a role in the repository decides.
 */
async function readRuleset(github: Reader, path: string, id: number, ofRepository: boolean): Promise<Response> {
  const ask = (): Promise<Response> => github.get(`${path}/${id}?includes_parents=true`);
  return ofRepository
    ? ask()
    : once(shared, github, String(id), ask, (response) => {
        const actors = asRecord(response.json()).bypass_actors;
        return (
          response.call.status === 200 &&
          Array.isArray(actors) &&
          actors.every((actor) => asRecord(actor).actor_type !== "RepositoryRole")
        );
      });
}

/** Asks one question for all that share its answer; each asks for itself when that answer does not hold for others. */
async function once<T>(
  known: WeakMap<Reader, Map<string, Promise<T>>>,
  github: Reader,
  key: string,
  ask: () => Promise<T>,
  holdsForOthers: (answer: T) => boolean,
): Promise<T> {
  const answers = known.get(github) ?? new Map<string, Promise<T>>();
  known.set(github, answers);
  const first = answers.get(key) ?? ask();
  answers.set(key, first);
  const answer = await first;
  return holdsForOthers(answer) ? answer : ask();
}

const rulesOnBranches = new WeakMap<Reader, Map<string, Promise<Listed>>>();

/**
 * The rules in force on a branch, as GitHub works them out. They follow from the active rulesets and from the names of
 * the branch and of the default branch. So repositories that the same rulesets of the organization hold, and none of
 * their own, are asked about once.
 */
export async function branchRules(
  context: Context,
  github: GitHubReader,
  repository: Repository,
  branch: string,
): Promise<Listed> {
  const ask = (): Promise<Listed> =>
    github.list(`${repositoryPath(context, repository)}/rules/branches/${encodeURIComponent(branch)}`);
  const told = await toldOf(context, github, repository);
  const rulesets = told && toldRulesets(context, told, repository);
  if (!told || !rulesets) return ask();
  if (rulesets.every(({ ofRepository }) => !ofRepository)) {
    const ids = rulesets.map(({ id }) => id).sort((a, b) => a - b);
    const key = JSON.stringify([ids, branch, told.defaultBranch]);
    return once(rulesOnBranches, github, key, ask, ({ failed }) => failed === undefined);
  }
  const shown = branch === told.defaultBranch ? allOf(asRecord(told.shown.defaultBranchRef).rules) : undefined;
  return shown ? { items: shown.map(toldRule), calls: [ASKED_OF_MANY] } : ask();
}

/** Every active ruleset that applies to a repository, of all levels, whole. */
export async function liveRulesets(
  context: Context,
  github: GitHubReader,
  repository: Repository,
): Promise<{ readonly rulesets: readonly LiveRuleset[] } | { readonly finding: Finding }> {
  const path = `${repositoryPath(context, repository)}/rulesets`;
  const subject = repositorySubject(context, repository);
  const told = await toldOf(context, github, repository);
  const rulesets = told && toldRulesets(context, told, repository);
  if (rulesets)
    return {
      rulesets: rulesets.map((ruleset) => ({
        ...ruleset,
        call: ASKED_OF_MANY,
        // GraphQL does not tell it.
        canBypass: async () => canBypass(await readRuleset(github, path, ruleset.id, ruleset.ofRepository)),
      })),
    };
  const found = await github.list(`${path}?includes_parents=true`);
  if (hasFailed(found)) return { finding: cannotTellFromList(subject, found, "to read the repository") };
  const active = found.items.filter(({ enforcement }) => enforcement === "active");
  const whole = await Promise.all(
    active.map(({ id, source_type }) => readRuleset(github, path, Number(id), source_type === "Repository")),
  );
  const unread = whole.find(({ call }) => call.status !== 200);
  if (unread) return { finding: cannotTellFrom(subject, unread, "to read the repository's rulesets") };
  return {
    rulesets: whole.map((response) => {
      const body = asRecord(response.json());
      const refs = asRecord(asRecord(body.conditions).ref_name);
      return {
        id: Number(body.id),
        ofRepository: body.source_type === "Repository",
        name: asText(body.name),
        target: asText(body.target),
        rules: rulesIn(body.rules),
        call: response.call,
        canBypass: () => Promise.resolve(canBypass(response)),
        includes: asList(refs.include).map(asText),
        excludes: asList(refs.exclude).map(asText),
        bypass: Array.isArray(body.bypass_actors)
          ? asList(body.bypass_actors).map((actor) => ({
              type: asText(asRecord(actor).actor_type),
              id: Number(asRecord(actor).actor_id ?? 0),
            }))
          : undefined,
      };
    }),
  };
}

const canBypass = (response: Response): { mode: string; call: Call } => ({
  mode: asText(asRecord(response.json()).current_user_can_bypass),
  call: response.call,
});

/** All items of a connection; undefined when there are more than were asked for, or none for the one who asks. */
function allOf(connection: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  const { nodes, pageInfo } = asRecord(connection);
  return Array.isArray(nodes) && asRecord(pageInfo).hasNextPage === false ? nodes.map(asRecord) : undefined;
}

/**
 * The active rulesets of a repository as GraphQL tells them; undefined where the REST API must: it alone shows required
 * reviewers, users among those who bypass, and whether something is hidden.
 */
function toldRulesets(
  context: Context,
  { shown }: ManyFacts,
  repository: Repository,
): Omit<LiveRuleset, "call" | "canBypass">[] | undefined {
  if (plansOf(context, repository).some(({ rules }) => rules.pullRequest?.requiredReviewers)) return undefined;
  const active = allOf(shown.rulesets)?.filter(({ enforcement }) => enforcement === "ACTIVE");
  const read = active?.map((ruleset) => {
    const [rules, actors] = [allOf(ruleset.rules), allOf(ruleset.bypassActors)];
    const bypass = actors?.map(toldActor);
    const refs = asRecord(asRecord(ruleset.conditions).refName);
    const id = Number(ruleset.databaseId);
    if (!rules || !Number.isSafeInteger(id) || !bypass?.every((actor) => actor !== undefined)) return undefined;
    return {
      id,
      ofRepository: asRecord(ruleset.source).__typename === "Repository",
      name: asText(ruleset.name),
      target: asText(ruleset.target).toLowerCase(),
      rules: rules.map(toldRule),
      includes: asList(refs.include).map(asText),
      excludes: asList(refs.exclude).map(asText),
      bypass,
    };
  });
  return read?.every((ruleset) => ruleset !== undefined) ? read : undefined;
}

const toldRule = ({ type, parameters }: Readonly<Record<string, unknown>>): Rule & Record<string, unknown> => ({
  type: asText(type).toLowerCase(),
  parameters: asRecord(inGitHubsWords(parameters)),
});

/** Undefined for an entry that GraphQL has no word for. */
function toldActor(entry: Readonly<Record<string, unknown>>): Actor | undefined {
  const { __typename, databaseId } = asRecord(entry.actor);
  if (__typename === "Team" || __typename === "App")
    return { type: __typename === "App" ? "Integration" : "Team", id: Number(databaseId) };
  if (typeof entry.repositoryRoleDatabaseId === "number")
    return { type: "RepositoryRole", id: entry.repositoryRoleDatabaseId };
  if (entry.organizationAdmin === true) return { type: "OrganizationAdmin", id: 1 };
  if (entry.enterpriseOwner === true) return { type: "EnterpriseOwner", id: 0 };
  return entry.deployKey === true ? { type: "DeployKey", id: 0 } : undefined;
}

/** Whether a ruleset does at least what a plan declares, on at least the same references. */
export const satisfies = (plan: RulesetPlan, live: LiveRuleset, ids: ReadonlyMap<string, number>): boolean =>
  live.target === plan.target &&
  (plan.refs === undefined ||
    (plan.refs.includes.every((ref) => live.includes.includes(ref)) &&
      live.excludes.every((ref) => plan.refs?.excludes.includes(ref)))) &&
  declaredRules(plan.rules, ids).every((rule) => holdsRule(rule, live.rules));

/** Ids of every team that the environment names, and of the agent's own; absent where GitHub does not show a team. */
export async function teamIds(context: Context, github: Reader): Promise<ReadonlyMap<string, number>> {
  const { environment } = context;
  const found = await Promise.all(
    [...namedTeams(environment), environment.agent.team].map(async (slug): Promise<[string, number]> => {
      const response = await github.get(`/orgs/${environment.organization}/teams/${slug}`);
      return [slug, response.call.status === 200 ? Number(asRecord(response.json()).id) : NaN];
    }),
  );
  return new Map(found.filter(([, id]) => Number.isSafeInteger(id)));
}
