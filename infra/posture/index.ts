/** The pure model: what an environment declares and what follows from it. No Pulumi, no I/O. */
export {
  ACCESS_LEVELS, ADMINISTRATORS, ATTACHMENTS, CREDENTIAL_KINDS, PLANS, environmentSchema,
  type AccessLevel, type CredentialKind, type Environment, type EnvironmentInput, type Plan, type Repository,
} from "./schema";
export { PostureError, type PostureProblem } from "./errors";
export { parseEnvironment, type ParseContext } from "./parse";
export { applyOverride, parseStackFile, readStackFile } from "./stackfile";
export { endpoints, isGitHubDotCom, type Endpoints } from "./endpoints";
export {
  ACTIONS_APP_ID, AGENT_BRANCHES, AGENT_REF_PREFIX, CODEOWNERS_PATH, COMPATIBILITY_DATE, KV_TOKEN_KEY, LEDGER_CLASS,
  names, type Names, type VaultNames,
} from "./names";
