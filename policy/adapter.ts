import { UnknownValueError, type Policies } from "@pulumi/policy";
import { enforcementOf } from "./enforcement";
import { violations } from "./evaluate";
import { RULES } from "./rules";
import { UNKNOWN, type DeclaredResource, type Rule } from "./rule";

/**
 * The rules as policies of CrossGuard. They are made apart from the pack, because the pack's constructor starts a
 * server. A rule about one resource stops it before it is created; one about the stack speaks at the end of a preview
 * or an update.
 */
export function crossGuardPolicies(rules: readonly Rule[] = RULES): Policies {
  const enforcement = enforcementOf("strict");
  return rules.map((rule) => {
    const about = {
      name: rule.id,
      description: rule.description,
      enforcementLevel: enforcement[rule.id] ?? "mandatory",
      severity: rule.severity,
      remediationSteps: rule.remediation,
      tags: [...rule.controls],
    };
    return rule.kind === "resource"
      ? {
          ...about,
          validateResource: ({ urn, type, name, props }, report) => {
            for (const { message } of violations(rule, [declared({ urn, type, name, props })])) report(message);
          },
        }
      : {
          ...about,
          validateStack: ({ resources }, report) => {
            for (const { message, urn } of violations(rule, resources.map(declared))) report(message, urn);
          },
        };
  });
}

function declared({
  urn,
  type,
  name,
  props,
}: {
  urn: string;
  type: string;
  name: string;
  props: Record<string, unknown>;
}): DeclaredResource {
  return { urn, type, name, inputs: plain(props) as Record<string, unknown> };
}

/** A copy of what the engine hands over. Its values stand behind a proxy that throws where one is not known yet. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  const copy = (key: string | number): unknown => {
    try {
      return plain((value as Record<string | number, unknown>)[key]);
    } catch (error) {
      if (error instanceof UnknownValueError) return UNKNOWN;
      throw error;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => copy(index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, copy(key)]));
}
