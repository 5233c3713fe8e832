import type { GatePolicy } from "./policy";

/** Name under which the gate's module finds the policy that it carries. */
export const EMBEDDED_POLICY = "GATEHOUSE_POLICY";

/**
 * The gate's module with its policy in front. A binding of a Worker holds 5 KB at most, which is the policy of a few repositories; a module holds
 * megabytes. The policy stands there as readable JSON, so that a diff of the script shows what changes. Pure: the same policy gives the same text.
 */
export function embedPolicy(module: string, policy: GatePolicy): string {
  return `const ${EMBEDDED_POLICY} = ${JSON.stringify(policy, null, 2)};\n${module}`;
}
