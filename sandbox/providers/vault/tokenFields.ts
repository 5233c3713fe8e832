import { isZero, type Properties } from "../support/properties";
import type { Change } from "../support/resource";
import type { Props } from "../types";
import { nonZero, pick, unpick } from "./values";

/** What a role says about the tokens it gives out; the same for every auth method. */
export const TOKEN_FIELDS: Properties = {
  aliasMetadata: { kind: "map" },
  tokenBoundCidrs: { kind: "set" },
  tokenExplicitMaxTtl: { kind: "number" },
  tokenMaxTtl: { kind: "number" },
  tokenNoDefaultPolicy: { kind: "boolean" },
  tokenNumUses: { kind: "number" },
  tokenPeriod: { kind: "number" },
  tokenPolicies: { kind: "set" },
  tokenTtl: { kind: "number" },
  tokenType: { kind: "string", default: "default" },
};

const NAMES = Object.keys(TOKEN_FIELDS);

/** The fields of a create: all that are set. */
export function tokenFieldsOfCreate(plan: Props): Props {
  const noDefaultPolicy = plan.tokenNoDefaultPolicy === undefined ? [] : ["tokenNoDefaultPolicy"];
  return { ...nonZero(TOKEN_FIELDS, plan, NAMES), ...pick(TOKEN_FIELDS, plan, noDefaultPolicy) };
}

/** The fields of an update: the changed ones alone. */
export function tokenFieldsOfUpdate({ plan, changed }: Change): Props {
  return pick(
    TOKEN_FIELDS,
    plan,
    NAMES.filter((name) => changed.has(name)),
  );
}

/**
 * The fields out of a role's answer. The server shortens /32 and /128 addresses; they get their length back unless the
 * program wrote them short.
 */
export function readTokenFields(data: Props, state: Props): Props {
  const outs = unpick(TOKEN_FIELDS, data, NAMES);
  const own = new Set(Array.isArray(state.tokenBoundCidrs) ? (state.tokenBoundCidrs as unknown[]) : []);
  if (Array.isArray(outs.tokenBoundCidrs)) {
    outs.tokenBoundCidrs = outs.tokenBoundCidrs.map((address: unknown) => {
      const text = String(address);
      if (text.includes("/") || own.has(text)) return text;
      return `${text}/${text.includes(":") ? 128 : 32}`;
    });
  }
  return { aliasMetadata: isZero(state.aliasMetadata) ? null : state.aliasMetadata, ...outs };
}
