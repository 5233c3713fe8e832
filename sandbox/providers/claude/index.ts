import { secretPaths } from "../../../providers/claude/decisions/secrets";
import { mustReplace, rootOf } from "../../../providers/claude/decisions/diff";
import { Service, ServiceError, settingsFrom } from "../../../providers/claude/effects/service";
import { modelOf, MODELS, PACKAGE, tokenOf } from "../../../providers/claude/model";
import { FUNCTIONS } from "../../../providers/claude/model/functions";
import { version } from "../../../providers/claude/package.json";
import { ClaudeProvider, ProviderError as Refusal } from "../../../providers/claude/provider";
import { ProviderError, type ProviderPackage, type SandboxProvider } from "../types";

const secretsOf = (type: string): string[] => secretPaths(modelOf(type)?.inputs ?? {});

/** The provider that the real engine runs too, behind the interface of the sandbox's engine: no stand-in for it. */
function claudeProvider(provider: ClaudeProvider): SandboxProvider {
  return {
    check: (urn, _olds, news) => inWords(() => provider.check(urn, news)),
    diff: (id, urn, _outputs, olds, news, ignored) =>
      inWords(() => {
        const { changes, replaces, deleteBeforeReplace } = provider.diff(id, urn, olds, news, ignored);
        return {
          changes: Object.keys(changes).length > 0,
          replaces: [...replaces],
          diffs: [...new Set(Object.keys(changes).map(rootOf))],
          ...(mustReplace(changes) ? { deleteBeforeReplace } : {}),
          detailedDiff: Object.fromEntries(
            Object.entries(changes).map(([path, kind]) => [path, { kind, inputDiff: true }]),
          ),
        };
      }),
    create: (urn, inputs, preview) => inWords(() => provider.create(urn, inputs, preview)),
    read: (id, urn, _props, inputs) =>
      inWords(async () => {
        const { outs, ...found } = await provider.read(id, urn, inputs);
        return { ...found, ...(outs ? { props: outs } : {}) };
      }),
    update: (id, urn, outs, olds, news, preview) =>
      inWords(async () => ({ outs: await provider.update(id, urn, { outs, olds, news, preview }) })),
    delete: (id, urn) => inWords(() => provider.delete(id, urn)),
    invoke: (token, args) => inWords(() => provider.invoke(token, args)),
    secretOutputs: (type) => [...new Set(secretsOf(type).map(rootOf))],
    secretPaths: secretsOf,
    secretInputs: secretsOf,
    find: (_type, inputs, urn = "") => inWords(() => provider.find(urn, inputs)),
  };
}

/** A refusal of the provider or of the service is one sentence for whoever deploys; anything else is a fault. */
async function inWords<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Refusal || error instanceof ServiceError) throw new ProviderError(error.message);
    throw error;
  }
}

export const claudePackage: ProviderPackage = {
  name: PACKAGE,
  version,
  types: MODELS.map(tokenOf),
  functions: Object.keys(FUNCTIONS).map((name) => `${PACKAGE}:index:${name}`),
  create: (config, env) => Promise.resolve(claudeProvider(new ClaudeProvider(new Service(settingsFrom(config, env))))),
};
