import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import { PostureError, isMisspelledTenant, type Environment } from "./model";
import { vaultNamespace } from "./plans";

/** What a posture needs from the machine that deploys it, where the environment leaves it open. */
export interface Surroundings {
  /** Base URL of GitHub when the environment does not name one; github.com when absent. */
  readonly githubUrl?: string | undefined;
  /** Where the gate reaches Vault. Default: the environment's `tokenStore.address`. */
  readonly vaultAddress?: string | undefined;
  /** Vault's namespace. Default: the environment's `tokenStore.namespace`. */
  readonly vaultNamespace?: string | undefined;
}

/**
 * Reads them from the environment variables that the providers read too, and from the providers' own configuration.
 * @param source What starts every message about a mistake.
 * @throws PostureError when the environment leaves to the machine what the machine does not say
 */
export function surroundings(
  environment: Environment,
  source: string,
  env: NodeJS.ProcessEnv,
  githubBaseUrl: string | undefined,
  providerNamespace?: string,
): Surroundings {
  const githubUrl = githubBaseUrl || env.GITHUB_BASE_URL || undefined;
  if (githubUrl !== undefined && isMisspelledTenant(githubUrl)) {
    throw new PostureError(
      [
        {
          path: githubBaseUrl ? "github:baseUrl" : "GITHUB_BASE_URL",
          wrong: `${githubUrl} is not the address of an enterprise on GHE.com`,
          right: "https and the enterprise's own name, such as https://acme.ghe.com",
        },
      ],
      source,
    );
  }
  const vaultAddress = env.VAULT_ADDR || undefined;
  if (environment.tokenStore.kind === "vault" && !environment.tokenStore.address && !vaultAddress) {
    throw new PostureError(
      [
        {
          path: "gatehouse:tokenStore.address",
          wrong: "missing, and VAULT_ADDR is not set either",
          right: "the address at which the gate reaches Vault, such as https://vault.acme.dev:8200",
        },
      ],
      source,
    );
  }
  return {
    githubUrl,
    vaultAddress,
    vaultNamespace: vaultNamespace(environment, providerNamespace || env.VAULT_NAMESPACE),
  };
}

/**
 * The provider takes its namespace from VAULT_NAMESPACE; where the environment names one, that one holds, whoever runs
 * the update. A provider of one's own does not read the stack's `vault:` keys by itself.
 */
export function vaultProviders(name: string, { tokenStore }: Environment): pulumi.ProviderResource[] {
  if (tokenStore.kind !== "vault" || tokenStore.namespace === undefined) return [];
  const config = new pulumi.Config("vault");
  return [
    new vault.Provider(`${name}-vault`, {
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
