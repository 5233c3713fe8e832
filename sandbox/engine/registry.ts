import { randomUUID } from "node:crypto";
import { UNKNOWN, type ProviderPackage, type Props, type SandboxProvider } from "../providers/types";
import type { Config } from "./config";
import { EngineError } from "./errors";
import { BUILTIN } from "./stackReference";
import { containsUnknown, toPlainBag, type Values } from "./values";

/** Inputs of a provider resource that are the engine's, not the provider's. */
const OWN_INPUTS = new Set(["__internal", "version", "pluginDownloadURL"]);

/**
 * Stands for a provider whose configuration is not known yet in a preview: it lets everything pass and knows no
 * outputs.
 */
const unconfigured: SandboxProvider = {
  check: (_urn, _olds, news) => Promise.resolve({ inputs: news }),
  diff: (_id, _urn, _outputs, olds, news) => {
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
    );
    return Promise.resolve({
      changes: changed.length > 0,
      replaces: [],
      detailedDiff: Object.fromEntries(changed.map((key) => [key, { kind: "update" as const, inputDiff: true }])),
    });
  },
  create: (_urn, inputs) => Promise.resolve({ id: "", outs: { ...inputs } }),
  read: (id, _urn, props) => Promise.resolve({ id, props }),
  update: (_id, _urn, _outputs, _olds, news) => Promise.resolve({ outs: { ...news } }),
  delete: () => Promise.resolve(),
  invoke: () => Promise.resolve({ result: {} }),
  secretOutputs: () => [],
};

/** Makes and keeps the providers of a run, one for each provider resource. */
export class ProviderRegistry {
  private readonly made = new Map<string, Promise<SandboxProvider>>();
  private readonly packages: ReadonlyMap<string, ProviderPackage>;

  constructor(
    packages: readonly ProviderPackage[],
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.packages = new Map(packages.map((pkg) => [pkg.name, pkg]));
  }

  /** The package of a name; refuses by name what the sandbox has no provider for. */
  package(name: string): ProviderPackage {
    const found = this.packages.get(name);
    if (!found) {
      throw new EngineError(
        `the sandbox has no provider for package "${name}" (it has: ${
          [...this.packages.keys()]
            .filter((known) => known !== BUILTIN)
            .sort()
            .join(", ") || "none"
        }); deploy with the Pulumi CLI instead`,
      );
    }
    return found;
  }

  /** Refuses a resource type by name that the package's provider does not implement. */
  requireType(type: string): void {
    const pkg = this.package(type.split(":")[0] ?? "");
    if (!pkg.types.includes(type))
      throw new EngineError(
        `the sandbox's ${pkg.name} provider does not know the resource type ${type}; deploy with the Pulumi CLI instead`,
      );
  }

  requireFunction(token: string): void {
    const pkg = this.package(token.split(":")[0] ?? "");
    if (!pkg.functions.includes(token))
      throw new EngineError(
        `the sandbox's ${pkg.name} provider does not know the function ${token}; deploy with the Pulumi CLI instead`,
      );
  }

  /** The provider for a provider resource; made at its first use. `ref` is `<urn>::<id>`. */
  provider(ref: string, name: string, inputs: Values): Promise<SandboxProvider> {
    const known = this.made.get(ref);
    if (known) return known;
    const config: Props = Object.fromEntries(
      Object.entries(toPlainBag(inputs)).filter(([key]) => !OWN_INPUTS.has(key)),
    );
    const made = containsUnknown(config) ? Promise.resolve(unconfigured) : this.package(name).create(config, this.env);
    this.made.set(ref, made);
    return made;
  }
}

/**
 * Name of the provider that a resource gets when the program gives none; from version and download address, as Pulumi
 * makes it.
 */
export function defaultProviderName(version: string, downloadUrl: string): string {
  const parts = [version.replace(/[.+-]/g, "_"), downloadUrl.replace(/[^A-Za-z0-9]/g, "_")].filter(
    (part) => part !== "",
  );
  return ["default", ...parts].join("_");
}

/** Inputs of a default provider: the stack's `<package>:*` configuration and the version of the SDK. */
export function defaultProviderInputs(
  name: string,
  version: string,
  downloadUrl: string,
  config: Config,
  wrap: (text: string, secret: boolean) => Values[string],
): Values {
  // What Pulumi provides by itself has nothing to configure.
  if (name === BUILTIN) return {};
  const inputs: Values = { __internal: downloadUrl ? { pluginDownloadURL: downloadUrl } : {} };
  for (const [key, { text, secret }] of config) {
    if (key.startsWith(`${name}:`)) inputs[key.slice(name.length + 1)] = wrap(text, secret);
  }
  if (version !== "") inputs.version = version;
  return inputs;
}

export const newProviderId = (preview: boolean): string => (preview ? UNKNOWN : randomUUID());
