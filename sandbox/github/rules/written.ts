/**
 * Rulesets as they are written to the API: what GitHub takes, and what it refuses with 422. Sources: the descriptions
 * of "Create a repository ruleset" and "Create an organization repository ruleset" in GitHub's OpenAPI documents, and
 * its page "Available rules for rulesets".
 */
import { HttpError } from "../http/errors";
import type { BypassActor, Organization, Ruleset, RulesetConditions, RulesetRule } from "../state";
import type { World } from "../world";
import { hasEnterpriseRules } from "./plans";
import { ROLE_IDS } from "./rulesets";

/** As many rulesets as a repository, and an organization, can have. */
export const MOST_RULESETS = 75;

const METADATA_RULES = [
  "commit_message_pattern",
  "commit_author_email_pattern",
  "committer_email_pattern",
  "branch_name_pattern",
  "tag_name_pattern",
];
const PUSH_RULES = ["file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size"];
const REF_RULES = [
  "creation",
  "update",
  "deletion",
  "required_linear_history",
  "merge_queue",
  "required_deployments",
  "required_signatures",
  "pull_request",
  "required_status_checks",
  "non_fast_forward",
  "workflows",
  "code_scanning",
  "copilot_code_review",
  ...METADATA_RULES,
];
/** Rules of one level alone. */
const LEVEL: Readonly<Record<string, Ruleset["sourceType"]>> = {
  merge_queue: "Repository",
  required_deployments: "Repository",
  workflows: "Organization",
};
const ACTORS = ["Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User", "EnterpriseOwner"];
const MODES = ["always", "pull_request", "exempt"];

const refuse = (error: string): HttpError => new HttpError(422, "Validation Failed", { errors: [error] });
const malformed = (detail: string): HttpError => new HttpError(422, `Invalid request.\n\n${detail}`);

/** @throws HttpError 422 */
export function rulesOf(
  world: World,
  org: Organization | undefined,
  value: unknown,
  target: Ruleset["target"],
  level: Ruleset["sourceType"],
): RulesetRule[] {
  if (!Array.isArray(value)) throw malformed("For 'properties/rules', the value is not an array.");
  return (value as Partial<RulesetRule>[]).map((rule) => {
    const { type } = rule;
    if (typeof type !== "string" || ![...REF_RULES, ...PUSH_RULES].includes(type))
      throw refuse(`Invalid rule '${String(type)}'`);
    if ((target === "push") !== PUSH_RULES.includes(type))
      throw refuse(`Rule ${type} is not valid for target ${target}`);
    if (LEVEL[type] !== undefined && LEVEL[type] !== level)
      throw refuse(
        `Rule ${type} is not valid for rulesets of ${level === "Repository" ? "a repository" : "an organization"}`,
      );
    if (METADATA_RULES.includes(type) && !hasEnterpriseRules(org))
      throw refuse(`Rule ${type} is not available on your plan`);
    const parameters = type === "pull_request" ? { ...PULL_REQUEST, ...rule.parameters } : rule.parameters;
    const wrong = parameters && wrongParameter(world, org, type, parameters);
    if (wrong !== undefined) throw malformed(wrong);
    return { type, ...(parameters ? { parameters } : {}) };
  });
}

const PULL_REQUEST = {
  required_approving_review_count: 0,
  dismiss_stale_reviews_on_push: false,
  require_code_owner_review: false,
  require_last_push_approval: false,
  required_review_thread_resolution: false,
  allowed_merge_methods: ["merge", "squash", "rebase"],
};

/** What is out of bounds, in a sentence. */
function wrongParameter(
  world: World,
  org: Organization | undefined,
  type: string,
  p: Record<string, unknown>,
): string | undefined {
  const between = (name: string, least: number, most: number): string | undefined =>
    typeof p[name] === "number" && p[name] >= least && p[name] <= most
      ? undefined
      : `${name}: a number from ${least} to ${most}`;
  const entries = (name: string): string | undefined => {
    const list = p[name] as unknown[] | undefined;
    return Array.isArray(list) &&
      list.length <= 200 &&
      list.every((entry) => typeof entry === "string" && entry.length <= 200)
      ? undefined
      : `${name}: at most 200 entries of at most 200 characters`;
  };
  switch (type) {
    case "pull_request":
      return between("required_approving_review_count", 0, 10) ?? wrongReviewers(world, org, p["required_reviewers"]);
    case "max_file_path_length":
      return between("max_file_path_length", 1, 32767);
    case "max_file_size":
      return between("max_file_size", 1, 100);
    case "file_path_restriction":
      return entries("restricted_file_paths");
    case "file_extension_restriction":
      return entries("restricted_file_extensions");
    default:
      return undefined;
  }
}

interface RequiredReviewer {
  minimum_approvals?: unknown;
  file_patterns?: unknown;
  reviewer?: { id?: number; type?: string };
}

/** Teams of the organization, up to fifteen, each with its patterns and 0 to 10 approvals. */
function wrongReviewers(world: World, org: Organization | undefined, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > 15) return "required_reviewers: at most 15 teams";
  for (const { minimum_approvals: least, file_patterns: patterns, reviewer } of value as RequiredReviewer[]) {
    if (typeof least !== "number" || least < 0 || least > 10)
      return "required_reviewers: minimum_approvals is a number from 0 to 10";
    if (!Array.isArray(patterns) || patterns.length === 0)
      return "required_reviewers: file_patterns names at least one pattern";
    if (reviewer?.type !== "Team" || !org || world.teams.get(reviewer.id ?? 0)?.orgId !== org.id)
      return "required_reviewers: the reviewer is a team of the organization";
  }
  return undefined;
}

/** @throws HttpError 422 */
export function bypassActorsOf(
  world: World,
  org: Organization | undefined,
  value: unknown,
  target: Ruleset["target"],
): BypassActor[] {
  if (!Array.isArray(value)) throw malformed("For 'properties/bypass_actors', the value is not an array.");
  return (value as Partial<BypassActor>[]).map((actor) => {
    const { actor_type: type, bypass_mode: mode = "always" } = actor;
    if (!type || !ACTORS.includes(type)) throw refuse(`Invalid actor type '${String(type)}'`);
    if (!MODES.includes(mode)) throw refuse(`Invalid bypass mode '${String(mode)}'`);
    if (mode === "pull_request" && (type === "DeployKey" || target !== "branch"))
      throw refuse(
        `Bypass mode pull_request is not applicable to ${type === "DeployKey" ? "deploy keys" : `${target} rulesets`}`,
      );
    if (!actorHolds(world, org, type, actor.actor_id ?? null))
      throw refuse("Actor must be part of the ruleset source or owner organization");
    return {
      actor_id: type === "DeployKey" ? null : (actor.actor_id ?? (type === "OrganizationAdmin" ? 1 : null)),
      actor_type: type,
      bypass_mode: mode,
    };
  });
}

/** Whether there is such an actor here. Secret teams, and roles below write, cannot be given bypass. */
function actorHolds(
  world: World,
  org: Organization | undefined,
  type: BypassActor["actor_type"],
  id: number | null,
): boolean {
  switch (type) {
    case "Team": {
      const team = world.teams.get(id ?? 0);
      return team !== undefined && team.orgId === org?.id && team.privacy === "closed";
    }
    case "RepositoryRole":
      return id !== null && ROLE_IDS[id] !== undefined;
    case "User":
      return id !== null && world.users.has(id);
    case "Integration":
      return id !== null;
    default:
      return true;
  }
}

/** @throws HttpError 422 */
export function conditionsOf(
  given: RulesetConditions | null | undefined,
  target: Ruleset["target"],
  level: Ruleset["sourceType"],
): RulesetConditions | undefined {
  const names = given?.ref_name;
  if (target === "push" && names) throw refuse("Conditions ref_name is not supported for push rulesets");
  if (
    ![...(names?.include ?? []), ...(names?.exclude ?? [])].every(
      (p) => p === "~ALL" || p === "~DEFAULT_BRANCH" || p.startsWith("refs/"),
    )
  )
    throw refuse("Invalid target patterns: names begin with refs/heads/ or refs/tags/, or are ~ALL or ~DEFAULT_BRANCH");
  const chosen = [given?.repository_name, given?.repository_id, given?.repository_property].filter(
    (condition) => condition !== undefined && condition !== null,
  );
  if (level === "Organization" && chosen.length !== 1)
    throw refuse("Conditions must say which repositories: one of repository_name, repository_id, repository_property");
  if (level === "Repository" && chosen.length > 0)
    throw refuse("Conditions about repositories are for rulesets of an organization");
  if (target === "push") return given ?? undefined;
  return { ...given, ref_name: { include: names?.include ?? [], exclude: names?.exclude ?? [] } };
}
