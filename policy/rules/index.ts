import type { Rule } from "../rule";
import { agentAsksBeforeWriting } from "./agentAsksBeforeWriting";
import { agentCredentialLimited } from "./agentCredentialLimited";
import { agentMcpThroughGate } from "./agentMcpThroughGate";
import { agentNetworkLimited } from "./agentNetworkLimited";
import { agentNoPackageRegistries } from "./agentNoPackageRegistries";
import { agentShellContained } from "./agentShellContained";
import { agentWebToolsOff } from "./agentWebToolsOff";
import { agentWorksAlone } from "./agentWorksAlone";
import { auditRetention } from "./auditRetention";
import { codeOwnersWithWrite } from "./codeOwnersWithWrite";
import { defaultBranchKept } from "./defaultBranchKept";
import { gateConstantUpstream } from "./gateConstantUpstream";
import { gateDefaultDeny } from "./gateDefaultDeny";
import { machineUserNoAdmin } from "./machineUserNoAdmin";
import { machineUserNoBypass } from "./machineUserNoBypass";
import { noMountedRepository } from "./noMountedRepository";
import { noTokenInResource } from "./noTokenInResource";
import { noTokenInWorkerSecret } from "./noTokenInWorkerSecret";
import { ownerTeamsVisible } from "./ownerTeamsVisible";
import { providerTokensEncrypted } from "./providerTokensEncrypted";
import { pullRequestReviewed } from "./pullRequestReviewed";
import { reviewFenceComplete } from "./reviewFenceComplete";
import { roleWithinGate } from "./roleWithinGate";
import { rotationDeclared } from "./rotationDeclared";
import { rulesetActive } from "./rulesetActive";
import { tokenLifeBounded } from "./tokenLifeBounded";
import { vaultCheckAndSet } from "./vaultCheckAndSet";
import { vaultPoliciesExact } from "./vaultPoliciesExact";
import { vaultSessionsShort } from "./vaultSessionsShort";
import { webhooksSigned } from "./webhooksSigned";
import { workersNotForced } from "./workersNotForced";
import { workersNotPreviewed } from "./workersNotPreviewed";
import { workflowsReadOnly } from "./workflowsReadOnly";

/** Every rule of the pack, in the order in which reports list them. */
export const RULES: readonly Rule[] = [
  agentAsksBeforeWriting,
  agentCredentialLimited,
  agentMcpThroughGate,
  agentNetworkLimited,
  agentNoPackageRegistries,
  agentShellContained,
  agentWebToolsOff,
  agentWorksAlone,
  auditRetention,
  codeOwnersWithWrite,
  defaultBranchKept,
  gateConstantUpstream,
  gateDefaultDeny,
  machineUserNoAdmin,
  machineUserNoBypass,
  noMountedRepository,
  noTokenInResource,
  noTokenInWorkerSecret,
  ownerTeamsVisible,
  providerTokensEncrypted,
  pullRequestReviewed,
  reviewFenceComplete,
  roleWithinGate,
  rotationDeclared,
  rulesetActive,
  tokenLifeBounded,
  vaultCheckAndSet,
  vaultPoliciesExact,
  vaultSessionsShort,
  webhooksSigned,
  workersNotForced,
  workersNotPreviewed,
  workflowsReadOnly,
];
