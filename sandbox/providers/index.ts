import { ProviderError, type ProviderPackage } from "./types";
import { claudePackage } from "./claude";
import { cloudflarePackage } from "./cloudflare";
import { githubPackage } from "./github";
import { randomPackage } from "./random";
import { vaultPackage } from "./vault";

/**
 * Every package that the sandbox's engine can deploy, each standing for the real plugin of that version; `claude` is the
 * real one.
 */
export const packages: ProviderPackage[] = [
  claudePackage,
  cloudflarePackage,
  githubPackage,
  randomPackage,
  vaultPackage,
];

/** The package by name; refused by name when the sandbox has none. */
export function packageNamed(name: string): ProviderPackage {
  const found = packages.find((candidate) => candidate.name === name);
  if (!found)
    throw new ProviderError(
      `the sandbox has no provider for the package "${name}" (it has ${packages.map((candidate) => candidate.name).join(", ")})`,
    );
  return found;
}

/**
 * The package of a type or function token (`vault:index/mount:Mount` → vault); refused by name when package or token
 * are unknown.
 */
export function packageOf(token: string): ProviderPackage {
  const found = packageNamed(token.split(":", 1)[0] ?? token);
  if (!found.types.includes(token) && !found.functions.includes(token))
    throw new ProviderError(`the sandbox's ${found.name} provider does not know ${token}`);
  return found;
}
