import type { CheckFailure, Props } from "../types";
import type { Properties } from "./properties";

/** A live resource: its id and its outputs (a property left out is unset; `null` counts as unset). */
export interface Live {
  /**
   * `outs.id`, where it is given, is the output of that name, for types whose id differs from it; undefined: there is
   * none.
   */
  id: string;
  outs: Props;
}

/** An update or a create as a resource type sees it. */
export interface Change {
  /** The wanted properties: inputs, defaults, and what the service filled in before. */
  plan: Props;
  /** The last known outputs ({} for a create). */
  state: Props;
  /** Top-level properties that change (all given ones for a create). */
  changed: ReadonlySet<string>;
}

/**
 * A resource type: its properties and the calls it makes through a client `C`. Unknown values never reach these
 * functions.
 */
export interface ResourceType<C> {
  properties: Properties;
  /**
   * Makes the resource. `exists` is called as soon as the service holds it, so that a failure in a later call
   * leaves a resource that the engine knows of.
   */
  create(client: C, change: Change, exists: (live: Live) => void): Promise<Live>;
  /** Reads it; undefined when it is gone. `state` are the last known outputs, {} for an import. */
  read(client: C, id: string, state: Props): Promise<Live | undefined>;
  /** Changes it in place. Absent where every input forces a replacement. */
  update?(client: C, id: string, change: Change): Promise<Live>;
  /** Removes it. Absent where the real plugin makes no call (the thing stays in the service). */
  delete?(client: C, id: string, state: Props): Promise<void>;
  /** The id of the live resource under the natural key of these inputs. Absent where there is none. */
  find?(client: C, inputs: Props): Promise<string | undefined>;
  /**
   * Version of the state's schema, where the real plugin has one; without it the real plugin takes a state for an older
   * form.
   */
  schemaVersion?: number;
  /** What the real plugin says before it makes one, in previews too. */
  creationWarnings?: readonly string[];
  /** Further refusals of inputs, beyond missing, unknown and mistyped properties. */
  check?(inputs: Props): CheckFailure[];
  /** Values that follow from the inputs alone, so that a preview knows them. */
  derive?(given: Props): Props;
  /** Further top-level properties whose change forces a replacement under these inputs. */
  replaceAlso?(plan: Props): readonly string[];
}

/** A function (data source). */
export type InvokeFunction<C> = (client: C, args: Props) => Promise<Props>;
