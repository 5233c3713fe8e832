/**
 * What an environment is: its schema, names and addresses, the actions of the catalogue and the locks that stop them.
 * No Pulumi, no I/O.
 */
export {
  ACCESS_LEVELS,
  ADMINISTRATORS,
  ATTACHMENTS,
  CREDENTIAL_KINDS,
  PERMISSION_POLICIES,
  PLANS,
  VISIBILITIES,
  environmentSchema,
  type AccessLevel,
  type AgentEnvironment,
  type CredentialKind,
  type Environment,
  type EnvironmentInput,
  type PermissionPolicy,
  type Plan,
  type Repository,
  type Visibility,
  ACTIONS_APP_ID,
} from "./schema";
export { ExpectedError, PostureError, type PostureProblem } from "./errors";
export { instant } from "./goTime";
export { endpoints, isEnterpriseServer, isGitHubDotCom, isMisspelledTenant, type Endpoints } from "./endpoints";
export {
  AGENT_BRANCHES,
  AGENT_REF_PREFIX,
  CODEOWNERS_PATH,
  KV_TOKEN_KEY,
  names,
  type Names,
  type VaultNames,
} from "./names";
export { namedTeams, owners, people, securityTeam, teamPermission, writable, type TeamPermission } from "./access";
export { offersPushRules, offersRules, usesOrganizationRulesets } from "./features";
export { ENFORCERS, LOCKS, enforcers, lock, type Enforcer, type Lock, type LockContext, type LockId } from "./locks";
export { CATALOGUE, action, oneLockIsEnough, type Action, type Place, type Effect } from "./catalogue";
export {
  LOCKS_NEEDED,
  accessMatrix,
  accessOf,
  lockProblems,
  missingLocks,
  readableMatrix,
  verdict,
  type AccessMatrix,
  type Verdict,
} from "./matrix";
export {
  CONTROL_MAPPING,
  control,
  type Control,
  type ControlId,
  type Evidence,
  type Framework,
  type Topic,
} from "./controls";
export { ACTORS, ATTACK_CLASSES, type Actor, type AttackClass } from "./attackClasses";
