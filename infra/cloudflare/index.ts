export { AuditTrail, type AuditTrailArgs } from "./auditTrail";
export { Forwarder, type ForwarderArgs } from "./forwarder";
export { Gate, type GateArgs } from "./gate";
export { bundleForwarder, bundleGate, bundleGateProcesses, type GateScripts } from "./bundle";
export { ed25519PublicKey, keyHash, keyText } from "./keys";
export { Rotator, type RotatorArgs } from "./rotator";
export { lookUpLedgerTag } from "./lookUp";
export type { AppRoleInputs } from "./bindings";
