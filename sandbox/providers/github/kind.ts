/** What a resource type of this package is: its properties and the calls that the real plugin makes for it. */
import { ProviderError, type CheckFailure, type Props } from "../types";
import { isNotFound, type GitHubClient } from "./client";
import type { Fields } from "./schema";

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
  /** A missing `name` becomes the resource's name with a random suffix. */
  autoName?: boolean;
  deleteBeforeReplace?: boolean;
  secretOutputs?: readonly string[];
  /** What no single property can tell. */
  validate?(inputs: Props): CheckFailure[];
  /** `planned`: inputs with defaults. */
  create(api: Api, planned: Props): Promise<Live>;
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

/** A string property; "" when it is not set. */
export const str = (props: Props, name: string): string => (typeof props[name] === "string" ? (props[name] as string) : "");

/** A boolean property; false when it is not set. */
export const flag = (props: Props, name: string): boolean => props[name] === true;

/** A number property; 0 when it is not set. */
export const num = (props: Props, name: string): number => (typeof props[name] === "number" ? (props[name] as number) : 0);

/** A list property; empty when it is not set. */
export const list = <T = unknown>(props: Props, name: string): T[] => (Array.isArray(props[name]) ? (props[name] as T[]) : []);

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
  if (parts.length !== count || parts.some((part) => part === "")) throw new ProviderError(`unexpected id "${id}": it must have the form ${form}`);
  return parts;
}
