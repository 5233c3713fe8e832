import { asRecord, asList } from "../../infra/config/json";
import type { Fact } from "./fact";

/** A ruleset's inputs, of a repository or of the organization, as a snapshot shows them. */
export interface RulesetInputs {
  readonly target?: unknown;
  readonly enforcement?: unknown;
  readonly bypassActors?: unknown;
  readonly conditions?: unknown;
  readonly rules?: unknown;
}

/**
 * One fact for each rule that holds a repository, whoever keeps the ruleset: when it moves from the repository to the
 * organization, nothing has changed. The more a rule lets pass (bypass actors, refs left out, fewer approvals, fewer
 * paths), the higher its power.
 */
export function rulesetFacts(
  repository: string,
  { target, enforcement, bypassActors, conditions, rules }: RulesetInputs,
): Fact[] {
  const refs = asRecord(asRecord(conditions).refName);
  const [includes, excludes] = [asList(refs.includes).map(String), asList(refs.excludes).map(String)];
  const passing = asList(bypassActors).length;
  const active = enforcement === "active";
  const where = `${String(target)}${includes.length > 0 ? ` ${includes.join(", ")}` : ""}`;
  return Object.entries(asRecord(rules))
    .filter(([, value]) => value !== false && value !== undefined && value !== null)
    .map(([rule, value]) => {
      const asks = details(value);
      const says = [
        `${repository}: ${rule} on ${where}`,
        excludes.length > 0 ? ` but ${excludes.join(", ")}` : "",
        asks.length > 0 ? `: ${asks.join(", ")}` : "",
        active ? "" : ` (${String(enforcement)})`,
        `; ${passing} may bypass`,
      ].join("");
      return {
        id: `rule/${repository}/${where}/${rule}`,
        area: "review" as const,
        repository,
        says,
        power: (active ? 0 : 10_000) + passing * 10 + excludes.length * 10 - weight(value),
      };
    });
}

/** A parameter that asks for nothing: a provider writes it so, or leaves it out. */
const isNothing = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0);

/** What a rule with parameters asks for, in words. */
function details(value: unknown): string[] {
  return Object.entries(asRecord(value)).flatMap(([key, inner]) => {
    if (isNothing(inner)) return [];
    if (inner === true) return [key];
    if (Array.isArray(inner))
      return [`${key} ${inner.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))).join(" ")}`];
    return [`${key} ${String(inner)}`];
  });
}

/** How much it asks for: numbers count as such, lists by their length, switches as one. */
function weight(value: unknown): number {
  return Object.values(asRecord(value)).reduce<number>(
    (sum, inner) =>
      sum + (typeof inner === "number" ? inner : Array.isArray(inner) ? inner.length : inner === true ? 1 : 0),
    0,
  );
}
