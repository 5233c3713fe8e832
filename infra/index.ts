/**
 * Everything that a program imports. `createPosture` declares all of it from one environment; each component can also be
 * declared alone.
 * @example
 * const posture = await createPosture("agents", stackEnvironment());
 * export const gateUrl = posture.gate.url;
 * @module
 */
export { Posture, createPosture, type PostureArgs, type PostureOptions } from "./posture";
export {
  EventHooks,
  MachineUser,
  RepositoryAccess,
  ReviewFence,
  lookUpGitHub,
  type EventHooksArgs,
  type GitHubFacts,
  type MachineUserArgs,
  type RepositoryAccessArgs,
  type RepositoryFacts,
  type ReviewFenceArgs,
} from "./github";
export { TokenStore, type TokenStoreArgs, type WorkerSignIn } from "./vault";
export {
  AuditTrail,
  Forwarder,
  Gate,
  Rotator,
  bundleForwarder,
  bundleGate,
  bundleGateProcesses,
  lookUpLedgerTag,
  type AppRoleInputs,
  type AuditTrailArgs,
  type ForwarderArgs,
  type GateArgs,
  type GateScripts,
  type RotatorArgs,
} from "./cloudflare";
export { ClaudeAgent, type ClaudeAgentArgs, type ClaudeSession } from "./claude";
export { GatehouseComponent } from "./component";
export { postureOutputs } from "./outputs";
export { stackEnvironment } from "./environment";
export { type DeepInput } from "./inputs";
export { type Surroundings } from "./surroundings";
export { parseEnvironment, parseStackFile, type ParseContext } from "./config";
export {
  PostureError,
  type AccessLevel,
  type Environment,
  type EnvironmentInput,
  type PostureProblem,
  type Repository,
} from "./model";
