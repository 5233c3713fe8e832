import { randomBytes } from "node:crypto";
import { noContent, ok, page, type Context, type Reply } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import { nodeId } from "../ids";
import { presentTeam, presentUser } from "../present/accounts";
import { presentMinimalRepository } from "../present/repositories";
import type { Environment, Secret, Variable } from "../state";

const NAME = /^(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Environments, and the secrets and variables of repositories, environments and organizations. A secret's value never
 * comes out.
 */
export function settingRoutes(router: Router): void {
  environments(router);
  const repo =
    (name: string) =>
    (level: string): Need => ({ role: level === "read" ? "write" : "write", permission: `${name}=${level}` });
  const org =
    (name: string) =>
    (level: string): Need => ({ org: "admin", permission: `${name}=${level}` });
  secrets(router, "/repos/{owner}/{repo}/actions/secrets", repo("secrets"), (c) => c.repo.secrets);
  secrets(
    router,
    "/repos/{owner}/{repo}/dependabot/secrets",
    repo("dependabot_secrets"),
    (c) => c.repo.dependabotSecrets,
  );
  secrets(
    router,
    "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
    repo("environments"),
    (c) => environmentOf(c).secrets,
  );
  secrets(router, "/orgs/{org}/actions/secrets", org("organization_secrets"), (c) => c.org.secrets);
  variables(router, "/repos/{owner}/{repo}/actions/variables", repo("variables"), (c) => c.repo.variables);
  variables(
    router,
    "/repos/{owner}/{repo}/environments/{environment_name}/variables",
    repo("environments"),
    (c) => environmentOf(c).variables,
  );
  variables(router, "/orgs/{org}/actions/variables", org("organization_variables"), (c) => c.org.variables);
}

// What clients encrypt with; nothing here ever opens it, so there is no private half.
const PUBLIC_KEY = randomBytes(32).toString("base64");

function secrets(
  router: Router,
  base: string,
  need: (level: string) => Need,
  of: (c: Context) => Map<string, Secret>,
): void {
  const show = (c: Context, s: Secret) => ({
    name: s.name,
    created_at: s.createdAt,
    updated_at: s.updatedAt,
    ...(s.visibility
      ? {
          visibility: s.visibility,
          ...(s.visibility === "selected" ? { selected_repositories_url: `${c.world.api}${c.path}/repositories` } : {}),
        }
      : {}),
  });
  const name = (c: Context): string => c.param("secret_name").toUpperCase();
  router.on("GET", base, need("read"), (c) =>
    page(
      c,
      [...of(c).values()],
      (s) => show(c, s),
      (list, total_count) => ({ total_count, secrets: list }),
    ),
  );
  router.on("GET", `${base}/public-key`, need("read"), () => ok({ key_id: "568250167242549743", key: PUBLIC_KEY }));
  router.on("GET", `${base}/{secret_name}`, need("read"), (c) => {
    const s = of(c).get(name(c));
    if (!s) throw notFound();
    return ok(show(c, s));
  });
  router.on("PUT", `${base}/{secret_name}`, need("write"), (c): Reply => {
    if (!NAME.test(name(c)))
      throw new HttpError(
        422,
        "Secret names can only contain alphanumeric characters or underscores (_), and must start with a letter or an underscore.",
      );
    const before = of(c).get(name(c));
    const now = c.world.clock.iso();
    const inOrg = base.startsWith("/orgs/");
    of(c).set(name(c), {
      name: name(c),
      encryptedValue: c.string("encrypted_value") ?? "",
      keyId: c.string("key_id") ?? "",
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
      ...(inOrg
        ? {
            visibility: c.oneOf("visibility", ["all", "private", "selected"] as const) ?? "private",
            selectedRepositoryIds: (c.body["selected_repository_ids"] as number[] | undefined) ?? [],
          }
        : {}),
    });
    return before ? noContent() : { status: 201, body: {} };
  });
  router.on("DELETE", `${base}/{secret_name}`, need("write"), (c) => {
    if (!of(c).delete(name(c))) throw notFound();
    return noContent();
  });
  if (base.startsWith("/orgs/"))
    router.on("GET", `${base}/{secret_name}/repositories`, need("read"), (c) => {
      const s = of(c).get(name(c));
      if (!s) throw notFound();
      return page(
        c,
        (s.selectedRepositoryIds ?? []).map((id) => c.world.repos.get(id)).filter((r) => r !== undefined),
        (r) => presentMinimalRepository(c.world, r),
        (repositories, total_count) => ({ total_count, repositories }),
      );
    });
}

function variables(
  router: Router,
  base: string,
  need: (level: string) => Need,
  of: (c: Context) => Map<string, Variable>,
): void {
  const show = (c: Context, v: Variable) => ({
    name: v.name,
    value: v.value,
    created_at: v.createdAt,
    updated_at: v.updatedAt,
    ...(v.visibility ? { visibility: v.visibility } : {}),
  });
  const find = (c: Context): Variable => {
    const v = of(c).get(c.param("name").toUpperCase());
    if (!v) throw notFound();
    return v;
  };
  router.on("GET", base, need("read"), (c) =>
    page(
      c,
      [...of(c).values()],
      (v) => show(c, v),
      (list, total_count) => ({ total_count, variables: list }),
    ),
  );
  router.on("POST", base, need("write"), (c) => {
    const key = c.string("name", true).toUpperCase();
    if (!NAME.test(key)) throw invalid("Variable", "name", "invalid");
    if (of(c).has(key)) throw new HttpError(409, "Already exists - Variable already exists");
    const now = c.world.clock.iso();
    of(c).set(key, {
      name: key,
      value: c.string("value", true),
      createdAt: now,
      updatedAt: now,
      ...(base.startsWith("/orgs/")
        ? { visibility: c.oneOf("visibility", ["all", "private", "selected"] as const) ?? "private" }
        : {}),
    });
    return { status: 201, body: {} };
  });
  router.on("GET", `${base}/{name}`, need("read"), (c) => ok(show(c, find(c))));
  router.on("PATCH", `${base}/{name}`, need("write"), (c) => {
    const v = find(c);
    Object.assign(v, { value: c.string("value") ?? v.value, updatedAt: c.world.clock.iso() });
    return noContent();
  });
  router.on("DELETE", `${base}/{name}`, need("write"), (c) => {
    of(c).delete(find(c).name);
    return noContent();
  });
}

const environmentOf = (c: Context): Environment => {
  const e = c.repo.environments.get(c.param("environment_name").toLowerCase());
  if (!e) throw notFound();
  return e;
};

function environments(router: Router): void {
  const BASE = "/repos/{owner}/{repo}/environments";
  const R: Need = { permission: "actions=read;environments=read" };
  const W: Need = { role: "admin", permission: "administration=write" };
  router.on("GET", BASE, R, (c) =>
    page(
      c,
      [...c.repo.environments.values()],
      (e) => show(c, e),
      (list, total_count) => ({ total_count, environments: list }),
    ),
  );
  router.on("GET", `${BASE}/{environment_name}`, R, (c) => ok(show(c, environmentOf(c))));
  router.on("PUT", `${BASE}/{environment_name}`, W, (c) => {
    const name = c.param("environment_name");
    const before = c.repo.environments.get(name.toLowerCase());
    const id = before?.id ?? c.world.ids.next();
    const now = c.world.clock.iso();
    const policy = c.body["deployment_branch_policy"] as Environment["deploymentBranchPolicy"] | undefined;
    if (policy && policy.protected_branches === policy.custom_branch_policies)
      throw new HttpError(422, "Validation Failed", {
        errors: ["protected_branches and custom_branch_policies cannot have the same value"],
      });
    const made: Environment = {
      id,
      nodeId: before?.nodeId ?? nodeId("environment", c.repo.id, id),
      name: before?.name ?? name,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
      waitTimer: c.number("wait_timer") ?? 0,
      preventSelfReview: c.bool("prevent_self_review") ?? false,
      canAdminsBypass: c.bool("can_admins_bypass") ?? before?.canAdminsBypass ?? true,
      reviewers: (c.body["reviewers"] as Environment["reviewers"] | null | undefined) ?? [],
      deploymentBranchPolicy: policy ?? null,
      branchPolicies: before?.branchPolicies ?? [],
      secrets: before?.secrets ?? new Map(),
      variables: before?.variables ?? new Map(),
    };
    c.repo.environments.set(name.toLowerCase(), made);
    return ok(show(c, made));
  });
  router.on("DELETE", `${BASE}/{environment_name}`, W, (c) => {
    environmentOf(c);
    c.repo.environments.delete(c.param("environment_name").toLowerCase());
    return noContent();
  });
  const POLICIES = `${BASE}/{environment_name}/deployment-branch-policies`;
  router.on("GET", POLICIES, R, (c) =>
    page(c, environmentOf(c).branchPolicies, policy, (branch_policies, total_count) => ({
      total_count,
      branch_policies,
    })),
  );
  router.on("POST", POLICIES, W, (c) => {
    const e = environmentOf(c);
    if (!e.deploymentBranchPolicy?.custom_branch_policies) throw notFound();
    const id = c.world.ids.next();
    const made = {
      id,
      nodeId: nodeId("branchPolicy", id),
      name: c.string("name", true),
      type: c.oneOf("type", ["branch", "tag"] as const) ?? "branch",
    };
    e.branchPolicies.push(made);
    return ok(policy(made));
  });
  router.on("GET", `${POLICIES}/{branch_policy_id}`, R, (c) => {
    const p = environmentOf(c).branchPolicies.find((x) => x.id === c.id("branch_policy_id"));
    if (!p) throw notFound();
    return ok(policy(p));
  });
  router.on("PUT", `${POLICIES}/{branch_policy_id}`, W, (c) => {
    const p = environmentOf(c).branchPolicies.find((x) => x.id === c.id("branch_policy_id"));
    if (!p) throw notFound();
    p.name = c.string("name", true);
    return ok(policy(p));
  });
  router.on("DELETE", `${POLICIES}/{branch_policy_id}`, W, (c) => {
    const list = environmentOf(c).branchPolicies;
    const at = list.findIndex((x) => x.id === c.id("branch_policy_id"));
    if (at < 0) throw notFound();
    list.splice(at, 1);
    return noContent();
  });
}

const policy = (p: Environment["branchPolicies"][number]) => ({
  id: p.id,
  node_id: p.nodeId,
  name: p.name,
  type: p.type,
});

function show(c: Context, e: Environment) {
  const rule = (offset: number) => ({ id: e.id * 10 + offset, node_id: nodeId("environment", e.id, offset) });
  const reviewers = e.reviewers.map((r) => ({
    type: r.type,
    reviewer:
      r.type === "User"
        ? c.world.users.has(r.id)
          ? presentUser(c.world, c.world.user(r.id))
          : undefined
        : c.world.teams.has(r.id)
          ? presentTeam(c.world, c.world.teams.get(r.id)!)
          : undefined,
  }));
  return {
    id: e.id,
    node_id: e.nodeId,
    name: e.name,
    url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/environments/${encodeURIComponent(e.name)}`,
    html_url: `${c.world.origin}/${c.world.fullName(c.repo)}/deployments/activity_log?environments_filter=${encodeURIComponent(e.name)}`,
    created_at: e.createdAt,
    updated_at: e.updatedAt,
    can_admins_bypass: e.canAdminsBypass,
    protection_rules: [
      ...(e.waitTimer > 0 ? [{ ...rule(1), type: "wait_timer", wait_timer: e.waitTimer }] : []),
      ...(e.reviewers.length > 0
        ? [{ ...rule(2), type: "required_reviewers", prevent_self_review: e.preventSelfReview, reviewers }]
        : []),
      ...(e.deploymentBranchPolicy ? [{ ...rule(3), type: "branch_policy" }] : []),
    ],
    deployment_branch_policy: e.deploymentBranchPolicy,
  };
}
