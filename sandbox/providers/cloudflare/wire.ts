import { canonical, isComputed, wireName, type Properties, type Property } from "../support/properties";
import { ProviderError, type Props } from "../types";

/** A body out of a bag of properties: wire names, sorted keys, unset properties left out, outputs never sent. */
export function encode(properties: Properties, bag: Props, except: readonly string[] = []): Props {
  const body: [string, unknown][] = [];
  for (const [name, property] of Object.entries(properties)) {
    const value = bag[name];
    if (property.output || except.includes(name) || value === undefined || value === null) continue;
    body.push([wireName(name, property), encodeValue(name, property, value)]);
  }
  return Object.fromEntries(body.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function encodeValue(name: string, property: Property, value: unknown): unknown {
  switch (property.kind) {
    case "number":
      return Number(value);
    case "boolean":
      return value === true || value === "true";
    case "json":
      return parsed(name, value);
    case "object":
      return encode(property.fields ?? {}, value as Props);
    case "list":
    case "set":
      return property.fields ? (value as Props[]).map((item) => encode(property.fields ?? {}, item)) : value;
    default:
      return value;
  }
}

function parsed(name: string, value: unknown): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    // Without the parser's words, which quote the value.
    throw new ProviderError(`"${name}" is no JSON document`);
  }
}

/** Properties out of an answer. A key that the answer lacks is left out, an explicit null stays null. */
export function decode(properties: Properties, answer: unknown): Props {
  const bag: Props = {};
  if (typeof answer !== "object" || answer === null) return bag;
  for (const [name, property] of Object.entries(properties)) {
    const value = (answer as Props)[wireName(name, property)];
    if (value !== undefined) bag[name] = decodeValue(property, value);
  }
  return bag;
}

function decodeValue(property: Property, value: unknown): unknown {
  if (value === null) return null;
  switch (property.kind) {
    case "json":
      return canonical(value);
    case "object":
      return withoutNulls(decode(property.fields ?? {}, value));
    case "list":
    case "set":
      return property.fields && Array.isArray(value)
        ? value.map((item: unknown) => withoutNulls(decode(property.fields ?? {}, item)))
        : value;
    default:
      return value;
  }
}

/**
 * What a write leaves in the state: the plan, and from the answer only what the plan does not know. The real plugin
 * keeps the program's own values even where the service answers with others.
 */
export function settle(properties: Properties, plan: Props, answer: Props): Props {
  const settled: Props = {};
  for (const [name, property] of Object.entries(properties)) {
    const own = plan[name] ?? undefined;
    const theirs = answer[name] ?? undefined;
    if (own === undefined) {
      settled[name] = isComputed(property) ? theirs : undefined;
    } else if (property.fields) settled[name] = settleNested(property.fields, own, theirs);
    else settled[name] = own;
  }
  return settled;
}

function settleNested(fields: Properties, own: unknown, theirs: unknown): unknown {
  if (Array.isArray(own)) {
    const answers = Array.isArray(theirs) && theirs.length === own.length ? theirs : [];
    return own.map((item: unknown, index) => settleNested(fields, item, answers[index]));
  }
  if (typeof own !== "object" || own === null) return own;
  const answer = typeof theirs === "object" && theirs !== null ? (theirs as Props) : {};
  return withoutNulls(settle(fields, own as Props, answer));
}

function withoutNulls(bag: Props): Props {
  return Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined && value !== null));
}
