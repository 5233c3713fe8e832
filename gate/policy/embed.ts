import type { GatePolicy } from "./policy";

/** Name under which the gate's module finds the policy that it carries. */
export const EMBEDDED_POLICY = "GATEHOUSE_POLICY";

/**
 * Stands in the module of a gate whose keys were made from random passwords. Older versions made them as `RandomBytes`,
 * whose value is the resource's id and so stands in clear in the state; module and keys go up in one call, so the one
 * tells of the other.
 */
export const HIDDEN_SECRETS = "// Gatehouse: generated secrets are random passwords";

/** The gate's module with its policy in front. */
export function embedPolicy(module: string, policy: GatePolicy): string {
  return embed(`${HIDDEN_SECRETS}\n${module}`, EMBEDDED_POLICY, policy);
}

/** The policy that a deployed gate's module carries; undefined when the text is no module of a gate. */
export const readEmbeddedPolicy = (module: string): Readonly<Record<string, unknown>> | undefined =>
  readEmbedded(module, EMBEDDED_POLICY);

/** The constant of that name in front of a module, as `embed` writes it; undefined when there is none. */
export function readEmbedded(module: string, name: string): Readonly<Record<string, unknown>> | undefined {
  const opening = `const ${name} = `;
  const start = module.indexOf(opening);
  const end = module.indexOf("\n};", start);
  if (start < 0 || end < 0) return undefined;
  try {
    return JSON.parse(module.slice(start + opening.length, end + 2)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether a deployed gate's module went up together with keys that no state shows in clear. */
export const hidesSecrets = (module: string): boolean => module.includes(`\n};\n${HIDDEN_SECRETS}\n`);

/**
 * A Worker's module with a constant in front. A binding of a Worker holds 5 KB at most, which is what a few
 * repositories take; a module holds megabytes. The value stands there as readable JSON, so that a diff of the script
 * shows what changes. Pure: the same value gives the same text.
 */
export function embed(module: string, name: string, value: object): string {
  return `const ${name} = ${JSON.stringify(value, null, 2)};\n${module}`;
}
