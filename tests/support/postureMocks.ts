import { createHash } from "node:crypto";
import type { Mocks } from "./pulumi";

/** Another password for each resource, the same in every run. */
export const passwordOf = (name: string): string => `raw-password-of-${name}`;
/** The 32 bytes that the stack makes of such a password, in base64. */
export const secretOf = (name: string): string => createHash("sha256").update(passwordOf(name)).digest("base64");
export const PASSWORD = passwordOf("gatehouse-user-password");
export const SECRET_ID = "raw-secret-id-of-the-test";

/**
 * Strict mocks of every resource type and look-up that a posture may use; organization acme, all repositories private
 * and without code owners.
 */
export const postureMocks: Mocks = {
  types: {
    ...Object.fromEntries(
      [
        "github:index/membership:Membership",
        "github:index/teamMembership:TeamMembership",
        "github:index/teamRepository:TeamRepository",
        "github:index/repositoryFile:RepositoryFile",
        "github:index/branch:Branch",
        "github:index/branchProtection:BranchProtection",
        "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
        "github:index/organizationWebhook:OrganizationWebhook",
        "github:index/repositoryWebhook:RepositoryWebhook",
        "vault:index/mount:Mount",
        "vault:kv/secretBackendV2:SecretBackendV2",
        "vault:kv/secretV2:SecretV2",
        "vault:index/policy:Policy",
        "vault:index/authBackend:AuthBackend",
        "vault:index/quotaRateLimit:QuotaRateLimit",
        "vault:jwt/authBackend:AuthBackend",
        "vault:jwt/authBackendRole:AuthBackendRole",
        "cloudflare:index/workersScript:WorkersScript",
        "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain",
        "cloudflare:index/workersCronTrigger:WorkersCronTrigger",
        "cloudflare:index/workersCustomDomain:WorkersCustomDomain",
        "cloudflare:index/r2Bucket:R2Bucket",
        "cloudflare:index/r2BucketLock:R2BucketLock",
        "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle",
        "cloudflare:index/logpushJob:LogpushJob",
      ].map((type) => [type, () => ({})]),
    ),
    "claude:index:Environment": () => ({ id: "env_1" }),
    "claude:index:Vault": () => ({ id: "vlt_1" }),
    "claude:index:VaultCredential": () => ({ id: "vlt_1/vcrd_1", credentialId: "vcrd_1" }),
    "claude:index:Agent": () => ({ id: "agent_1", version: 3 }),
    "github:index/team:Team": () => ({ id: "77", slug: "agents" }),
    "github:index/repositoryRuleset:RepositoryRuleset": () => ({ rulesetId: 9 }),
    "github:index/organizationRuleset:OrganizationRuleset": () => ({ rulesetId: 10 }),
    "github:index/repositoryPullRequest:RepositoryPullRequest": () => ({ number: 3 }),
    "vault:appRole/authBackendRole:AuthBackendRole": () => ({ roleId: "role-id" }),
    "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": () => ({ secretId: SECRET_ID }),
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace": () => ({ id: "kv-id" }),
    "random:index/randomPassword:RandomPassword": (_, name) => ({ id: "none", result: passwordOf(name) }),
  },
  calls: {
    "github:index/getRepository:getRepository": ({ name }) => ({
      name,
      fullName: `acme/${String(name)}`,
      nodeId: `R_${String(name)}`,
      repoId: 100 + String(name).length,
      archived: false,
      defaultBranch: "main",
      visibility: "private",
    }),
    "github:index/getTeam:getTeam": ({ slug }) => ({ id: String(500 + String(slug).length), slug, privacy: "closed" }),
    "github:index/getRepositoryTeams:getRepositoryTeams": ({ name }) => ({
      name,
      teams: ["agent-reviewers", "backend", "frontend", "mobile", "security"].map((slug) => ({
        name: slug,
        slug,
        permission: "push",
      })),
    }),
    "github:index/getRestApi:getRestApi": ({ endpoint }) => ({
      endpoint,
      code: 404,
      status: "404 Not Found",
      headers: "{}",
      body: "",
    }),
    "cloudflare:index/getWorkersScripts:getWorkersScripts": () => ({ results: [] }),
  },
};
