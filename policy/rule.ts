import type { ControlId } from "../infra/model";

/** A resource as a program declares it, or as a state holds it. */
export interface DeclaredResource {
  readonly urn: string;
  /** Pulumi's type token, such as `github:index/team:Team`. */
  readonly type: string;
  readonly name: string;
  /** Inputs by name. `UNKNOWN` stands for what only the update will tell, `SECRET` for what a file keeps encrypted. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A value that a preview cannot know yet. A rule passes over it: the update, or the next preview, judges it. */
export const UNKNOWN = Symbol("unknown");
/** What Pulumi writes for a text that is not known yet. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** A value that the file keeps encrypted. */
export const SECRET = "[secret]";

/** How bad it is when a rule does not hold, in the words of CrossGuard. */
export type Severity = "low" | "medium" | "high" | "critical";

/** What a rule says of itself: shown by the engine, in reports, and in docs/policy.md. */
interface RuleText {
  /** Stable id in kebab-case: the policy's name in CrossGuard, and the key of exceptions. */
  readonly id: string;
  readonly severity: Severity;
  /** What must hold, in one sentence. */
  readonly description: string;
  /** What to do when it does not hold. */
  readonly remediation: string;
  /** Controls of the mapping (`infra/model/controls`) that it contributes to. */
  readonly controls: readonly ControlId[];
}

/** Judges one resource by its inputs alone, so the engine can stop it before it is created. */
export interface ResourceRule extends RuleText {
  readonly kind: "resource";
  /** Types that it looks at; every type when absent. */
  readonly types?: readonly string[];
  /**
   * What is wrong, one sentence each; empty when the rule holds. A sentence never quotes a value that could be a
   * secret.
   */
  readonly check: (resource: DeclaredResource) => readonly string[];
}

/** Judges resources by each other. The engine runs it at the end of a preview or of an update. */
export interface StackRule extends RuleText {
  readonly kind: "stack";
  readonly check: (resources: readonly DeclaredResource[]) => readonly StackViolation[];
}

interface StackViolation {
  readonly message: string;
  /** The resource to look at; the stack as a whole when absent. */
  readonly urn?: string;
}

export type Rule = ResourceRule | StackRule;

export const resourceRule = (rule: Omit<ResourceRule, "kind">): ResourceRule => ({ kind: "resource", ...rule });
export const stackRule = (rule: Omit<StackRule, "kind">): StackRule => ({ kind: "stack", ...rule });
