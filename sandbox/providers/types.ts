import { ExpectedError } from "../../infra/model/errors";

/**
 * What the sandbox's engine asks of a provider: the methods of `pulumi.provider.Provider`, plus what an engine needs
 * for previews and for recovery. Values are plain JavaScript: the engine unwraps secrets before a call and marks
 * outputs again afterwards (secret inputs, `secretOutputs`, additionalSecretOutputs). An unknown value is the string
 * {@link UNKNOWN}.
 */

/** A bag of properties in Pulumi's spelling (camelCase names, plain values). */
export type Props = Record<string, unknown>;

/** Pulumi's own marker for a value that is not known before the update (an output of a resource yet to be created). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What happens to one property; the `-replace` kinds force a replacement of the resource. */
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/**
 * Changed properties by path (`a.b[0]`, and `a["b.c"]` for keys that need quotes). `inputDiff`: the change is between
 * old and new inputs.
 */
export interface DetailedDiff {
  [path: string]: { kind: DiffKind; inputDiff: boolean };
}

/** One refused input: the property's path and what is wrong with it. */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** Inputs with the provider's defaults filled in, or the reasons why they are refused. */
export interface CheckResult {
  inputs: Props;
  failures?: CheckFailure[];
}

/**
 * What a diff finds. `replaces` names the top-level properties that force a replacement (empty: update in place),
 * `diffs` all top-level properties that change, computed ones included (the `diffReasons` of a preview; absent: the
 * first segments of `detailedDiff`). `detailedDiff` is empty for packages whose real plugin gives none (random and
 * cloudflare, which wrap the Plugin Framework): their previews carry `detailedDiff: null`, and the engine compares old
 * and new state for display itself.
 */
export interface DiffResult {
  changes: boolean;
  replaces: string[];
  diffs?: string[];
  deleteBeforeReplace?: boolean;
  detailedDiff: DetailedDiff;
}

/** `id` undefined: the resource is gone. `inputs` is what an import or refresh should keep as the resource's inputs. */
export interface ReadResult {
  id?: string;
  props?: Props;
  inputs?: Props;
}

/** A function's answer. */
export interface InvokeResult {
  result: Props;
  failures?: CheckFailure[];
}

/** A configured provider. Every method throws {@link ProviderError} when the service refuses. */
export interface SandboxProvider {
  /**
   * Fills in defaults and validates. Never calls the service. `olds` are the inputs of the last step ({} for a new
   * resource).
   */
  check(urn: string, olds: Props, news: Props): Promise<CheckResult>;
  /** Compares. Never calls the service. Top-level names or paths in `ignoreChanges` are left out. */
  diff(
    id: string,
    urn: string,
    oldOutputs: Props,
    oldInputs: Props,
    newInputs: Props,
    ignoreChanges?: readonly string[],
  ): Promise<DiffResult>;
  /** Creates. With `preview` nothing is called, `id` is "" and computed outputs are UNKNOWN. */
  create(urn: string, inputs: Props, preview: boolean): Promise<{ id: string; outs: Props }>;
  /**
   * Reads the live state. `props` are the last known outputs ({} for an import). A resource that is gone yields no id.
   */
  read(id: string, urn: string, props: Props, inputs?: Props): Promise<ReadResult>;
  /** Updates in place. With `preview` nothing is called. */
  update(
    id: string,
    urn: string,
    oldOutputs: Props,
    oldInputs: Props,
    newInputs: Props,
    preview: boolean,
  ): Promise<{ outs: Props }>;
  /** Deletes. A resource that is already gone is no error. */
  delete(id: string, urn: string, props: Props): Promise<void>;
  /** Calls a function (data source). */
  invoke(token: string, args: Props): Promise<InvokeResult>;
  /** The top-level outputs of a type that are secret by the provider's schema, whatever the program says. */
  secretOutputs(type: string): string[];
  /**
   * The exact places of secrets by the provider's schema, `configuration.url` for a field of an object. Absent:
   * `secretOutputs` as a whole.
   */
  secretPaths?(type: string): string[];
  /** Places in the inputs that the provider itself makes secret when it checks them, whatever the program says. */
  secretInputs?(type: string): string[];
  /** What the provider says whenever one of this type is about to be made. */
  creationWarnings?(type: string): readonly string[];
  /**
   * Looks for a live resource under the name that these inputs would give it.
   * Why it exists: when the engine dies between a create call and the checkpoint after it, the resource lives but the
   * state does not know its id. Pulumi then asks a person; the sandbox promises that a second `up` creates nothing
   * twice, so the engine asks here for every create it finds pending, and adopts what is found. Only types with a
   * natural key can answer (a path, a script name, a title, a host name); for the others, and where nothing is found,
   * the answer is undefined.
   */
  find?(type: string, inputs: Props, urn?: string): Promise<{ id: string } | undefined>;
}

/**
 * Makes a configured provider. `config` are the inputs of the provider resource (or the stack's `<package>:*`
 * configuration).
 */
type ProviderFactory = (config: Record<string, unknown>, env: NodeJS.ProcessEnv) => Promise<SandboxProvider>;

/** A package: `version` is that of the real plugin it stands for; `types` and `functions` are the tokens it knows. */
export interface ProviderPackage {
  name: string;
  version: string;
  types: readonly string[];
  functions: readonly string[];
  create: ProviderFactory;
}

/** A resource that came to be although the operation failed: the engine must record it, or it would be lost. */
export interface PartialResource {
  id: string;
  outs: Props;
  inputs: Props;
}

/** A refusal in the server's words, never with a secret in it. */
export class ProviderError extends ExpectedError {
  constructor(
    message: string,
    readonly reasons?: string[],
    readonly partial?: PartialResource,
  ) {
    super(message);
    this.name = "ProviderError";
  }
}
