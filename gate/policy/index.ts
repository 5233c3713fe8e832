/** The gate's pure half: what it allows, and why it refuses. Shared by the Worker, the drill and the report. */
export { AGENT_BRANCH_PREFIX } from "../contract";
export { PROTECTED_PATHS, type GateLimits, type GatePolicy, type GateRepository, type GateUpstream } from "./policy";
export { decide, type Decision, type GateRequest } from "./decide";
export { REFUSALS, Refusal, printable, type RuleId } from "./refusals";
export { CLOSED, ROUTES, type Method, type Route } from "./rest/routes";
export {
  GENESIS,
  chainLine,
  entryText,
  verifyChain,
  type AuditEntry,
  type AuditRecord,
  type ChainCheck,
} from "./audit";
export { CREDENTIAL_FORMATS } from "./text/credentialFormats";
export { findSecrets, type Finding } from "./text/secrets";
export { PathMatcher } from "./text/globs";
export {
  selfHostConfig,
  selfHostProcesses,
  selfHostSecrets,
  type SelfHostOptions,
  type SelfHostProcesses,
} from "../selfHost";
export { EMBEDDED_POLICY, embedPolicy } from "./embed";
