export { MachineUser, type MachineUserArgs } from "./machineUser";
export { RepositoryAccess, type RepositoryAccessArgs } from "./repositoryAccess";
export { CodeOwners } from "./codeOwners";
export { ReviewFence, type ReviewFenceArgs } from "./reviewFence";
export { OrganizationFence } from "./organizationFence";
export { EventHooks, type EventHooksArgs } from "./eventHooks";
export { lookUpGitHub, type GitHubFacts, type RepositoryFacts } from "./lookUp";
