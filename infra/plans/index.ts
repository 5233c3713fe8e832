/** What follows from an environment: rules, texts, policies and settings, as plain data. No Pulumi, no I/O. */
export {
  CODEOWNERS_MAX_BYTES,
  CODEOWNERS_PLACES,
  codeOwnersText,
  keptOwners,
  keptProblems,
  keptTeams,
  namesOwners,
  updateOf,
  ownerRules,
  ownersDiffer,
  planOwners,
  uncountedOwners,
  type FoundOwners,
  type OwnersUpdate,
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
  hasBranchRules,
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
} from "./branchRules";
export { NOTHING_TOLD, lookUpMany, type AskGraphql, type Told, type ToldTeam } from "./lookUpMany";
export { type GraphqlQuery, type ManyFacts, type MoreFields } from "./manyRepositories";
export { fnmatchPatterns, ownerPatterns } from "./protectedPaths";
export {
  permissionReasons,
  tokenPermissions,
  tokenScopes,
  type TokenLevel,
  type TokenPermissions,
} from "./tokenPermissions";
export { EMBEDDED_ROTATION, embedRotation, planRotation, type Permissions, type RotationPlan } from "./rotation";
export {
  SESSION_SECONDS,
  ciClaims,
  mintsUnattended,
  policyHcl,
  vaultPolicies,
  type VaultParty,
  type VaultRule,
} from "./vaultPolicies";
export { agentInstructions, agentSkill, setupScript } from "./agentSetup";
export {
  GATE_KEY_VARIABLE,
  GATE_MCP_SERVER,
  planClaudeAgent,
  readsOnly,
  refusedHost,
  type BudgetPlan,
  type ClaudeAgentPlan,
} from "./claudeAgent";
export { GITHUB_WEBHOOK_PATH, ORGANIZATION_EVENTS, REPOSITORY_EVENTS, eventHooks, githubEventsUrl } from "./webhooks";
export {
  CRON,
  FORWARDER_CRON,
  ROTATOR_CRON,
  SCRIPT_SETTINGS,
  agentHosts,
  exposure,
  forwardedSinks,
  gateUrl,
  migrations,
  retention,
  gateConditions,
  rotatorStorePlan,
  tokenStorePlan,
  vaultNamespace,
  type Exposure,
  type RotatorStorePlan,
  type TokenStorePlan,
} from "./workers";
export { CHECKED_CONTROLS, controls, readableControls, type ControlVerdict } from "./controls";
export { allowedSecret, compilePolicy, type GateFacts } from "./gatePolicy";
