import type { CustomTimeouts, StackFrame } from "./state";
import type { Value, Values } from "./values";

/** Another name under which a resource may be known: a whole URN, or what differs from its present one. */
export type AliasSpec =
  | { readonly urn: string }
  | {
      readonly name?: string;
      readonly type?: string;
      readonly stack?: string;
      readonly project?: string;
      readonly parent?: string;
      readonly noParent?: boolean;
    };

/** What the program asked for in one registration. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly inputs: Values;
  readonly protect?: boolean | undefined;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, string[]>>;
  /** `<urn>::<id>` of an explicit provider; empty for the default one. */
  readonly provider: string;
  readonly version: string;
  readonly pluginDownloadURL: string;
  /** Undefined: the provider decides. */
  readonly deleteBeforeReplace?: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly AliasSpec[];
  readonly importId: string;
  readonly customTimeouts?: CustomTimeouts | undefined;
  readonly retainOnDelete?: boolean | undefined;
  readonly deletedWith: string;
  readonly replaceWith: readonly string[];
  readonly replacementTrigger?: Value | undefined;
  readonly hideDiffs: readonly string[];
  readonly sourcePosition?: string | undefined;
  readonly stackTrace?: StackFrame[] | undefined;
}

/** A registration of something that exists and is only looked at. */
export interface ReadGoal extends Pick<
  Goal,
  | "type"
  | "name"
  | "parent"
  | "inputs"
  | "dependencies"
  | "provider"
  | "version"
  | "pluginDownloadURL"
  | "additionalSecretOutputs"
  | "sourcePosition"
  | "stackTrace"
> {
  readonly id: string;
}
