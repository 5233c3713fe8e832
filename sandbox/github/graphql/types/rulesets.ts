/** Rulesets, and the rules that they put on a branch. */
import type { Auth } from "../../auth";
import { orgRole, roleOn } from "../../permissions";
import type { ActiveRule } from "../../rules/rulesets";
import type { BypassActor, Repository, Ruleset, RulesetRule } from "../../state";
import { atLeast, type World } from "../../world";
import { connection } from "../connection";
import { repositorySource, teamSource, type Args, type GraphqlContext } from "../source";

export const rulesetValue = (context: GraphqlContext, ruleset: Ruleset): Record<string, unknown> => ({
  type: "RepositoryRuleset",
  id: ruleset.nodeId,
  databaseId: ruleset.id,
  name: ruleset.name,
  target: ruleset.target.toUpperCase(),
  enforcement: ruleset.enforcement.toUpperCase(),
  createdAt: ruleset.createdAt,
  updatedAt: ruleset.updatedAt,
  source:
    ruleset.sourceType === "Repository"
      ? repositorySource(context.world.repos.get(ruleset.sourceId) as Repository)
      : { type: "Organization", org: context.world.orgs.get(ruleset.sourceId) },
  conditions: {
    refName: ruleset.conditions?.ref_name ?? null,
  },
  bypassActors: (args: Args, { world, auth }: GraphqlContext) =>
    edits(world, auth, ruleset) ? connection("bypassActors", args, ruleset.bypassActors, bypassActor(context)) : null,
  rules: (args: Args) => connection("rules", args, ruleset.rules, (rule) => ruleValue(ruleset, rule)),
});

/** Bypass actors are for those who may edit the ruleset, as in the REST API. */
function edits(world: World, auth: Auth, ruleset: Ruleset): boolean {
  const repo = ruleset.sourceType === "Repository" ? world.repos.get(ruleset.sourceId) : undefined;
  const org = world.orgs.get(ruleset.sourceId);
  return repo
    ? atLeast(roleOn(world, auth, repo), "admin")
    : org !== undefined && orgRole(world, auth, org) === "admin";
}

/** The schema names teams and Apps alone; a user is an entry that says nothing, and so is the mode `exempt`. */
const bypassActor =
  ({ world }: GraphqlContext) =>
  ({ actor_type: type, actor_id: id, bypass_mode: mode }: BypassActor): Record<string, unknown> => {
    const team = type === "Team" ? world.teams.get(id ?? 0) : undefined;
    const app = type === "Integration" ? world.apps.get(id ?? 0) : undefined;
    return {
      actor: team ? teamSource(team) : app ? { type: "App", app } : null,
      bypassMode: mode === "exempt" ? null : mode.toUpperCase(),
      deployKey: type === "DeployKey",
      enterpriseOwner: type === "EnterpriseOwner",
      organizationAdmin: type === "OrganizationAdmin",
      repositoryRoleDatabaseId: type === "RepositoryRole" ? id : null,
    };
  };

const ruleValue = (ruleset: Ruleset, rule: RulesetRule): Record<string, unknown> => ({
  id: `${ruleset.nodeId}:${rule.type}`,
  type: rule.type.toUpperCase(),
  parameters: rule.parameters
    ? Object.assign(camelCased({ ...DEFAULTS[rule.type], ...rule.parameters }) as object, {
        // The name of the type, which no parameter has as its own: see `resolveType`.
        type: `${pascal(rule.type)}Parameters`,
      })
    : null,
});

/** Parameters that the schema always shows. */
const DEFAULTS: Readonly<Record<string, Record<string, unknown>>> = {
  required_status_checks: { do_not_enforce_on_create: false, strict_required_status_checks_policy: false },
};
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string): string => camel(`_${name}`);

/** Keys of the REST API in GraphQL's spelling. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelCased(inner)]));
}

/** The rules in force on a branch, each with the ruleset that it comes from. */
export const activeRulesOf = (
  context: GraphqlContext,
  rules: readonly ActiveRule[],
  args: Args,
): Record<string, unknown> =>
  connection("rules", args, rules, ({ ruleset, rule }) => ({
    ...ruleValue(ruleset, rule),
    repositoryRuleset: () => rulesetValue(context, ruleset),
  }));
