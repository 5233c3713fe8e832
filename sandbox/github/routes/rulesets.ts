import { created, noContent, ok, page, type Context } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { nodeId } from "../ids";
import { activeRules, bypassOf, rulesetsOf } from "../rules/rulesets";
import type { BypassActor, Ruleset, RulesetConditions, RulesetRule, RuleSuite } from "../state";
import { atLeast } from "../world";
import { presentRuleset } from "../present/rulesets";

const RULES = [
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
  "commit_message_pattern",
  "commit_author_email_pattern",
  "committer_email_pattern",
  "branch_name_pattern",
  "tag_name_pattern",
  "workflows",
  "code_scanning",
  "file_path_restriction",
  "max_file_path_length",
  "file_extension_restriction",
  "max_file_size",
  "copilot_code_review",
];
const PUSH_RULES = ["file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size"];
const ACTORS = ["Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User", "EnterpriseOwner"];

/** Rulesets of repositories and organizations, the rules in force for a branch, and the record of evaluations. */
export function rulesetRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/rulesets", {}, (c) => {
    const inherited = c.query.get("includes_parents") !== "false";
    const targets = c.query.get("targets")?.split(",");
    const list = (inherited ? rulesetsOf(c.world, c.repo) : [...c.repo.rulesets.values()]).filter((r) => !targets || targets.includes(r.target));
    return page(c, list, (r) => {
      const { rules: _r, conditions: _c, bypass_actors: _b, current_user_can_bypass: _u, ...short } = shown(c, r);
      return short;
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/rulesets", { role: "admin", permission: "administration=write" }, (c) => {
    const ruleset = read(c, "Repository", c.repo.id);
    if ([...c.repo.rulesets.values()].some((r) => r.name === ruleset.name)) throw new HttpError(422, "Validation Failed", { errors: ["Name must be unique"] });
    c.repo.rulesets.set(ruleset.id, ruleset);
    tell(c, "created", ruleset);
    return created(shown(c, ruleset));
  });
  router.on("GET", "/repos/{owner}/{repo}/rulesets/rule-suites", { role: "write", permission: "administration=write" }, (c) =>
    page(c, suites(c, c.repo.ruleSuites), (s) => presentSuite(c, s, false)),
  );
  router.on("GET", "/repos/{owner}/{repo}/rulesets/rule-suites/{rule_suite_id}", { role: "write", permission: "administration=write" }, (c) => {
    const suite = c.repo.ruleSuites.find((s) => s.id === c.id("rule_suite_id"));
    if (!suite) throw notFound();
    return ok(presentSuite(c, suite, true));
  });
  router.on("GET", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", {}, (c) => {
    const id = c.id("ruleset_id");
    const ruleset = c.query.get("includes_parents") === "false" ? c.repo.rulesets.get(id) : rulesetsOf(c.world, c.repo).find((r) => r.id === id);
    if (!ruleset) throw notFound();
    return ok(shown(c, ruleset));
  });
  router.on("PUT", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", { role: "admin", permission: "administration=write" }, (c) => {
    const before = c.repo.rulesets.get(c.id("ruleset_id"));
    if (!before) throw notFound();
    const ruleset = read(c, "Repository", c.repo.id, before);
    c.repo.rulesets.set(ruleset.id, ruleset);
    tell(c, "edited", ruleset);
    return ok(shown(c, ruleset));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", { role: "admin", permission: "administration=write" }, (c) => {
    const ruleset = c.repo.rulesets.get(c.id("ruleset_id"));
    if (!ruleset) throw notFound();
    c.repo.rulesets.delete(ruleset.id);
    tell(c, "deleted", ruleset);
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", {}, (c) =>
    page(c, activeRules(c.world, c.repo, c.param("branch")), ({ ruleset, rule }) => ({
      type: rule.type,
      ...(rule.parameters ? { parameters: rule.parameters } : {}),
      ruleset_source_type: ruleset.sourceType,
      ruleset_source: ruleset.sourceType === "Repository" ? c.world.fullName(c.repo) : c.world.orgs.get(ruleset.sourceId)!.login,
      ruleset_id: ruleset.id,
    })),
  );

  const ORG = { permission: "organization_administration=write", org: "admin" as const };
  router.on("GET", "/orgs/{org}/rulesets", ORG, (c) => page(c, [...c.org.rulesets.values()], (r) => shown(c, r)));
  router.on("POST", "/orgs/{org}/rulesets", ORG, (c) => {
    const ruleset = read(c, "Organization", c.org.id);
    c.org.rulesets.set(ruleset.id, ruleset);
    tell(c, "created", ruleset);
    return created(shown(c, ruleset));
  });
  router.on("GET", "/orgs/{org}/rulesets/rule-suites", ORG, (c) =>
    page(
      c,
      suites(
        c,
        c.world.reposOf({ kind: "org", id: c.org.id }).flatMap((r) => r.ruleSuites),
      ),
      (s) => presentSuite(c, s, false),
    ),
  );
  router.on("GET", "/orgs/{org}/rulesets/{ruleset_id}", ORG, (c) => {
    const r = c.org.rulesets.get(c.id("ruleset_id"));
    if (!r) throw notFound();
    return ok(shown(c, r));
  });
  router.on("PUT", "/orgs/{org}/rulesets/{ruleset_id}", ORG, (c) => {
    const before = c.org.rulesets.get(c.id("ruleset_id"));
    if (!before) throw notFound();
    const ruleset = read(c, "Organization", c.org.id, before);
    c.org.rulesets.set(ruleset.id, ruleset);
    tell(c, "edited", ruleset);
    return ok(shown(c, ruleset));
  });
  router.on("DELETE", "/orgs/{org}/rulesets/{ruleset_id}", ORG, (c) => {
    const ruleset = c.org.rulesets.get(c.id("ruleset_id"));
    if (!ruleset) throw notFound();
    c.org.rulesets.delete(ruleset.id);
    tell(c, "deleted", ruleset);
    return noContent();
  });
}

function tell(c: Context, action: string, ruleset: Ruleset): void {
  c.world.webhooks.emit("repository_ruleset", action, {
    ...(c.repo ? { repo: c.repo } : {}),
    ...(c.org ? { org: c.org } : {}),
    senderId: c.auth.user?.id ?? null,
    payload: { repository_ruleset: presentRuleset(c.world, ruleset) },
  });
}

/** Bypass actors are for those who may edit the ruleset; everybody hears how far they may bypass it themselves. */
function shown(c: Context, ruleset: Ruleset) {
  const edits = c.repo ? atLeast(c.role, "admin") : true;
  const mode = c.repo ? bypassOf(c.world, ruleset, c.auth, c.repo) : undefined;
  const { bypass_actors, ...rest } = presentRuleset(c.world, ruleset);
  return { ...rest, ...(edits ? { bypass_actors } : {}), ...(mode ? { current_user_can_bypass: mode === "pull_request" ? "pull_requests_only" : mode } : {}) };
}

/** Reads a ruleset from the body; an update leaves out what is to stay. */
function read(c: Context, sourceType: Ruleset["sourceType"], sourceId: number, before?: Ruleset): Ruleset {
  const name = c.string("name") ?? before?.name;
  if (name === undefined) throw invalid("RepositoryRuleset", "name", "missing_field");
  const target = c.oneOf("target", ["branch", "tag", "push", "repository"] as const) ?? before?.target ?? "branch";
  const enforcement = c.oneOf("enforcement", ["disabled", "active", "evaluate"] as const) ?? before?.enforcement;
  if (!enforcement) throw invalid("RepositoryRuleset", "enforcement", "missing_field");
  if (before && before.target !== target) throw new HttpError(422, "Validation Failed", { errors: ["Target cannot be changed"] });
  const org = c.repo ? c.world.orgOf(c.repo) : c.org;
  if (enforcement === "evaluate" && org?.plan !== "enterprise")
    throw new HttpError(422, "Validation Failed", { errors: ["Enforcement evaluate is not supported on your plan"] });
  const hidden = c.repo ? c.repo.visibility !== "public" : false;
  if (hidden && org?.plan === "free") throw new HttpError(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.");
  if (target === "push" && c.repo?.visibility === "public")
    throw new HttpError(422, "Validation Failed", { errors: ["Push rulesets are not available on public repositories"] });
  const rules = rulesOf(c.body["rules"] ?? before?.rules ?? [], target);
  const conditions = (c.body["conditions"] ?? before?.conditions) as RulesetConditions | undefined | null;
  const names = conditions?.ref_name;
  if (names && ![...(names.include ?? []), ...(names.exclude ?? [])].every((p) => p === "~ALL" || p === "~DEFAULT_BRANCH" || p.startsWith("refs/")))
    throw new HttpError(422, "Validation Failed", {
      errors: ["Invalid target patterns: names begin with refs/heads/ or refs/tags/, or are ~ALL or ~DEFAULT_BRANCH"],
    });
  if (target === "push" && names) throw new HttpError(422, "Validation Failed", { errors: ["Conditions ref_name is not supported for push rulesets"] });
  const id = before?.id ?? c.world.ids.next();
  const now = c.world.clock.iso();
  return {
    id,
    nodeId: before?.nodeId ?? nodeId("ruleset", sourceId, id),
    name,
    target,
    sourceType,
    sourceId,
    enforcement,
    bypassActors: actorsOf(c.body["bypass_actors"] ?? before?.bypassActors ?? []),
    ...(target === "push" && !conditions
      ? {}
      : { conditions: { ...conditions, ...(target === "push" ? {} : { ref_name: { include: names?.include ?? [], exclude: names?.exclude ?? [] } }) } }),
    rules,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
}

function rulesOf(value: unknown, target: Ruleset["target"]): RulesetRule[] {
  if (!Array.isArray(value)) throw new HttpError(422, "Invalid request.\n\nFor 'properties/rules', the value is not an array.");
  return (value as Partial<RulesetRule>[]).map((rule) => {
    if (typeof rule.type !== "string" || !RULES.includes(rule.type))
      throw new HttpError(422, "Validation Failed", { errors: [`Invalid rule '${String(rule.type)}'`] });
    if ((target === "push") !== PUSH_RULES.includes(rule.type))
      throw new HttpError(422, "Validation Failed", { errors: [`Rule ${rule.type} is not valid for target ${target}`] });
    const parameters =
      rule.type === "pull_request"
        ? {
            required_approving_review_count: 0,
            dismiss_stale_reviews_on_push: false,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: false,
            allowed_merge_methods: ["merge", "squash", "rebase"],
            ...rule.parameters,
          }
        : rule.parameters;
    return { type: rule.type, ...(parameters ? { parameters } : {}) };
  });
}

function actorsOf(value: unknown): BypassActor[] {
  if (!Array.isArray(value)) throw new HttpError(422, "Invalid request.\n\nFor 'properties/bypass_actors', the value is not an array.");
  return (value as Partial<BypassActor>[]).map((a) => {
    if (!a.actor_type || !ACTORS.includes(a.actor_type))
      throw new HttpError(422, "Validation Failed", { errors: [`Invalid actor type '${String(a.actor_type)}'`] });
    if (!["Team", "User", "Integration", "RepositoryRole"].includes(a.actor_type) || typeof a.actor_id === "number") {
      return {
        actor_id: a.actor_type === "DeployKey" ? null : (a.actor_id ?? (a.actor_type === "OrganizationAdmin" ? 1 : null)),
        actor_type: a.actor_type,
        bypass_mode: a.bypass_mode ?? "always",
      };
    }
    throw new HttpError(422, "Validation Failed", { errors: ["Actor must be part of the ruleset source or owner organization"] });
  });
}

function suites(c: Context, all: readonly RuleSuite[]): RuleSuite[] {
  const [ref, actor, result, repo] = ["ref", "actor_name", "rule_suite_result", "repository_name"].map((n) => c.query.get(n));
  return all
    .filter(
      (s) =>
        (!ref || s.ref === ref || s.ref === `refs/heads/${ref}`) &&
        (!actor || s.actorName === actor) &&
        (!result || result === "all" || s.result === result) &&
        (!repo || c.world.repos.get(s.repositoryId)?.name === repo),
    )
    .reverse();
}

function presentSuite(c: Context, s: RuleSuite, full: boolean) {
  const repo = c.world.repos.get(s.repositoryId)!;
  return {
    id: s.id,
    actor_id: s.actorId,
    actor_name: s.actorName,
    before_sha: s.beforeSha,
    after_sha: s.afterSha,
    ref: s.ref,
    repository_id: s.repositoryId,
    repository_name: repo.name,
    pushed_at: s.pushedAt,
    result: s.result,
    ...(s.evaluationResult ? { evaluation_result: s.evaluationResult } : {}),
    ...(full
      ? {
          rule_evaluations: s.evaluations.map((e) => ({
            rule_source: e.ruleSource,
            enforcement: e.enforcement === "evaluate" ? "evaluate" : "active",
            result: e.result,
            rule_type: e.ruleType,
            details: e.details,
          })),
        }
      : {}),
  };
}
