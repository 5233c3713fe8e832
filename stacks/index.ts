import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import { Posture, bundleGate, lookUpGitHub, lookUpLedgerTag } from "../infra";
import { accessOf, missingLocks, names, readableMatrix, writable, type Environment } from "../infra/model";
import { agentHosts, codeOwnersText, keptOwners, readableControls, tokenPermissions } from "../infra/plans";
import { asRunError, environmentFile, loadEnvironment, surroundings } from "./environment";

/**
 * One stack: reads its environment, looks up what it names, declares one posture. Nothing is declared before all of it
 * is right.
 */
async function program(): Promise<Record<string, unknown>> {
  const stack = pulumi.getStack();
  const file = environmentFile(stack);
  const environment = loadEnvironment(pulumi.runtime.allConfig(), stack);
  const { githubUrl, vaultAddress, vaultNamespace } = surroundings(
    environment,
    file,
    process.env,
    new pulumi.Config("github").get("baseUrl"),
    new pulumi.Config("vault").get("namespace"),
  );
  const [github, ledgerTag] = await Promise.all([lookUpGitHub(environment, file), lookUpLedgerTag(environment)]);
  const found = (repository: string) => github.repositories.find(({ name }) => name === repository)?.codeOwners;
  const posture = new Posture(
    "gatehouse",
    { environment, github, ledgerTag, scripts: bundleGate(), githubUrl, vaultAddress, vaultNamespace },
    { providers: namespacedVault(environment) },
  );
  return {
    gateUrl: posture.gate.url,
    gateKey: posture.gate.agentKey,
    operatorKey: posture.gate.operatorKey,
    alertSecret: posture.gate.alertSecret,
    // Only with Workers KV: what the token commands take as GATEHOUSE_TOKEN_KEY and GATEHOUSE_ROTATOR_KEY.
    ...(posture.gate.tokenKey ? { tokenKey: posture.gate.tokenKey, rotatorKey: posture.rotator.rotatorKey } : {}),
    // A plan shows this line where an update replaces the secrets of older versions, which stood in clear in the state
    // (CHANGELOG.md).
    generatedSecrets: "each from a random password, whose resource id says nothing",
    gateSettings: posture.gate.settings,
    gatePolicy: posture.policy,
    access: accessOf(environment),
    accessMatrix: readableMatrix(environment),
    agentHosts: agentHosts(environment),
    codeOwners: Object.fromEntries(
      writable(environment).map((repository) => [
        repository.name,
        codeOwnersText(environment, repository, keptOwners(found(repository.name))),
      ]),
    ),
    missingLocks: missingLocks(environment),
    controls: readableControls(environment),
    tokenPermissions: tokenPermissions(environment),
    names: names(environment),
  };
}

/**
 * The provider takes its namespace from VAULT_NAMESPACE; where the environment names one, that one holds, whoever runs
 * the update. A provider of one's own does not read the stack's `vault:` keys by itself.
 */
function namespacedVault({ tokenStore }: Environment): pulumi.ProviderResource[] {
  if (tokenStore.kind !== "vault" || tokenStore.namespace === undefined) return [];
  const config = new pulumi.Config("vault");
  return [
    new vault.Provider("gatehouse-vault", {
      namespace: tokenStore.namespace,
      address: config.get("address"),
      token: config.getSecret("token"),
      tokenName: config.get("tokenName"),
      skipChildToken: config.getBoolean("skipChildToken"),
      maxLeaseTtlSeconds: config.getNumber("maxLeaseTtlSeconds"),
      maxRetries: config.getNumber("maxRetries"),
      skipTlsVerify: config.getBoolean("skipTlsVerify"),
      caCertFile: config.get("caCertFile"),
      caCertDir: config.get("caCertDir"),
      tlsServerName: config.get("tlsServerName"),
    } as vault.ProviderArgs),
  ];
}

export = async (): Promise<Record<string, unknown>> => {
  try {
    return await program();
  } catch (error) {
    throw asRunError(error);
  }
};
