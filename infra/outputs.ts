import type { GitHubFacts } from "./github";
import { accessOf, missingLocks, names, readableMatrix, writable, type Environment } from "./model";
import {
  GATE_KEY_VARIABLE,
  agentHosts,
  agentSkill,
  codeOwnersText,
  keptOwners,
  readableControls,
  tokenPermissions,
} from "./plans";
import type { Posture } from "./posture";

/**
 * What a stack shows: addresses and keys, and what follows from the environment, so that a preview shows changes of it.
 * Gatehouse's commands and reports read them from the stack, so a program exports all of them.
 * @returns `gateUrl`, `gateKey`, `operatorKey`, `alertSecret`, `auditPublicKey`, `gateSettings`, `gatePolicy`, `access`,
 *   `accessMatrix`, `agentHosts`, `codeOwners`, `missingLocks`, `controls`, `tokenPermissions`, `names`; the keys are
 *   secrets. With Workers KV also `tokenKey` and `rotatorKey`; with `audit.githubEvents` also `githubWebhookSecret`; with
 *   `gate.sessionKeys` also `sessionIssuerKey`; of a Claude Managed Agent also `agentSession`, with which a session
 *   starts, and `agentSkill`, the text of its SKILL.md.
 * @example
 * const posture = await createPosture("agents", stackEnvironment());
 * export const { gateUrl, gateKey, controls } = postureOutputs(posture);
 */
export function postureOutputs(posture: Posture): Record<string, unknown> {
  const { environment, github } = posture;
  return {
    ...gateOutputs(posture),
    ...agentOutputs(posture),
    access: accessOf(environment),
    accessMatrix: readableMatrix(environment),
    agentHosts: agentHosts(environment),
    codeOwners: codeOwnersOf(environment, github),
    missingLocks: missingLocks(environment),
    controls: readableControls(environment),
    tokenPermissions: tokenPermissions(environment),
    names: names(environment),
  };
}

function gateOutputs({ gate, rotator, policy, githubWebhookSecret }: Posture): Record<string, unknown> {
  return {
    gateUrl: gate.url,
    gateKey: gate.agentKey,
    operatorKey: gate.operatorKey,
    alertSecret: gate.alertSecret,
    // With it `gatehouse audit verify --key` checks the trail's checkpoints.
    auditPublicKey: gate.checkpointPublicKey,
    // What a gate of one's own checks GitHub's deliveries with.
    ...(githubWebhookSecret ? { githubWebhookSecret } : {}),
    // Only with Workers KV: what the token commands take as GATEHOUSE_TOKEN_KEY and GATEHOUSE_ROTATOR_KEY.
    ...(gate.tokenKey ? { tokenKey: gate.tokenKey, rotatorKey: rotator.rotatorKey } : {}),
    // A plan shows this line where an update replaces the secrets of older versions, which stood in clear in the state
    // (CHANGELOG.md).
    ...(gate.sessionIssuerKey ? { sessionIssuerKey: gate.sessionIssuerKey } : {}),
    generatedSecrets: "each from a random password, whose resource id says nothing",
    gateSettings: gate.settings,
    gatePolicy: policy,
  };
}

function agentOutputs({ claudeAgent, gate, environment }: Posture): Record<string, unknown> {
  if (claudeAgent === undefined) return {};
  return {
    agentSession: claudeAgent.session,
    agentSkill: agentSkill(environment, gate.url ?? "", GATE_KEY_VARIABLE),
  };
}

/** The text of CODEOWNERS in each repository that the agent may write to, by the repository's name. */
function codeOwnersOf(environment: Environment, { repositories }: GitHubFacts): Record<string, string> {
  const found = (repository: string) => repositories.find(({ name }) => name === repository)?.codeOwners;
  return Object.fromEntries(
    writable(environment).map((repository) => [
      repository.name,
      codeOwnersText(environment, repository, keptOwners(found(repository.name))),
    ]),
  );
}
