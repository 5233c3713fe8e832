import type { DetailedDiff } from "../providers/types";
import type { PolicyViolation } from "./policyPack";
import type { ResourceState } from "./state";
import type { Values } from "./values";

/** What happens to a resource, in Pulumi's names. */
export type Op =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace"
  | "import"
  | "import-replacement";

/** The order in which Pulumi lists operations in a summary. */
export const OPS: readonly Op[] = [
  "same",
  "create",
  "update",
  "delete",
  "replace",
  "create-replacement",
  "delete-replaced",
  "read",
  "read-replacement",
  "refresh",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
  "import",
  "import-replacement",
];

/** A resource at the moment of an event: property values are never changed in place, so a shallow copy is enough. */
export type StateView = Readonly<Omit<ResourceState, "inputs" | "outputs">> & {
  readonly inputs: Values;
  readonly outputs?: Values | undefined;
};

/** One step as it is reported. */
export interface StepInfo {
  readonly op: Op;
  readonly urn: string;
  readonly type: string;
  readonly old?: StateView | undefined;
  readonly new?: StateView | undefined;
  readonly provider?: string | undefined;
  /** Whether the step counts for the summary; the halves of a replacement do not. */
  readonly logical: boolean;
  /** Properties that force a replacement. */
  readonly keys?: readonly string[] | undefined;
  /** Properties that changed. */
  readonly diffs?: readonly string[] | undefined;
  readonly detailedDiff?: DetailedDiff | undefined;
  /** Default providers are the engine's own affair and are not shown. */
  readonly internal: boolean;
}

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

export interface Diagnostic {
  readonly urn?: string;
  readonly message: string;
  readonly severity: Severity;
  readonly ephemeral?: boolean;
  readonly streamId?: number;
}

export type ChangeSummary = Partial<Record<Op, number>>;

/** What is being done to the stack. */
export type Operation = "update" | "refresh" | "destroy";

export type EngineEvent =
  | {
      readonly kind: "prelude";
      readonly operation: Operation;
      readonly preview: boolean;
      readonly stack: string;
      readonly project: string;
      readonly config: Record<string, string>;
    }
  | { readonly kind: "resource-pre"; readonly step: StepInfo }
  | { readonly kind: "resource-outputs"; readonly step: StepInfo }
  | { readonly kind: "resource-failed"; readonly step: StepInfo }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "policy-packs"; readonly packs: readonly { readonly name: string; readonly folder: string }[] }
  | { readonly kind: "policy"; readonly violation: PolicyViolation }
  | { readonly kind: "checkpoint"; readonly number: number }
  | {
      readonly kind: "summary";
      readonly changes: ChangeSummary;
      readonly durationMs: number;
      readonly preview: boolean;
      readonly failed: boolean;
    };

/** The resource an event is about, at its newest. */
export const resourceOf = (step: StepInfo): StateView | undefined =>
  step.op === "delete" || step.op === "delete-replaced" ? step.old : (step.new ?? step.old);
