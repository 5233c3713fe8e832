import { containsUnknown } from "./values";
import { parseProviderRef } from "./urns";
import type { OperationType, PendingOperation, ResourceState, Snapshot } from "./state";

/**
 * Keeps what is known about the stack while it changes, and hands it out for writing before and after every step.
 * The order is Pulumi's: what this run has handled, in the order in which it finished, then what the last run left and
 * this one has not touched.
 */
export class Checkpoint {
  private readonly handled = new Set<ResourceState>();
  private readonly finished = new Set<ResourceState>();
  private readonly pending = new Map<ResourceState, OperationType>();
  private held: ResourceState | undefined;
  private saving: Promise<void> | undefined;
  private unwritten = false;

  constructor(
    private readonly base: readonly ResourceState[],
    private readonly write: (snapshot: Snapshot) => void,
    /**
     * Writes once, at the end: quick for many resources, and a run that dies loses what it did. Pulumi's
     * PULUMI_SKIP_CHECKPOINTS.
     */
    private readonly onlyAtEnd = false,
  ) {}

  /** Records that an operation is about to begin; a run that dies after this leaves it behind for the next one. */
  begin(state: ResourceState, type: OperationType): Promise<void> {
    this.held = undefined;
    this.pending.set(state, type);
    return this.save();
  }

  /** Records how it ended: `done` leaves the state, `made` enters it. */
  end(state: ResourceState, outcome: { done?: ResourceState; made?: ResourceState }): Promise<void> {
    this.pending.delete(state);
    this.settle(outcome);
    return this.save();
  }

  /** The same where no operation was pending: nothing outside was touched. */
  settle(outcome: { done?: ResourceState; made?: ResourceState }): void {
    if (outcome.done) this.finished.add(outcome.done);
    if (outcome.made) this.handled.add(outcome.made);
  }

  /**
   * Keeps a newly made resource out of the file until something else is written. Used for the stack itself:
   * a program that fails on its configuration must leave no state behind.
   */
  hold(state: ResourceState): void {
    this.settle({ made: state });
    this.held = state;
  }

  release(): void {
    this.held = undefined;
  }

  /** Writes what was left for the end. */
  finish(): void {
    if (this.unwritten) this.write(this.snapshot());
  }

  snapshot(): Snapshot {
    const made = [...this.handled].filter((state) => !this.finished.has(state) && state !== this.held);
    const left = this.base.filter((state) => !this.finished.has(state) && !this.handled.has(state));
    const pending: PendingOperation[] = [...this.pending].map(([resource, type]) => ({
      resource: sendable(resource),
      type,
    }));
    return { resources: withoutDangling(renameAliased([...made, ...left])), pending };
  }

  /** Writes; what is asked for in the same turn is written together, which saves a slow disk most of its work. */
  save(): Promise<void> {
    if (this.onlyAtEnd) {
      this.unwritten = true;
      return Promise.resolve();
    }
    this.saving ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.saving = undefined;
        try {
          this.write(this.snapshot());
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    return this.saving;
  }
}

/** A pending create may have inputs that were unknown only in a preview; a checkpoint never holds unknowns. */
function sendable(resource: ResourceState): ResourceState {
  return containsUnknown(resource.inputs) ? { ...resource, inputs: {} } : resource;
}

/** References to a resource by a former name follow it to its new one; the former names themselves are not kept. */
function renameAliased(resources: readonly ResourceState[]): ResourceState[] {
  const renamed = new Map<string, string>();
  for (const { urn, aliases = [] } of resources) for (const alias of aliases) renamed.set(alias, urn);
  const rename = (urn: string): string => renamed.get(urn) ?? urn;
  const renameRef = (ref: string): string => {
    const { urn, id } = parseProviderRef(ref);
    return `${rename(urn)}::${id}`;
  };
  return resources.map((state) => {
    if (renamed.size === 0) return state;
    const { aliases: _, ...kept } = state;
    return {
      ...kept,
      ...(state.parent ? { parent: rename(state.parent) } : {}),
      ...(state.provider ? { provider: renameRef(state.provider) } : {}),
      dependencies: state.dependencies.map(rename),
      ...(state.propertyDependencies
        ? {
            propertyDependencies: Object.fromEntries(
              Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(rename)]),
            ),
          }
        : {}),
      ...(state.deletedWith ? { deletedWith: rename(state.deletedWith) } : {}),
    };
  });
}

/** A dependency on a resource that is gone would make the state unreadable to Pulumi. */
export function withoutDangling(resources: readonly ResourceState[]): ResourceState[] {
  const known = new Set(resources.map((state) => state.urn));
  const keep = (urns: readonly string[]): string[] => urns.filter((urn) => known.has(urn));
  return resources.map((state) => {
    const all = [...state.dependencies, ...Object.values(state.propertyDependencies ?? {}).flat()];
    if (all.every((urn) => known.has(urn)) && (!state.deletedWith || known.has(state.deletedWith))) return state;
    const { deletedWith, ...kept } = state;
    return {
      ...kept,
      ...(deletedWith && known.has(deletedWith) ? { deletedWith } : {}),
      dependencies: keep(state.dependencies),
      ...(state.propertyDependencies
        ? {
            propertyDependencies: Object.fromEntries(
              Object.entries(state.propertyDependencies).map(([key, urns]) => [key, keep(urns)]),
            ),
          }
        : {}),
    };
  });
}
