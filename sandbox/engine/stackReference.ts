import { ProviderError, type ProviderPackage, type SandboxProvider } from "../providers/types";
import { EngineError } from "./errors";
import { containsSecret, type Values } from "./values";

const STACK_REFERENCE_TYPE = "pulumi:pulumi:StackReference";
/** The package of what Pulumi provides by itself; it has no plugin and no version. */
export const BUILTIN = "pulumi";

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

/**
 * Reads a stack's name as Pulumi's file backend does: `stack`, `organization/stack` or `organization/project/stack`,
 * where the organization is the word "organization" itself.
 * @throws ProviderError for another form.
 */
function parseStackName(name: string, currentProject: string): StackName {
  const parts = name.split("/");
  const stack = parts[parts.length - 1]!;
  if (parts.length > 3 || !/^[A-Za-z0-9_.-]{1,100}$/.test(stack))
    throw new ProviderError(
      `"${name}" is not a stack's name: write stack, organization/stack or organization/project/stack`,
    );
  if (parts.length > 1 && parts[0] !== "organization")
    throw new ProviderError("organization name must be 'organization'");
  return { project: parts.length === 3 ? parts[1]! : currentProject, stack };
}

const refused = (what: string) => () => Promise.reject(new EngineError(`a stack reference is read, never ${what}`));

/**
 * The provider of stack references. `outputsOf` answers a stack's outputs, secrets marked, or undefined when there is
 * no such stack. A reference is read anew in every run, so a change of the other stack is seen at the next one.
 */
export function stackReferences(
  currentProject: string,
  outputsOf: (name: StackName) => Promise<Values | undefined>,
): ProviderPackage {
  const provider: SandboxProvider = {
    check: (_urn, _olds, news) => Promise.resolve({ inputs: news }),
    diff: () => Promise.resolve({ changes: false, replaces: [], detailedDiff: {} }),
    create: refused("created"),
    update: refused("updated"),
    delete: () => Promise.resolve(),
    invoke: refused("called"),
    secretOutputs: () => [],
    read: async (id) => {
      const outputs = await outputsOf(parseStackName(id, currentProject));
      if (!outputs) throw new ProviderError(`unknown stack "${id}"`);
      const secretOutputNames = Object.keys(outputs)
        .filter((key) => containsSecret(outputs[key]))
        .sort();
      // Its id is no output.
      return { id, props: { id: undefined, name: id, outputs, secretOutputNames } };
    },
  };
  return {
    name: BUILTIN,
    version: "",
    types: [STACK_REFERENCE_TYPE],
    functions: [],
    create: () => Promise.resolve(provider),
  };
}
