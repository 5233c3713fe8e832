import * as pulumi from "@pulumi/pulumi";
import { parseEnvironment, rawFromConfig } from "../infra/config";
import { PostureError, isMisspelledTenant, type Environment } from "../infra/model";
import { vaultNamespace } from "../infra/plans";

/** The file that a person edits for this stack; it starts every message about a mistake. */
export function environmentFile(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}

/**
 * Reads and validates the environment. All keys are read at once and none is required one by one: an error of
 * `Config.require` can hang for a minute while Node 20 prints it.
 */
export function loadEnvironment(config: Readonly<Record<string, string>>, stack: string): Environment {
  return parseEnvironment(rawFromConfig(config), environmentFile(stack));
}

/** What the program needs from the machine that runs it. */
export interface Surroundings {
  readonly githubUrl: string | undefined;
  readonly vaultAddress: string | undefined;
  /** VAULT_NAMESPACE, or what the stack tells the provider; only where the environment does not say it. */
  readonly vaultNamespace: string | undefined;
}

/** @throws PostureError when the environment leaves to the machine what the machine does not say. */
export function surroundings(
  environment: Environment,
  file: string,
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
      file,
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
      file,
    );
  }
  return {
    githubUrl,
    vaultAddress,
    vaultNamespace: vaultNamespace(environment, providerNamespace || env.VAULT_NAMESPACE),
  };
}

/**
 * Ends the program with its message alone: what a person wrote wrong needs no stack trace. The runner prints errors by
 * a call that takes Node 20 half a minute when the stack names a file of the SDK, so there is none to print.
 */
export function asRunError(error: unknown): unknown {
  if (!(error instanceof PostureError)) return error;
  const shown = new pulumi.RunError(error.message);
  shown.stack = shown.message;
  return shown;
}
