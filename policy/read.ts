import { readEmbedded } from "../gate/policy/embed";
import { asText as text } from "../infra/config/json";
import { parseUrn } from "../infra/config/urn";
import { UNKNOWN, type DeclaredResource } from "./rule";

/** Reading of inputs whose shape nobody guarantees: a value of another kind reads as empty. */
export { asText as text, asList as list, asRecord as object } from "../infra/config/json";

export const known = (value: unknown): boolean => value !== UNKNOWN;

/** Every text below a value, with the path of keys that leads to it. */
export function* textsIn(value: unknown, path = ""): Generator<{ readonly path: string; readonly text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value))
    for (const [index, inner] of value.entries()) yield* textsIn(inner, `${path}[${index}]`);
  else if (value !== null && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) yield* textsIn(inner, path === "" ? key : `${path}.${key}`);
}

/** Whether a resource stands below a component of this type: a URN carries the types of all its parents. */
const isBelow = ({ urn }: DeclaredResource, component: string): boolean =>
  parseUrn(urn).qualifiedType.split("$").slice(0, -1).includes(component);

/** The constant of that name in front of a Worker's module; undefined when the content is not known or has none. */
export const embedded = (content: unknown, name: string): Readonly<Record<string, unknown>> | undefined =>
  typeof content === "string" ? readEmbedded(content, name) : undefined;

/** The agent as the stack's own resources know it. */
export interface Agent {
  /** Logins of machine users, in lower case. */
  readonly logins: ReadonlySet<string>;
  /** Ids of the teams that they belong to. */
  readonly teamIds: ReadonlySet<string>;
  /** Slugs of those teams, in lower case. */
  readonly teams: ReadonlySet<string>;
  /** Names of the repositories that these teams may write to. */
  readonly writable: ReadonlySet<string>;
}

const MACHINE_USER = "gatehouse:github:MachineUser";
/** Roles of a repository that let their holder write. */
const WRITING = new Set(["push", "maintain", "admin"]);

export function agentOf(resources: readonly DeclaredResource[]): Agent {
  const own = resources.filter((resource) => isBelow(resource, MACHINE_USER));
  const memberships = own.filter(({ type }) => type === TEAM_MEMBERSHIP);
  const teamIds = new Set(memberships.map(({ inputs }) => text(inputs.teamId)).filter((id) => id !== ""));
  return {
    logins: new Set(
      own
        .filter(({ type }) => type === MEMBERSHIP || type === TEAM_MEMBERSHIP)
        .map(({ inputs }) => text(inputs.username).toLowerCase()),
    ),
    teamIds,
    teams: new Set(own.filter(({ type }) => type === TEAM).map(({ inputs }) => slug(text(inputs.name)))),
    writable: new Set(
      resources
        .filter((resource) => isTeamGrant(resource, teamIds) && WRITING.has(text(resource.inputs.permission)))
        .map(({ inputs }) => text(inputs.repository)),
    ),
  };
}

/** Whether a resource lets one of these teams, the agent's, into a repository. Until a team exists, it has no id. */
const isTeamGrant = (resource: DeclaredResource, teamIds: ReadonlySet<string>): boolean =>
  resource.type === TEAM_REPOSITORY &&
  (isBelow(resource, REPOSITORY_ACCESS) || teamIds.has(text(resource.inputs.teamId)));

/** Whether a resource lets the agent into a repository: by a team of its, or by its own login. */
export const isGrant = (resource: DeclaredResource, { teamIds, logins }: Agent): boolean =>
  isTeamGrant(resource, teamIds) ||
  (resource.type === COLLABORATOR && logins.has(text(resource.inputs.username).toLowerCase()));

/** A team's slug, as GitHub makes it of a plain name. */
const slug = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");

const REPOSITORY_ACCESS = "gatehouse:github:RepositoryAccess";
export const MEMBERSHIP = "github:index/membership:Membership";
export const TEAM = "github:index/team:Team";
export const TEAM_MEMBERSHIP = "github:index/teamMembership:TeamMembership";
export const TEAM_REPOSITORY = "github:index/teamRepository:TeamRepository";
export const COLLABORATOR = "github:index/repositoryCollaborator:RepositoryCollaborator";
export const REPOSITORY_RULESET = "github:index/repositoryRuleset:RepositoryRuleset";
export const ORGANIZATION_RULESET = "github:index/organizationRuleset:OrganizationRuleset";
export const BRANCH_PROTECTION = "github:index/branchProtection:BranchProtection";
export const REPOSITORY_FILE = "github:index/repositoryFile:RepositoryFile";
export const WORKFLOW_PERMISSIONS = "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions";
export const ORGANIZATION_WEBHOOK = "github:index/organizationWebhook:OrganizationWebhook";
export const REPOSITORY_WEBHOOK = "github:index/repositoryWebhook:RepositoryWebhook";
export const WORKER = "cloudflare:index/workersScript:WorkersScript";
export const WORKER_SUBDOMAIN = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain";
export const WORKER_CRON = "cloudflare:index/workersCronTrigger:WorkersCronTrigger";
export const BUCKET = "cloudflare:index/r2Bucket:R2Bucket";
export const BUCKET_LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
export const BUCKET_LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
export const VAULT_POLICY = "vault:index/policy:Policy";
export const VAULT_KV = "vault:kv/secretBackendV2:SecretBackendV2";
export const VAULT_APPROLE = "vault:appRole/authBackendRole:AuthBackendRole";
export const VAULT_JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole";
export const CLAUDE_AGENT = "claude:index:Agent";
export const CLAUDE_CREDENTIAL = "claude:index:VaultCredential";
export const CLAUDE_ENVIRONMENT = "claude:index:Environment";
