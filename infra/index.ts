/** Everything a program can declare. The pure model is in `infra/model`, `infra/plans` and `infra/config`. */
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
  type GitHubFacts,
} from "./github";
export { TokenStore, type TokenStoreArgs } from "./vault";
export {
  AuditTrail,
  Gate,
  Rotator,
  bundleGate,
  lookUpLedgerTag,
  type GateArgs,
  type GateScripts,
  type RotatorArgs,
} from "./cloudflare";
