/** The pure model: what an environment declares and what follows from it. No Pulumi, no I/O. */
export {
  ACCESS_LEVELS,
  ADMINISTRATORS,
  ATTACHMENTS,
  CREDENTIAL_KINDS,
  PLANS,
  VISIBILITIES,
  environmentSchema,
  type AccessLevel,
  type CredentialKind,
  type Environment,
  type EnvironmentInput,
  type Plan,
  type Repository,
  type Visibility,
} from "./schema";
export { PostureError, type PostureProblem } from "./errors";
export { parseEnvironment, type ParseContext } from "./parse";
export { instant } from "./goTime";
export { applyOverride, parseStackFile, rawFromConfig, readStackFile } from "./stackfile";
export { endpoints, isEnterpriseServer, isGitHubDotCom, isMisspelledTenant, type Endpoints } from "./endpoints";
export {
  ACTIONS_APP_ID,
  AGENT_BRANCHES,
  AGENT_REF_PREFIX,
  CODEOWNERS_PATH,
  COMPATIBILITY_DATE,
  KV_TOKEN_KEY,
  LEDGER_CLASS,
  names,
  type Names,
  type VaultNames,
} from "./names";
export { namedTeams, owners, people, securityTeam, teamPermission, writable, type TeamPermission } from "./access";
export {
  CODEOWNERS_MAX_BYTES,
  CODEOWNERS_PLACES,
  codeOwnersText,
  keptOwners,
  keptProblems,
  keptTeams,
  namesOwners,
  mannerOf,
  ownerRules,
  ownersDiffer,
  planOwners,
  uncountedOwners,
  type FoundOwners,
  type Manner,
  type OwnLines,
  type OwnerRule,
  type OwnersError,
  type OwnersPlan,
  type OwnersProblem,
} from "./codeowners";
export {
  MAX_RESTRICTED_PATHS,
  MAX_RULESETS,
  branchProtection,
  isFenced,
  organizationRulesets,
  protectedPatterns,
  repositoryRulesets,
  restrictedPaths,
  rulesets,
  type Bypass,
  type OrganizationRulesetPlan,
  type ProtectionPlan,
  type PullRequestRule,
  type RulesetPlan,
  type RulesetRules,
} from "./fence";
export { fnmatchPatterns, ownerPatterns } from "./protectedPaths";
export { offersPushRules, offersRules, usesOrganizationRulesets } from "./plans";
export { permissionReasons, tokenPermissions, tokenScopes, type TokenLevel, type TokenPermissions } from "./tokens";
export { EMBEDDED_ROTATION, embedRotation, planRotation, type Permissions, type RotationPlan } from "./rotation";
export {
  SESSION_SECONDS,
  ciClaims,
  mintsAlone,
  policyHcl,
  vaultPolicies,
  type VaultParty,
  type VaultRule,
} from "./vault";
export { ORGANIZATION_EVENTS } from "./webhooks";
export {
  CRON,
  ROTATOR_CRON,
  SCRIPT_SETTINGS,
  agentHosts,
  exposure,
  gateUrl,
  migrations,
  retention,
  rotatorStorePlan,
  tokenStorePlan,
  vaultNamespace,
  type Exposure,
  type RotatorStorePlan,
  type TokenStorePlan,
} from "./worker";
export { KEEPERS, LOCKS, keepers, lock, type Keeper, type Lock, type LockContext, type LockId } from "./locks";
export { CATALOGUE, action, oneLockIsEnough, type Action, type Place, type Standing } from "./catalogue";
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
export { CONTROLS, controls, readableControls, type Control, type ControlVerdict } from "./controls";
