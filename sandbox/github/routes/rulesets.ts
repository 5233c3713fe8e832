import { created, noContent, ok, page, type Context } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { nodeId } from "../ids";
import { activeRules, bypassOf, rulesetsOf } from "../rules/rulesets";
import type { Ruleset, RulesetConditions, RuleSuite } from "../state";
import { atLeast } from "../world";
import { presentRuleset } from "../present/rulesets";
import { demandOrganizationRulesets, demandRules, hasEnterpriseRules, hasPushRules } from "../rules/plans";
import { bypassActorsOf, conditionsOf, MOST_RULESETS, rulesOf } from "../rules/written";

/** Rulesets of repositories and organizations, the rules in force for a branch, and the record of evaluations. */
export function rulesetRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/rulesets", {}, (c) => {
    demandRules(c.world, c.repo);
    const inherited = c.query.get("includes_parents") !== "false";
    const targets = c.query.get("targets")?.split(",");
    const list = (inherited ? rulesetsOf(c.world, c.repo) : [...c.repo.rulesets.values()]).filter(
      (r) => !targets || targets.includes(r.target),
    );
    return page(c, list, (r) => {
      const { rules: _r, conditions: _c, bypass_actors: _b, current_user_can_bypass: _u, ...short } = shown(c, r);
      return short;
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/rulesets", { role: "admin", permission: "administration=write" }, (c) => {
    const ruleset = read(c, "Repository", c.repo.id);
    if ([...c.repo.rulesets.values()].some((r) => r.name === ruleset.name))
      throw new HttpError(422, "Validation Failed", { errors: ["Name must be unique"] });
    roomFor(c.repo.rulesets);
    c.repo.rulesets.set(ruleset.id, ruleset);
    tell(c, "created", ruleset);
    return created(shown(c, ruleset));
  });
  router.on(
    "GET",
    "/repos/{owner}/{repo}/rulesets/rule-suites",
    { role: "write", permission: "administration=write" },
    (c) => page(c, suites(c, c.repo.ruleSuites), (s) => presentSuite(c, s, false)),
  );
  router.on(
    "GET",
    "/repos/{owner}/{repo}/rulesets/rule-suites/{rule_suite_id}",
    { role: "write", permission: "administration=write" },
    (c) => {
      const suite = c.repo.ruleSuites.find((s) => s.id === c.id("rule_suite_id"));
      if (!suite) throw notFound();
      return ok(presentSuite(c, suite, true));
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", {}, (c) => {
    demandRules(c.world, c.repo);
    const id = c.id("ruleset_id");
    const ruleset =
      c.query.get("includes_parents") === "false"
        ? c.repo.rulesets.get(id)
        : rulesetsOf(c.world, c.repo).find((r) => r.id === id);
    if (!ruleset) throw notFound();
    return ok(shown(c, ruleset));
  });
  router.on(
    "PUT",
    "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
    { role: "admin", permission: "administration=write" },
    (c) => {
      const before = c.repo.rulesets.get(c.id("ruleset_id"));
      if (!before) throw notFound();
      const ruleset = read(c, "Repository", c.repo.id, before);
      c.repo.rulesets.set(ruleset.id, ruleset);
      tell(c, "edited", ruleset);
      return ok(shown(c, ruleset));
    },
  );
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
    { role: "admin", permission: "administration=write" },
    (c) => {
      const ruleset = c.repo.rulesets.get(c.id("ruleset_id"));
      if (!ruleset) throw notFound();
      c.repo.rulesets.delete(ruleset.id);
      tell(c, "deleted", ruleset);
      return noContent();
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", {}, (c) => {
    demandRules(c.world, c.repo);
    return page(c, activeRules(c.world, c.repo, c.param("branch")), ({ ruleset, rule }) => ({
      type: rule.type,
      ...(rule.parameters ? { parameters: rule.parameters } : {}),
      ruleset_source_type: ruleset.sourceType,
      ruleset_source:
        ruleset.sourceType === "Repository" ? c.world.fullName(c.repo) : c.world.orgs.get(ruleset.sourceId)!.login,
      ruleset_id: ruleset.id,
    }));
  });

  const ORG = { permission: "organization_administration=write", org: "admin" as const };
  router.on("GET", "/orgs/{org}/rulesets", ORG, (c) => {
    demandOrganizationRulesets(c.org);
    return page(c, [...c.org.rulesets.values()], (r) => shown(c, r));
  });
  router.on("POST", "/orgs/{org}/rulesets", ORG, (c) => {
    const ruleset = read(c, "Organization", c.org.id);
    roomFor(c.org.rulesets);
    c.org.rulesets.set(ruleset.id, ruleset);
    tell(c, "created", ruleset);
    return created(shown(c, ruleset));
  });
  const ofOrganization = (c: Context): RuleSuite[] =>
    c.world.reposOf({ kind: "org", id: c.org.id }).flatMap((r) => r.ruleSuites);
  router.on("GET", "/orgs/{org}/rulesets/rule-suites", ORG, (c) => {
    demandOrganizationRulesets(c.org);
    return page(c, suites(c, ofOrganization(c)), (s) => presentSuite(c, s, false));
  });
  router.on("GET", "/orgs/{org}/rulesets/rule-suites/{rule_suite_id}", ORG, (c) => {
    const suite = ofOrganization(c).find((s) => s.id === c.id("rule_suite_id"));
    if (!suite) throw notFound();
    return ok(presentSuite(c, suite, true));
  });
  router.on("GET", "/orgs/{org}/rulesets/{ruleset_id}", ORG, (c) => {
    demandOrganizationRulesets(c.org);
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
  return {
    ...rest,
    ...(edits ? { bypass_actors } : {}),
    ...(mode ? { current_user_can_bypass: mode === "pull_request" ? "pull_requests_only" : mode } : {}),
  };
}

const refuse = (error: string): HttpError => new HttpError(422, "Validation Failed", { errors: [error] });

function roomFor(rulesets: ReadonlyMap<number, Ruleset>): void {
  if (rulesets.size >= MOST_RULESETS)
    throw refuse(`There are already ${MOST_RULESETS} rulesets, which is as many as there can be`);
}

/** Reads a ruleset from the body; an update leaves out what is to stay. */
function read(c: Context, sourceType: Ruleset["sourceType"], sourceId: number, before?: Ruleset): Ruleset {
  const org = c.repo ? c.world.orgOf(c.repo) : c.org;
  if (c.repo) demandRules(c.world, c.repo);
  else demandOrganizationRulesets(c.org);
  const name = c.string("name") ?? before?.name;
  if (name === undefined) throw invalid("RepositoryRuleset", "name", "missing_field");
  const target = c.oneOf("target", ["branch", "tag", "push", "repository"] as const) ?? before?.target ?? "branch";
  const enforcement = c.oneOf("enforcement", ["disabled", "active", "evaluate"] as const) ?? before?.enforcement;
  if (!enforcement) throw invalid("RepositoryRuleset", "enforcement", "missing_field");
  if (before && before.target !== target) throw refuse("Target cannot be changed");
  if (enforcement === "evaluate" && !hasEnterpriseRules(org))
    throw refuse("Enforcement evaluate is not supported on your plan");
  if (target === "push" && c.repo && !hasPushRules(c.world, c.repo))
    throw refuse(
      `Push rulesets are not available ${c.repo.visibility === "public" ? "on public repositories" : "on your plan"}`,
    );
  const conditions = conditionsOf(
    (c.body["conditions"] ?? before?.conditions) as RulesetConditions | null | undefined,
    target,
    sourceType,
  );
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
    bypassActors: bypassActorsOf(c.world, org, c.body["bypass_actors"] ?? before?.bypassActors ?? [], target),
    ...(conditions ? { conditions } : {}),
    rules: rulesOf(c.world, org, c.body["rules"] ?? before?.rules ?? [], target, sourceType),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
}

function suites(c: Context, all: readonly RuleSuite[]): RuleSuite[] {
  const [ref, actor, result, repo] = ["ref", "actor_name", "rule_suite_result", "repository_name"].map((n) =>
    c.query.get(n),
  );
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
