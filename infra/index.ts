/**
 * Everything a program can declare, and what it needs for that. `Posture` declares all of it; each component can also
 * be declared alone. An environment is read by `infra/config`; what follows from it is in `infra/plans`.
 * @example
 * const environment = parseStackFile(text, "Pulumi.dev.yaml");
 * const github = await lookUpGitHub(environment, "Pulumi.dev.yaml");
 * const ledgerTag = await lookUpLedgerTag(environment);
 * const posture = new Posture("agents", { environment, github, ledgerTag, scripts: bundleGate() });
 */
export { Posture, type PostureArgs } from "./posture";
export { GatehouseComponent } from "./component";
export {
  CodeOwners,
  EventHooks,
  MachineUser,
  OrganizationFence,
  RepositoryAccess,
  ReviewFence,
  lookUpGitHub,
  type CodeOwnersArgs,
  type EventHooksArgs,
  type GitHubFacts,
  type MachineUserArgs,
  type OrganizationFenceArgs,
  type RepositoryAccessArgs,
  type ReviewFenceArgs,
} from "./github";
export { TokenStore, type TokenStoreArgs } from "./vault";
export {
  AuditTrail,
  Gate,
  Rotator,
  bundleGate,
  lookUpLedgerTag,
  type AuditTrailArgs,
  type GateArgs,
  type GateScripts,
  type RotatorArgs,
} from "./cloudflare";
export { parseEnvironment, parseStackFile } from "./config";
export { PostureError, type Environment, type EnvironmentInput } from "./model";
