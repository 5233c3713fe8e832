import { randomBytes } from "node:crypto";
import { UNKNOWN, type CheckFailure, type Props } from "../types";
import { isInput, isZero, withoutInternals, type Properties, type Property } from "./properties";

/** Longest automatic name, as the bridged providers have it. */
const MAX_NAME_LENGTH = 255;

/**
 * Fills in an automatic name (kept from the last inputs when it was automatic then) and the defaults; `falsy`: also
 * those that are "", 0 or false, which newer bridges leave to the plan. Notes in `__defaults` which properties it
 * filled in, at each level, as the bridge of Terraform's older SDK does.
 */
export function fillIn(urn: string, properties: Properties, olds: Props, news: Props, falsy = true): Props {
  const filled: Props = {};
  const defaults: string[] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (!isInput(property)) continue;
    const given = news[name];
    if (given !== undefined && given !== null) {
      filled[name] = fillInNested(property, given, falsy);
      continue;
    }
    const automatic = automaticValue(urn, name, property, olds);
    if (automatic === undefined || (!falsy && isZero(automatic))) continue;
    filled[name] = automatic;
    defaults.push(name);
  }
  // Inputs that the type does not have stay, so that the check can name them.
  for (const [name, value] of Object.entries(news)) {
    if (!(name in filled) && value !== undefined && value !== null && !name.startsWith("__")) filled[name] = value;
  }
  return { __defaults: defaults.sort(), ...filled };
}

function fillInNested(property: Property, value: unknown, falsy: boolean): unknown {
  const fields = property.fields;
  if (!fields || value === UNKNOWN) return value;
  if (Array.isArray(value))
    return value.map((item: unknown) => (isBag(item) ? fillIn("", fields, {}, item, falsy) : item));
  return isBag(value) ? fillIn("", fields, {}, value, falsy) : value;
}

function automaticValue(urn: string, name: string, property: Property, olds: Props): unknown {
  if (property.default !== undefined) return property.default;
  if (!property.autoname) return undefined;
  const before = olds[name];
  if (typeof before === "string" && Array.isArray(olds.__defaults) && olds.__defaults.includes(name)) return before;
  const base = urn.split("::").at(-1) ?? "resource";
  return `${base.slice(0, MAX_NAME_LENGTH - 8)}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

/** Missing, unknown and mistyped properties, each with its path. */
export function failuresOf(properties: Properties, inputs: Props, path = ""): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (!isInput(property)) continue;
    const value = inputs[name];
    const at = path === "" ? name : `${path}.${name}`;
    if (value === undefined || value === null) {
      if (property.required) failures.push({ property: at, reason: `missing required property "${name}"` });
    } else failures.push(...typeFailures(at, property, value));
  }
  for (const name of Object.keys(withoutInternals(inputs))) {
    const property = properties[name];
    if (!property || !isInput(property)) {
      failures.push({
        property: path === "" ? name : `${path}.${name}`,
        reason: property ? `"${name}" is an output and cannot be set` : `no such property: "${name}"`,
      });
    }
  }
  return failures;
}

function typeFailures(path: string, property: Property, value: unknown): CheckFailure[] {
  if (value === UNKNOWN) return [];
  const wrong = (wanted: string): CheckFailure[] => [
    { property: path, reason: `must be ${wanted}, but is ${typeName(value)}` },
  ];
  switch (property.kind) {
    case "object":
      return isBag(value) ? failuresOf(property.fields ?? {}, value, path) : wrong("an object");
    case "map":
      return isBag(value) ? [] : wrong("a map");
    case "list":
    case "set":
      if (!Array.isArray(value)) return wrong("a list");
      return value.flatMap((item: unknown, index) => {
        if (!property.fields || item === UNKNOWN) return [];
        return isBag(item)
          ? failuresOf(property.fields, item, `${path}[${index}]`)
          : [{ property: `${path}[${index}]`, reason: "must be an object" }];
      });
    case "number":
      // Terraform takes the text of a number for a number.
      return typeof value === "number" || (typeof value === "string" && value !== "" && Number.isFinite(Number(value)))
        ? []
        : wrong("a number");
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false" ? [] : wrong("a boolean");
    default:
      return typeof value === "object" ? wrong("a string") : [];
  }
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function isBag(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
