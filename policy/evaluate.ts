import { exempts, isExpired, type PolicyException } from "./exceptions";
import { RULES } from "./rules";
import { UNKNOWN, UNKNOWN_TEXT, type DeclaredResource, type Rule, type Severity } from "./rule";

/** One rule that does not hold somewhere. */
export interface PolicyFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly remediation: string;
  readonly controls: readonly string[];
  /** The resource; absent when the finding is about the stack as a whole. */
  readonly urn?: string;
  /** Why it is let pass, by whom, until when; absent when it is not. */
  readonly exception?: PolicyException;
}

/** What one text of Pulumi stands for where a value is not known yet: one marker for each kind of value. */
const UNKNOWN_MARKERS: ReadonlySet<string> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  UNKNOWN_TEXT,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** A value of a preview, with `UNKNOWN` where Pulumi's marker stands. */
export function withUnknowns(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWN_MARKERS.has(value) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(withUnknowns);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withUnknowns(inner)]));
}

/**
 * Judges every resource by every rule, in the order of the rules and of the resources. Pure. A rule that throws is a
 * finding of its own: nothing counts as judged that was not.
 * @param today day in UTC, `YYYY-MM-DD`, by which exceptions expire
 */
export function evaluate(
  resources: readonly DeclaredResource[],
  {
    exceptions = [],
    today,
    rules = RULES,
  }: { exceptions?: readonly PolicyException[]; today: string; rules?: readonly Rule[] },
): PolicyFinding[] {
  const current = exceptions.filter((exception) => !isExpired(exception, today));
  return rules.flatMap((rule) =>
    violations(rule, resources).map(({ message, urn }): PolicyFinding => {
      const exception = current.find((one) => exempts(one, rule.id, urn));
      return {
        rule: rule.id,
        severity: rule.severity,
        message,
        remediation: rule.remediation,
        controls: rule.controls,
        ...(urn === undefined ? {} : { urn }),
        ...(exception === undefined ? {} : { exception }),
      };
    }),
  );
}

/** What one rule finds. Never throws, and never passes on the text of an error: it may quote a value. */
export function violations(
  rule: Rule,
  resources: readonly DeclaredResource[],
): { readonly message: string; readonly urn?: string }[] {
  const judged = <T>(act: () => T[], urn?: string): (T | { message: string; urn?: string })[] => {
    try {
      return act();
    } catch {
      return [{ message: "The rule cannot judge this: its inputs have an unexpected shape.", ...(urn ? { urn } : {}) }];
    }
  };
  if (rule.kind === "stack") return judged(() => [...rule.check(resources)]);
  return resources
    .filter(({ type }) => rule.types === undefined || rule.types.includes(type))
    .flatMap((resource) =>
      judged(() => rule.check(resource).map((message) => ({ message, urn: resource.urn })), resource.urn),
    );
}
