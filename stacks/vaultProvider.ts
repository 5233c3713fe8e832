import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { Environment } from "../infra/model";

/**
 * The provider takes its namespace from VAULT_NAMESPACE; where the environment names one, that one holds, whoever runs
 * the update. A provider of one's own does not read the stack's `vault:` keys by itself.
 */
export function vaultProviders({ tokenStore }: Environment): pulumi.ProviderResource[] {
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
