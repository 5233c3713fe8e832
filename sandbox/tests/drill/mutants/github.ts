import { agentsPull, merge } from "../../../drill/attempts/kit";
import { agentBranch, fileUnder, mergeUnowned, push } from "../../../drill/attempts/code";
import type { Pair } from "../../../drill/pairs";
import type { Fixture } from "../../../drill/fixture";
import { rulesOfLock, type Protection, type Ruleset } from "../../../drill/isolate";
import { type Environment, LOCKS, type LockId } from "../../../../infra/model";
import { ownerRules } from "../../../../infra/plans";
import { type Condition, CONDITIONS } from "../conditions";
import type { Mutant } from "./types";

const RULE_LOCKS = (Object.keys(LOCKS) as LockId[]).filter(
  (lock) => LOCKS[lock].enforcer === "rulesets" || lock === "owners-review",
);
const of =
  (...locks: readonly string[]) =>
  (pair: Pair): boolean =>
    locks.includes(pair.lock);
type Rules = Ruleset["rules"];

/** A merge by the agent itself: whoever passes the review is not asked for it. */
const BYPASSED: Condition = {
  ...CONDITIONS.approvals,
  run: async (fixture) => merge(fixture, fixture.direct, (await agentsPull(fixture)).number),
};

/** Mutants of one live ruleset. */
function ofRuleset(ruleset: Ruleset, path: string, teamId: number): Mutant[] {
  const locks = RULE_LOCKS.filter(
    (lock) =>
      rulesOfLock(lock, ruleset).length > 0 &&
      (lock !== "ruleset-reviewers" || JSON.stringify(ruleset).includes('required_reviewers":[{')),
  );
  const change = (what: string, body: Record<string, unknown>, extra: Partial<Mutant> = {}): Mutant => ({
    what: `ruleset "${ruleset.name}": ${what}`,
    before: async (fixture: Fixture) => {
      await fixture.admin.ask("PUT", path, body);
    },
    concerns: (pair) => (locks as string[]).includes(pair.lock) && pair.place === "write",
    ...extra,
  });
  const rules = (next: Rules): Record<string, unknown> =>
    next.length > 0 ? { rules: next } : { enforcement: "disabled" };
  const without = ruleset.rules.flatMap((rule) =>
    rule.type === "pull_request"
      ? []
      : [
          change(
            `no ${rule.type}`,
            rules(ruleset.rules.filter((other) => other !== rule)),
            rule.type === "required_status_checks" ? { condition: CONDITIONS.checks } : {},
          ),
        ],
  );
  const parameters = (
    type: string,
    next: (p: Readonly<Record<string, unknown>>) => Record<string, unknown>,
  ): Record<string, unknown> =>
    rules(
      ruleset.rules.map((rule) =>
        rule.type === type ? { ...rule, parameters: { ...rule.parameters, ...next(rule.parameters ?? {}) } } : rule,
      ),
    );
  const has = (type: string): boolean => ruleset.rules.some((rule) => rule.type === type);
  const reviewed = has("pull_request")
    ? (
        [
          ["no approvals", { required_approving_review_count: 0 }, CONDITIONS.approvals],
          ["stale approvals count", { dismiss_stale_reviews_on_push: false }, CONDITIONS.stale],
          ["the last pusher's approval counts", { require_last_push_approval: false }, CONDITIONS.lastPush],
          ["conversations stay open", { required_review_thread_resolution: false }, CONDITIONS.threads],
          ["no code owners", { require_code_owner_review: false }, undefined],
        ] as const
      ).map(([what, next, condition]) =>
        change(
          what,
          parameters("pull_request", () => next),
          condition ? { condition } : {},
        ),
      )
    : [];
  const checked = has("required_status_checks")
    ? [
        change(
          "checks of any App",
          parameters("required_status_checks", (p) => ({
            required_status_checks: (p.required_status_checks as { context: string }[]).map(({ context }) => ({
              context,
            })),
          })),
        ),
        change(
          "branches need not be up to date",
          parameters("required_status_checks", () => ({ strict_required_status_checks_policy: false })),
          { condition: CONDITIONS.upToDate },
        ),
      ]
    : [];
  const paths = ruleset.rules
    .flatMap((rule) =>
      rule.type === "file_path_restriction" ? (rule.parameters?.restricted_file_paths as string[]) : [],
    )
    .map((pattern, _, all) =>
      change(
        `${pattern} is not restricted`,
        parameters("file_path_restriction", () => ({
          restricted_file_paths: all.filter((other) => other !== pattern),
        })),
        {
          attempts: [push(`push ${fileUnder(pattern)}`, agentBranch, () => fileUnder(pattern))],
          concerns: (pair) => pair.lock === "ruleset-paths" && pair.action.id === "edit-protected-path",
        },
      ),
    );
  const actors = ruleset.bypass_actors ?? [];
  const bypass = (
    [
      ["the agent's team passes", { actor_type: "Team", actor_id: teamId }],
      ["the write role passes", { actor_type: "RepositoryRole", actor_id: 4 }],
    ] as const
  ).map(([what, actor]) =>
    change(
      what,
      { bypass_actors: [...actors, { ...actor, bypass_mode: "always" }] },
      has("pull_request") ? { condition: BYPASSED } : {},
    ),
  );
  const ref = (ruleset.conditions as { ref_name?: { include: string[]; exclude: string[] } } | undefined)?.ref_name;
  const refs = ref
    ? [
        change(
          "every reference is excluded",
          {
            conditions: {
              ...(ruleset.conditions as object),
              ref_name: { ...ref, exclude: [...ref.exclude, "refs/heads/**/*", "refs/tags/**/*"] },
            },
          },
          has("pull_request") ? { condition: CONDITIONS.approvals } : {},
        ),
        change(
          "another branch than is meant",
          {
            conditions: {
              ...(ruleset.conditions as object),
              ref_name: { ...ref, include: ["refs/heads/elsewhere", "refs/tags/elsewhere"] },
            },
          },
          has("pull_request") ? { condition: CONDITIONS.approvals } : {},
        ),
      ]
    : [];
  return [
    ...without,
    ...reviewed,
    ...checked,
    ...paths,
    ...bypass,
    ...refs,
    change("switched off", { enforcement: "disabled" }),
  ];
}

/** Mutants of the live branch protection, by what GitHub's REST API takes. */
function ofProtection(path: string, live: Protection & Record<string, unknown>, team: string): Mutant[] {
  const enabled = (name: string): boolean => (live[name] as { enabled?: boolean } | undefined)?.enabled === true;
  const names = (actors: Protection["restrictions"]) =>
    actors && {
      users: (actors.users ?? []).map(({ login }) => login),
      teams: (actors.teams ?? []).map(({ slug }) => slug),
      apps: (actors.apps ?? []).map(({ slug }) => slug),
    };
  const reviews = live.required_pull_request_reviews as
    (Protection["required_pull_request_reviews"] & Record<string, unknown>) | undefined;
  const checks = live.required_status_checks as { strict?: boolean; contexts?: string[] } | undefined;
  const restrictions = names(live.restrictions);
  const asked = reviews && {
    required_approving_review_count: reviews.required_approving_review_count,
    require_code_owner_reviews: reviews.require_code_owner_reviews,
    dismiss_stale_reviews: reviews.dismiss_stale_reviews,
    require_last_push_approval: reviews.require_last_push_approval,
    ...(reviews.dismissal_restrictions ? { dismissal_restrictions: names(reviews.dismissal_restrictions) } : {}),
  };
  const whole = {
    enforce_admins: enabled("enforce_admins"),
    required_status_checks: checks ? { strict: checks.strict, contexts: checks.contexts } : null,
    required_pull_request_reviews: asked ?? null,
    restrictions: restrictions ?? null,
    required_linear_history: enabled("required_linear_history"),
    allow_force_pushes: enabled("allow_force_pushes"),
    allow_deletions: enabled("allow_deletions"),
    block_creations: enabled("block_creations"),
    required_conversation_resolution: enabled("required_conversation_resolution"),
  };
  const change = (
    what: string,
    next: Record<string, unknown>,
    concerns: (pair: Pair) => boolean,
    condition?: Condition,
  ): Mutant => ({
    what: `branch protection: ${what}`,
    before: async (fixture) => {
      await fixture.admin.ask("PUT", path, { ...whole, ...next });
    },
    concerns,
    ...(condition ? { condition } : {}),
  });
  const byProtection = of("owners-review");
  const nobody = (): boolean => false;
  return [
    change("everybody with write access may push", { restrictions: null }, of("protection-push")),
    change(
      "the agent's team may push",
      { restrictions: restrictions && { ...restrictions, teams: [...restrictions.teams, team] } },
      of("protection-push"),
    ),
    change("force pushes pass", { allow_force_pushes: true }, of("protection-history")),
    change("deletions pass", { allow_deletions: true }, of("protection-history")),
    change(
      "no code owners",
      { required_pull_request_reviews: asked && { ...asked, require_code_owner_reviews: false } },
      byProtection,
    ),
    change(
      "anybody dismisses",
      { required_pull_request_reviews: asked && { ...asked, dismissal_restrictions: {} } },
      of("protection-dismissal"),
    ),
    change(
      "the agent's team dismisses",
      { required_pull_request_reviews: asked && { ...asked, dismissal_restrictions: { teams: [team] } } },
      of("protection-dismissal"),
    ),
    change(
      "no approvals",
      { required_pull_request_reviews: asked && { ...asked, required_approving_review_count: 0 } },
      nobody,
      CONDITIONS.approvals,
    ),
    change(
      "stale approvals count",
      { required_pull_request_reviews: asked && { ...asked, dismiss_stale_reviews: false } },
      nobody,
      CONDITIONS.stale,
    ),
    change(
      "the last pusher's approval counts",
      { required_pull_request_reviews: asked && { ...asked, require_last_push_approval: false } },
      nobody,
      CONDITIONS.lastPush,
    ),
    change("no reviews at all", { required_pull_request_reviews: null }, byProtection, CONDITIONS.approvals),
    change("conversations stay open", { required_conversation_resolution: false }, nobody, CONDITIONS.threads),
    change("no checks", { required_status_checks: null }, nobody, CONDITIONS.checks),
    change(
      "branches need not be up to date",
      { required_status_checks: checks && { strict: false, contexts: checks.contexts } },
      nobody,
      CONDITIONS.upToDate,
    ),
    {
      what: "branch protection: none",
      before: async (fixture) => {
        await fixture.admin.ask("DELETE", path);
      },
      concerns: of("protection-push", "protection-history", "protection-dismissal"),
    },
  ];
}

/** CODEOWNERS without one of its lines. */
function ofOwners(environment: Environment, repository: Environment["repositories"][number]): Mutant[] {
  return ownerRules(environment, repository).map(({ pattern }) => {
    const file = (): string => (pattern === "*" ? "drill/owned.md" : fileUnder(pattern));
    return {
      what: `CODEOWNERS: no line for ${pattern}`,
      before: async (fixture) => {
        const path = `${fixture.path}/contents/.github/CODEOWNERS`;
        const { content, sha } = await fixture.admin.ask<{ content: string; sha: string }>("GET", path);
        const kept = Buffer.from(content, "base64")
          .toString("utf8")
          .split("\n")
          .filter((line) => line.split(/\s+/)[0] !== pattern);
        await fixture.takeToken("wide"); // or the token would stop a workflow before its owners are asked
        // An owner passes the review where the posture says so, as the deployment does.
        await fixture.admin.ask("PUT", path, {
          message: "drill",
          sha,
          content: Buffer.from(kept.join("\n")).toString("base64"),
          branch: fixture.defaultBranch,
        });
      },
      ...(pattern === "*"
        ? { concerns: (pair: Pair) => pair.lock === "owners-review" && pair.action.id === "approve-review" }
        : {
            concerns: (pair: Pair) => pair.lock === "owners-review" && pair.action.id === "edit-protected-path",
            attempts: [mergeUnowned(file(), file, "rulesets")],
          }),
    };
  });
}

/** Roles, memberships, workflows and settings of the organization. */
function ofAccess(environment: Environment): Mutant[] {
  const team =
    (permission: string, repository?: string): Mutant["before"] =>
    async (fixture) => {
      await fixture.admin.ask(
        "PUT",
        `/orgs/${fixture.organization}/teams/${environment.agent.team}/repos/${fixture.organization}/${repository ?? fixture.repository}`,
        { permission },
      );
    };
  const at =
    (place: Pair["place"], ...locks: string[]) =>
    (pair: Pair): boolean =>
      pair.place === place && locks.includes(pair.lock);
  return [
    { what: "team: admin where it may push", before: team("admin"), concerns: at("write", "role-no-admin") },
    { what: "team: maintain where it may push", before: team("maintain"), concerns: at("write", "role-no-admin") },
    { what: "team: push where it may pull", before: team("push"), concerns: at("read", "role-pull") },
    { what: "team: admin where it may pull", before: team("admin"), concerns: at("read", "role-no-admin") },
    { what: "team: a repository more", before: team("pull", "secrets"), concerns: of("role-none") },
    {
      what: "organization: members read everything",
      before: async (fixture) => {
        await fixture.admin.ask("PATCH", `/orgs/${fixture.organization}`, { default_repository_permission: "read" });
      },
      concerns: of("role-none"),
    },
    {
      what: "membership: owner",
      before: async (fixture) => {
        await fixture.admin.ask("PUT", `/orgs/${fixture.organization}/memberships/${fixture.machineUser}`, {
          role: "admin",
        });
      },
      concerns: of("role-member"),
    },
    ...(["write", "read"] as const).map((level): Mutant => ({
      what: level === "write" ? "workflows: write" : "workflows: may approve",
      concerns: of("workflows-read"),
      before: async (fixture) => {
        await fixture.admin.ask("PUT", `${fixture.path}/actions/permissions/workflow`, {
          default_workflow_permissions: level,
          can_approve_pull_request_reviews: level === "read",
        });
      },
    })),
  ];
}

/** Every mutant of what the stack declares at GitHub, read from where it stands. */
export async function githubMutants(fixture: Fixture): Promise<Mutant[]> {
  const { id } = await fixture.admin.ask<{ id: number }>(
    "GET",
    `/orgs/${fixture.organization}/teams/${fixture.environment.agent.team}`,
  );
  const repository = fixture.environment.repositories.find(({ name }) => name === fixture.repository);
  const protection = await fixture.admin.find<Protection & Record<string, unknown>>(fixture.protectionPath);
  return [
    ...(await fixture.rulesets()).flatMap(({ ruleset, path }) => ofRuleset(ruleset, path, id)),
    ...(protection ? ofProtection(fixture.protectionPath, protection, fixture.environment.agent.team) : []),
    ...(repository ? ofOwners(fixture.environment, repository) : []),
    ...ofAccess(fixture.environment),
  ];
}
