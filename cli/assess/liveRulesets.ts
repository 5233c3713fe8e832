import { namedTeams, type Repository } from "../../infra/model";
import { hasBranchRules, rulesets, type RulesetPlan, type RulesetRules } from "../../infra/plans";
import { type Context, repositoryPath, repositorySubject } from "../live/context";
import type { Reader, Response } from "../live/reader";
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
  readonly name: string;
  readonly target: string;
  readonly includes: readonly string[];
  readonly excludes: readonly string[];
  readonly rules: readonly Rule[];
  /** Undefined where the credential may not see them. */
  readonly bypass: readonly Actor[] | undefined;
  readonly canBypass: string;
  readonly response: Response;
}

/** Every active ruleset that applies to a repository, of all levels, whole. */
export async function liveRulesets(
  context: Context,
  github: Reader,
  repository: Repository,
): Promise<{ readonly rulesets: readonly LiveRuleset[] } | { readonly finding: Finding }> {
  const path = `${repositoryPath(context, repository)}/rulesets`;
  const subject = repositorySubject(context, repository);
  const found = await github.list(`${path}?includes_parents=true`);
  if (hasFailed(found)) return { finding: cannotTellFromList(subject, found, "to read the repository") };
  const active = found.items.filter(({ enforcement }) => enforcement === "active");
  const whole = await Promise.all(active.map(({ id }) => github.get(`${path}/${asText(id)}?includes_parents=true`)));
  const unread = whole.find(({ call }) => call.status !== 200);
  if (unread) return { finding: cannotTellFrom(subject, unread, "to read the repository's rulesets") };
  return {
    rulesets: whole.map((response) => {
      const body = asRecord(response.json());
      const refs = asRecord(asRecord(body.conditions).ref_name);
      return {
        id: Number(body.id),
        name: asText(body.name),
        target: asText(body.target),
        rules: rulesIn(body.rules),
        canBypass: asText(body.current_user_can_bypass),
        response,
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
