import { asRecord, asList, asText } from "../../../infra/config/json";
import { byCode } from "../../../infra/model/text";
import type { Fact } from "./fact";

/** A ruleset's inputs, of a repository or of the organization, as a snapshot shows them. */
export interface RulesetInputs {
  readonly target?: unknown;
  readonly enforcement?: unknown;
  readonly bypassActors?: unknown;
  readonly conditions?: unknown;
  readonly rules?: unknown;
}

/** Parameters that let more pass the more they hold. */
const PERMITS: ReadonlySet<string> = new Set([
  "allowedMergeMethods",
  "doNotEnforceOnCreate",
  "updateAllowsFetchAndMerge",
]);
/** Limits by number: the higher, the more passes. */
const CEILING = /^max/;

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
  const passing = asList(bypassActors).map(asRecord);
  const active = enforcement === "active";
  const where = `${String(target)}${includes.length > 0 ? ` ${includes.join(", ")}` : ""}`;
  const around: Record<string, number> = {
    ...Object.fromEntries(excludes.map((ref) => [`leaves out ${ref}`, 1])),
    ...Object.fromEntries(
      passing.flatMap(({ actorType, actorId, bypassMode }) => {
        const part = `bypass by ${asText(actorType) || "actor"} ${asText(actorId)}`.trimEnd();
        return [
          [part, 1] as const,
          ...(bypassMode === "pull_request" ? [] : [[`${part} without a pull request`, 1] as const]),
        ];
      }),
    ),
    ...(active ? { enforcement: -1 } : {}),
  };
  return Object.entries(asRecord(rules))
    .filter(([, value]) => value !== false && value !== undefined && value !== null)
    .map(([rule, value]) => {
      const asks = details(value);
      const says = [
        `${repository}: ${rule} on ${where}`,
        excludes.length > 0 ? ` but ${excludes.join(", ")}` : "",
        asks.length > 0 ? `: ${asks.join(", ")}` : "",
        active ? "" : ` (${String(enforcement)})`,
        `; ${passing.length} may bypass`,
      ].join("");
      const parts = { ...around, ...demands(value) };
      return {
        id: `rule/${repository}/${where}/${rule}`,
        area: "review" as const,
        repository,
        says,
        power: (active ? 0 : 10_000) + Object.values(parts).reduce((sum, part) => sum + part, 0),
        parts,
      };
    });
}

/** A parameter that asks for nothing: a provider writes it so, or leaves it out. */
const isNothing = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0);

/** A value in one line, whatever the order of its keys. */
const plain = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(plain).join(" ")
    : value !== null && typeof value === "object"
      ? Object.entries(value)
          .filter(([, inner]) => !isNothing(inner))
          .sort(([a], [b]) => byCode(a, b))
          .map(([key, inner]) => `${key} ${plain(inner)}`)
          .join(", ")
      : String(value);

/** What a rule with parameters asks for, in words. */
function details(value: unknown): string[] {
  return Object.entries(asRecord(value)).flatMap(([key, inner]) => {
    if (isNothing(inner)) return [];
    if (inner === true) return [key];
    if (Array.isArray(inner)) return [`${key} ${inner.map(bracketed).sort().join(" ")}`];
    return [`${key} ${plain(inner)}`];
  });
}
const bracketed = (value: unknown): string =>
  typeof value === "object" && value !== null ? `(${plain(value)})` : String(value);

/** The same as parts: what is asked for counts below 0. A value without an order is a part with its text. */
function demands(value: unknown): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [key, inner] of Object.entries(asRecord(value))) {
    if (isNothing(inner)) continue;
    const sign = PERMITS.has(key) ? 1 : -1;
    if (typeof inner === "number" && !CEILING.test(key)) parts[key] = sign * inner;
    else if (inner === true) parts[key] = sign;
    else if (Array.isArray(inner)) for (const one of inner) parts[`${key} ${bracketed(one)}`] = sign;
    else parts[`${key} ${plain(inner)}`] = sign;
  }
  return parts;
}
