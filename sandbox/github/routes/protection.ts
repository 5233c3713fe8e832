import { noContent, ok, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { nodeId } from "../ids";
import { gitOf } from "../domain/refs";
import { presentApp, presentTeam, presentUser } from "../present/accounts";
import { demandRules } from "../rules/plans";
import { newProtection } from "../rules/protection";
import type { BranchProtection, ProtectionActor } from "../state";

const READ = { role: "admin" as const, permission: "administration=read" };
const WRITE = { role: "admin" as const, permission: "administration=write" };
const BASE = "/repos/{owner}/{repo}/branches/{branch}/protection";

/** Branch protection as the REST API has it: for one branch by its exact name. Patterns are GraphQL's. */
export function protectionRoutes(router: Router): void {
  router.on("GET", BASE, READ, (c) => ok(present(c, find(c))));
  router.on("PUT", BASE, WRITE, async (c) => {
    demandRules(c.world, c.repo);
    const branch = c.param("branch");
    if (!(await gitOf(c.repo).ref(`refs/heads/${branch}`))) throw new HttpError(404, "Branch not found");
    for (const key of ["required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions"])
      if (!c.sent(key)) throw new HttpError(422, `Invalid request.\n\n"${key}" wasn't supplied.`);
    const before = [...c.repo.protections.values()].find((p) => p.pattern === branch);
    const id = before?.id ?? c.world.ids.next();
    const p = newProtection(
      id,
      before?.nodeId ?? nodeId("protectionRule", id),
      c.repo,
      branch,
      before?.creatorId ?? c.auth.user?.id ?? null,
    );
    p.requiresCommitSignatures = before?.requiresCommitSignatures ?? false;
    p.isAdminEnforced = c.bool("enforce_admins") ?? false;
    const checks = c.body["required_status_checks"] as {
      strict?: boolean;
      contexts?: string[];
      checks?: { context: string; app_id?: number }[];
    } | null;
    if (checks) setChecks(p, checks);
    const reviews = c.body["required_pull_request_reviews"] as Record<string, unknown> | null;
    if (reviews) setReviews(c, p, reviews);
    const restrictions = c.body["restrictions"] as { users?: string[]; teams?: string[]; apps?: string[] } | null;
    if (restrictions) Object.assign(p, { restrictsPushes: true, pushActors: actors(c, restrictions) });
    p.requiresLinearHistory = c.bool("required_linear_history") ?? false;
    p.allowsForcePushes = c.bool("allow_force_pushes") ?? false;
    p.allowsDeletions = c.bool("allow_deletions") ?? false;
    p.blocksCreations = c.bool("block_creations") ?? false;
    p.requiresConversationResolution = c.bool("required_conversation_resolution") ?? false;
    p.lockBranch = c.bool("lock_branch") ?? false;
    p.lockAllowsFetchAndMerge = c.bool("allow_fork_syncing") ?? false;
    c.repo.protections.set(id, p);
    tell(c, before ? "edited" : "created", p);
    return ok(present(c, p));
  });
  router.on("DELETE", BASE, WRITE, (c) => {
    const p = find(c);
    c.repo.protections.delete(p.id);
    tell(c, "deleted", p);
    return noContent();
  });

  router.on("GET", `${BASE}/enforce_admins`, READ, (c) => ok(flag(c, "enforce_admins", find(c).isAdminEnforced)));
  router.on("POST", `${BASE}/enforce_admins`, WRITE, (c) => {
    const p = find(c);
    p.isAdminEnforced = true;
    return ok(flag(c, "enforce_admins", true));
  });
  router.on("DELETE", `${BASE}/enforce_admins`, WRITE, (c) => {
    const p = find(c);
    p.isAdminEnforced = false;
    tell(c, "edited", p);
    return noContent();
  });
  router.on("GET", `${BASE}/required_signatures`, READ, (c) =>
    ok(flag(c, "required_signatures", find(c).requiresCommitSignatures)),
  );
  router.on("POST", `${BASE}/required_signatures`, WRITE, (c) => {
    find(c).requiresCommitSignatures = true;
    return ok(flag(c, "required_signatures", true));
  });
  router.on("DELETE", `${BASE}/required_signatures`, WRITE, (c) => {
    find(c).requiresCommitSignatures = false;
    return noContent();
  });
  router.on("GET", `${BASE}/required_pull_request_reviews`, READ, (c) => {
    const p = find(c);
    if (!p.requiresApprovingReviews) throw notFound();
    return ok(reviewsOf(c, p));
  });
  router.on("PATCH", `${BASE}/required_pull_request_reviews`, WRITE, (c) => {
    const p = find(c);
    setReviews(c, p, { ...reviewsInput(p), ...c.body });
    return ok(reviewsOf(c, p));
  });
  router.on("DELETE", `${BASE}/required_pull_request_reviews`, WRITE, (c) => {
    const p = find(c);
    if (!p.requiresApprovingReviews) throw notFound();
    p.requiresApprovingReviews = false;
    tell(c, "edited", p);
    return noContent();
  });
  router.on("GET", `${BASE}/required_status_checks`, READ, (c) => {
    const p = find(c);
    if (!p.requiresStatusChecks) throw new HttpError(404, "Required status checks not enabled");
    return ok(checksOf(c, p));
  });
  router.on("PATCH", `${BASE}/required_status_checks`, WRITE, (c) => {
    const p = find(c);
    setChecks(p, c.body as { strict?: boolean });
    return ok(checksOf(c, p));
  });
  router.on("DELETE", `${BASE}/required_status_checks`, WRITE, (c) => {
    const p = find(c);
    p.requiresStatusChecks = false;
    tell(c, "edited", p);
    return noContent();
  });
  router.on("GET", `${BASE}/restrictions`, READ, (c) => {
    const p = find(c);
    if (!p.restrictsPushes) throw new HttpError(404, "Push restrictions not enabled");
    return ok(restrictionsOf(c, p));
  });
  router.on("DELETE", `${BASE}/restrictions`, WRITE, (c) => {
    const p = find(c);
    Object.assign(p, { restrictsPushes: false, pushActors: [] });
    tell(c, "edited", p);
    return noContent();
  });
}

function tell(c: Context, action: string, p: BranchProtection): void {
  c.world.webhooks.emit("branch_protection_rule", action, {
    repo: c.repo,
    senderId: c.auth.user?.id ?? null,
    payload: { rule: { id: p.id, repository_id: c.repo.id, name: p.pattern } },
  });
}

function find(c: Context): BranchProtection {
  demandRules(c.world, c.repo);
  const p = [...c.repo.protections.values()].find((x) => x.pattern === c.param("branch"));
  if (!p) throw new HttpError(404, "Branch not protected");
  return p;
}
const urlOf = (c: Context): string =>
  `${c.world.api}/repos/${c.world.fullName(c.repo)}/branches/${encodeURIComponent(c.param("branch"))}/protection`;
const flag = (c: Context, name: string, enabled: boolean) => ({ url: `${urlOf(c)}/${name}`, enabled });

function setChecks(
  p: BranchProtection,
  input: { strict?: boolean; contexts?: string[]; checks?: { context: string; app_id?: number | null }[] },
): void {
  p.requiresStatusChecks = true;
  p.requiresStrictStatusChecks = input.strict ?? p.requiresStrictStatusChecks;
  if (input.checks)
    p.requiredStatusChecks = input.checks.map((k) => ({
      context: k.context,
      integrationId: k.app_id === undefined || k.app_id === null || k.app_id === -1 ? null : k.app_id,
    }));
  else if (input.contexts) p.requiredStatusChecks = input.contexts.map((context) => ({ context, integrationId: null }));
}

function setReviews(c: Context, p: BranchProtection, input: Record<string, unknown>): void {
  p.requiresApprovingReviews = true;
  p.requiredApprovingReviewCount =
    typeof input["required_approving_review_count"] === "number" ? input["required_approving_review_count"] : 1;
  p.dismissesStaleReviews = input["dismiss_stale_reviews"] === true;
  p.requiresCodeOwnerReviews = input["require_code_owner_reviews"] === true;
  p.requireLastPushApproval = input["require_last_push_approval"] === true;
  const dismissal = input["dismissal_restrictions"] as
    { users?: string[]; teams?: string[]; apps?: string[] } | undefined;
  if (dismissal)
    Object.assign(p, {
      restrictsReviewDismissals: Object.keys(dismissal).length > 0,
      reviewDismissalActors: actors(c, dismissal),
    });
  const bypass = input["bypass_pull_request_allowances"] as
    { users?: string[]; teams?: string[]; apps?: string[] } | undefined;
  if (bypass) p.bypassPullRequestActors = actors(c, bypass);
}
const reviewsInput = (p: BranchProtection) => ({
  required_approving_review_count: p.requiredApprovingReviewCount,
  dismiss_stale_reviews: p.dismissesStaleReviews,
  require_code_owner_reviews: p.requiresCodeOwnerReviews,
  require_last_push_approval: p.requireLastPushApproval,
});

function actors(c: Context, input: { users?: string[]; teams?: string[]; apps?: string[] }): ProtectionActor[] {
  const org = c.world.orgOf(c.repo);
  const users = (input.users ?? []).map((l) => c.world.userByLogin(l)?.id).map((id) => ({ kind: "User" as const, id }));
  const teams = (input.teams ?? [])
    .map((s) => (org ? c.world.teamBySlug(org.id, s)?.id : undefined))
    .map((id) => ({ kind: "Team" as const, id }));
  const apps = (input.apps ?? [])
    .map((s) => [...c.world.apps.values()].find((a) => a.slug === s)?.id)
    .map((id) => ({ kind: "App" as const, id }));
  return [...users, ...teams, ...apps].filter((a): a is ProtectionActor => a.id !== undefined);
}
function presentActors(c: Context, list: readonly ProtectionActor[]) {
  return {
    users: list.filter((a) => a.kind === "User").map((a) => presentUser(c.world, c.world.user(a.id))),
    teams: list
      .filter((a) => a.kind === "Team")
      .map((a) => c.world.teams.get(a.id))
      .filter((t) => t !== undefined)
      .map((t) => presentTeam(c.world, t)),
    apps: list
      .filter((a) => a.kind === "App")
      .map((a) => c.world.apps.get(a.id))
      .filter((a) => a !== undefined)
      .map((a) => presentApp(c.world, a)),
  };
}

const reviewsOf = (c: Context, p: BranchProtection) => {
  const url = `${urlOf(c)}/required_pull_request_reviews`;
  const dismissal = `${urlOf(c)}/dismissal_restrictions`;
  return {
    url,
    ...reviewsInput(p),
    ...(p.restrictsReviewDismissals
      ? {
          dismissal_restrictions: {
            url: dismissal,
            users_url: `${dismissal}/users`,
            teams_url: `${dismissal}/teams`,
            ...presentActors(c, p.reviewDismissalActors),
          },
        }
      : {}),
    ...(p.bypassPullRequestActors.length > 0
      ? { bypass_pull_request_allowances: presentActors(c, p.bypassPullRequestActors) }
      : {}),
  };
};
const checksOf = (c: Context, p: BranchProtection) => ({
  url: `${urlOf(c)}/required_status_checks`,
  strict: p.requiresStrictStatusChecks,
  contexts: p.requiredStatusChecks.map((k) => k.context),
  contexts_url: `${urlOf(c)}/required_status_checks/contexts`,
  checks: p.requiredStatusChecks.map((k) => ({ context: k.context, app_id: k.integrationId })),
});
const restrictionsOf = (c: Context, p: BranchProtection) => {
  const url = `${urlOf(c)}/restrictions`;
  return {
    url,
    users_url: `${url}/users`,
    teams_url: `${url}/teams`,
    apps_url: `${url}/apps`,
    ...presentActors(c, p.pushActors),
  };
};

function present(c: Context, p: BranchProtection) {
  return {
    url: urlOf(c),
    ...(p.requiresStatusChecks ? { required_status_checks: checksOf(c, p) } : {}),
    ...(p.restrictsPushes ? { restrictions: restrictionsOf(c, p) } : {}),
    ...(p.requiresApprovingReviews ? { required_pull_request_reviews: reviewsOf(c, p) } : {}),
    required_signatures: flag(c, "required_signatures", p.requiresCommitSignatures),
    enforce_admins: flag(c, "enforce_admins", p.isAdminEnforced),
    required_linear_history: { enabled: p.requiresLinearHistory },
    allow_force_pushes: { enabled: p.allowsForcePushes },
    allow_deletions: { enabled: p.allowsDeletions },
    block_creations: { enabled: p.blocksCreations },
    required_conversation_resolution: { enabled: p.requiresConversationResolution },
    lock_branch: { enabled: p.lockBranch },
    allow_fork_syncing: { enabled: p.lockAllowsFetchAndMerge },
  };
}

/** The short form that a branch shows. */
export function branchProtectionSummary(p: BranchProtection | undefined) {
  const checks = p?.requiresStatusChecks ? p.requiredStatusChecks : [];
  return {
    enabled: p !== undefined,
    required_status_checks: {
      enforcement_level: !p?.requiresStatusChecks ? "off" : p.isAdminEnforced ? "everyone" : "non_admins",
      contexts: checks.map((k) => k.context),
      checks: checks.map((k) => ({ context: k.context, app_id: k.integrationId })),
    },
  };
}
