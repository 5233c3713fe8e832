/** What a resource type of this package is: its properties and the calls that the real plugin makes for it. */
import { ProviderError, type CheckFailure, type Props } from "../types";
import { isNotFound, type GitHubClient } from "./client";
import type { Change, ResourceType } from "../support/resource";
import type { Properties } from "../support/properties";
import { refusals, type Fields } from "./fields";

/** The configured account: who is asked, and whose things are managed. */
export interface Api {
  client: GitHubClient;
  owner: string;
  /** Numeric id of the owner when it is an organization. */
  organizationId?: number;
}

/** A resource as it is now. */
export interface Live {
  id: string;
  state: Props;
}

export interface Kind {
  /** `github:index/team:Team` */
  token: string;
  fields: Fields;
  /** Refused, without a call, when the owner is a user account. */
  organizationOnly?: boolean;
  /** The old one has to go before the new one comes: both would be the same thing on the server. */
  deleteBeforeReplace?: boolean;
  /** Version of the state's schema, where the plugin's schema has one. */
  schemaVersion?: number;
  /** What no single property can tell. */
  validate?(inputs: Props): CheckFailure[];
  /**
   * `planned`: inputs with defaults. `exists` is told as soon as the server holds the thing, when more calls follow.
   */
  create(api: Api, planned: Props, exists: (live: Live) => void): Promise<Live>;
  /** `undefined`: gone. */
  read(api: Api, id: string, state: Props): Promise<Live | undefined>;
  /** `planned`: inputs, and what only the server gives from `state`. Answers the whole new state. */
  update(api: Api, id: string, planned: Props, state: Props): Promise<Live>;
  delete(api: Api, id: string, state: Props): Promise<void>;
  /** From the id that a person gives to an import: what `read` needs to start. */
  importState(api: Api, id: string): Promise<Live>;
  /** The id of a live resource with these inputs' natural key. */
  find?(api: Api, inputs: Props): Promise<string | undefined>;
}

/** The type as the declarative provider takes it. */
export function resourceType(kind: Kind): ResourceType<Api> {
  const outs = (live: Live): { id: string; outs: Props } => ({ id: live.id, outs: live.state });
  return {
    properties: kind.fields as Properties,
    ...(kind.schemaVersion === undefined ? {} : { schemaVersion: kind.schemaVersion }),
    check: (inputs) => [...refusals(kind.fields, inputs), ...(kind.validate?.(inputs) ?? [])],
    async create(api, { plan }: Change, exists) {
      mustBeOrganization(kind, api);
      return outs(await kind.create(api, plan, (live) => exists(outs(live))));
    },
    async read(api, id, state) {
      mustBeOrganization(kind, api);
      const start = Object.keys(state).some((name) => name !== "id") ? { id, state } : await kind.importState(api, id);
      const live = await kind.read(api, start.id, start.state);
      return live && outs(live);
    },
    async update(api, id, { plan, state }: Change) {
      return outs(await kind.update(api, id, plan, state));
    },
    async delete(api, id, state) {
      await kind.delete(api, id, state);
    },
    ...(kind.find ? { find: async (api: Api, inputs: Props) => kind.find?.(api, inputs) } : {}),
  };
}

function mustBeOrganization(kind: Kind, api: Api): void {
  if (kind.organizationOnly && api.organizationId === undefined) {
    throw new ProviderError(
      `this resource can only be used in the context of an organization, "${api.owner}" is a user`,
    );
  }
}

/** A string property; "" when it is not set. */
export const str = (props: Props, name: string): string =>
  typeof props[name] === "string" ? (props[name] as string) : "";

/** A boolean property; false when it is not set. */
export const flag = (props: Props, name: string): boolean => props[name] === true;

/** A number property; 0 when it is not set. */
export const num = (props: Props, name: string): number =>
  typeof props[name] === "number" ? (props[name] as number) : 0;

/** A list property; empty when it is not set. */
export const list = <T = unknown>(props: Props, name: string): T[] =>
  Array.isArray(props[name]) ? (props[name] as T[]) : [];

/** Runs a call whose "not found" means that the resource is gone. */
export async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The parts of an id such as `repo:name`. */
export function idParts(id: string, count: number, form: string): string[] {
  const parts = id.split(":");
  if (parts.length !== count || parts.some((part) => part === ""))
    throw new ProviderError(`unexpected id "${id}": it must have the form ${form}`);
  return parts;
}
