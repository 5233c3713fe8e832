import { wireName, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import type { CloudflareCall, CloudflareClient } from "./client";
import { decode, encode, settle } from "./wire";

/**
 * The state's mark of the schema's version, without which the real plugin would take it for an old state and convert
 * it.
 */
export const SCHEMA_500 = JSON.stringify({ schema_version: "500" });

/** A type that lives at one address and speaks JSON. */
export interface RestType {
  properties: Properties;
  /** Properties that are part of the address, not of the body. */
  address: readonly string[];
  /** Whether the state carries a schema version (types that changed since version 4 of the provider do). */
  versioned: boolean;
  /** The address of a create. */
  collection: (props: Props) => string;
  createMethod: "POST" | "PUT";
  /** The address of one. */
  item: (props: Props, id: string) => string;
  updateMethod?: "PUT" | "POST" | "PATCH";
  /** The id, from the properties and the answer. */
  idOf: (props: Props, answer: Props) => string;
  /** The output `id` where it is not the resource's id; undefined: the type has none. */
  idOutput?: (props: Props) => string | undefined;
  /**
   * Properties that the real plugin keeps as they were at a refresh, whatever the service says (`no_refresh` in its
   * models).
   */
  notRefreshed?: readonly string[];
  /** The answer as a bag; the answer itself by default. */
  answerOf?: (answer: unknown) => Props;
  /** The body, from the encoded properties. */
  bodyOf?: (encoded: Props, operation: "create" | "update") => unknown;
  headersOf?: (props: Props, operation: "create" | "read" | "update" | "delete") => Record<string, string>;
  /** Properties whose value after an update is the answer's, not the plan's. */
  answeredOnUpdate?: readonly string[];
  /** The real plugin makes no call to delete: the thing stays. */
  staysWhenDeleted?: true;
  /** What the real plugin says before it makes one. */
  creationWarnings?: readonly string[];
  /** Where to look for one under its natural key, and how to recognise it. */
  lookUp?: { path: (props: Props) => string; matches: (found: Props, props: Props) => boolean };
}

/** Makes a resource type of it. */
export function restType(description: RestType): ResourceType<CloudflareClient> {
  const { properties, address, collection, item, idOf, updateMethod, lookUp } = description;
  const answerOf =
    description.answerOf ??
    ((answer: unknown) => (typeof answer === "object" && answer !== null ? (answer as Props) : {}));
  const headersOf = description.headersOf ?? (() => ({}));
  const meta = description.versioned ? { __meta: SCHEMA_500 } : {};

  const idOutput = (props: Props): Props => (description.idOutput ? { id: description.idOutput(props) } : {});

  const written = (plan: Props, raw: unknown, id?: string): Live => {
    const answer = answerOf(raw);
    return {
      id: id ?? idOf(plan, answer),
      outs: { ...settle(properties, plan, decode(properties, answer)), ...meta, ...idOutput(plan) },
    };
  };
  const bodyOf = (plan: Props, operation: "create" | "update", state: Props = {}): unknown => {
    const encoded = { ...clearedOf(properties, plan, state, address), ...encode(properties, plan, address) };
    return description.bodyOf ? description.bodyOf(encoded, operation) : encoded;
  };

  return {
    properties,
    ...(description.creationWarnings ? { creationWarnings: description.creationWarnings } : {}),
    async create(client, { plan }) {
      requireAddress(plan, address, properties);
      const raw = await client.result({
        method: description.createMethod,
        path: collection(plan),
        json: bodyOf(plan, "create"),
        headers: headersOf(plan, "create"),
      });
      return written(plan, raw);
    },

    async read(client, given, known) {
      const { id, state } = importedFrom(properties, address, given, known);
      const raw = await client.resultIfAny({ method: "GET", path: item(state, id), headers: headersOf(state, "read") });
      if (raw === undefined) return undefined;
      return {
        id,
        outs: {
          ...Object.fromEntries(address.map((name) => [name, state[name]])),
          ...decode(properties, answerOf(raw)),
          ...keptOf(description.notRefreshed ?? [], state),
          ...meta,
          ...idOutput(state),
        },
      };
    },

    ...(updateMethod
      ? {
          async update(client: CloudflareClient, id: string, { plan, state }: { plan: Props; state: Props }) {
            const json = bodyOf(plan, "update", state);
            const call: CloudflareCall = {
              method: updateMethod,
              path: item(plan, id),
              headers: headersOf(plan, "update"),
              ...(json === undefined ? {} : { json }),
            };
            const own = Object.fromEntries(
              Object.entries(plan).filter(([name]) => !(description.answeredOnUpdate ?? []).includes(name)),
            );
            return written(own, await client.result(call), id);
          },
        }
      : {}),

    ...(description.staysWhenDeleted
      ? {}
      : {
          delete: (client: CloudflareClient, id: string, state: Props) =>
            client.remove(item(state, id), headersOf(state, "delete")),
        }),

    ...(lookUp
      ? {
          async find(client: CloudflareClient, inputs: Props) {
            const found = newest((await client.list(lookUp.path(inputs))).filter((one) => lookUp.matches(one, inputs)));
            return found ? idOf(inputs, found) : undefined;
          },
        }
      : {}),
  };
}

/**
 * Logpush takes a name twice and counts its jobs: the last one is the one that was being made. Elsewhere a name finds
 * one thing.
 */
function newest(all: readonly Props[]): Props | undefined {
  return [...all].sort((a, b) => Number(a.id) - Number(b.id)).at(-1);
}

/**
 * Where a thing is. An import knows only its id, which then names the address too, each part before a slash
 * (`<account id>/<id>`, `<account id>/<script name>`).
 */
function importedFrom(
  properties: Properties,
  address: readonly string[],
  id: string,
  state: Props,
): { id: string; state: Props } {
  if (address.some((name) => (state[name] ?? "") !== "") || !id.includes("/")) return { id, state };
  const parts = id.split("/");
  const wanted = address.filter((name) => name !== "zoneId" || !address.includes("accountId"));
  const filled: Props = { ...state };
  for (const name of wanted) {
    if (name === "jurisdiction" && parts.length < 2) filled[name] = properties[name]?.default;
    else if (parts.length > 0) filled[name] = parts.shift();
  }
  return { id: parts.join("/") || String(filled[wanted.at(-1) ?? ""] ?? id), state: filled };
}

/** What the state had and the plan no longer wants is sent as null, so that the service forgets it. */
function clearedOf(properties: Properties, plan: Props, state: Props, address: readonly string[]): Props {
  const cleared: Props = {};
  for (const [name, property] of Object.entries(properties)) {
    if (property.output || property.computed || address.includes(name)) continue;
    if ((state[name] ?? undefined) !== undefined && (plan[name] ?? undefined) === undefined)
      cleared[wireName(name, property)] = null;
  }
  return cleared;
}

/** An import knows nothing yet, so it takes what the service says. */
function keptOf(names: readonly string[], state: Props): Props {
  return Object.fromEntries(
    names.filter((name) => (state[name] ?? undefined) !== undefined).map((name) => [name, state[name]]),
  );
}

function requireAddress(plan: Props, address: readonly string[], properties: Properties): void {
  // Of two alternatives (accountId or zoneId) one is enough.
  const wanted = address.filter((name) => name === "accountId" || name === "zoneId");
  if (wanted.length > 0 && wanted.every((name) => (plan[name] ?? "") === "")) {
    const whose = properties.name ? ` of "${String(plan.name ?? "")}"` : "";
    throw new ProviderError(`missing ${wanted.join(" or ")}${whose}: without it there is no address to call`);
  }
}

/** The account that a thing belongs to; it never changes in place. */
export const ACCOUNT: Properties = { accountId: { kind: "string", replace: true } };

/** The id of types whose answer names it plainly. */
export function idOfAnswer(_props: Props, answer: Props): string {
  return String(answer.id ?? "");
}

/** `accounts/{id}/…`, encoded. */
export function accountPath(props: Props, rest: string): string {
  return `accounts/${encodeURIComponent(String(props.accountId ?? ""))}/${rest}`;
}

/** `zones/{id}/…`, encoded. */
export function zonePath(props: Props, rest: string): string {
  return `zones/${encodeURIComponent(String(props.zoneId ?? ""))}/${rest}`;
}

/** One segment of a path. */
export function segment(value: unknown): string {
  return encodeURIComponent(String(value));
}
