import type { DrillRow } from "./drill";
import type { Fact } from "./fact";
import { type Change, compare, facts } from "./facts";
import type { Snapshot, SnapshotResource } from "./snapshot";
import { wholeState } from "./state";

/** Everything a report shows; each format is a rendering of this and adds nothing. */
export interface Report {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** Absent when there was nothing to compare with. */
  readonly changes?: readonly Change[];
  readonly resources: readonly {
    readonly change: "created" | "deleted" | "updated" | "same";
    readonly type: string;
    readonly name: string;
    readonly keys: readonly string[];
  }[];
  readonly drill: readonly DrillRow[];
  readonly notes: readonly string[];
}

const changedKeys = (before: SnapshotResource, after: SnapshotResource): string[] =>
  [...new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])]
    .filter((key) => JSON.stringify(before.inputs[key]) !== JSON.stringify(after.inputs[key]))
    .sort();

function resources(before: Snapshot, after: Snapshot): Report["resources"] {
  const old = new Map(before.resources.map((r) => [r.urn, r]));
  const now = new Map(after.resources.map((r) => [r.urn, r]));
  const rows = after.resources.map((r) => {
    const was = old.get(r.urn);
    const keys = was ? changedKeys(was, r) : [];
    return {
      change: was ? (keys.length > 0 ? ("updated" as const) : ("same" as const)) : ("created" as const),
      type: r.type,
      name: r.name,
      keys,
    };
  });
  const gone = before.resources
    .filter((r) => !now.has(r.urn))
    .map((r) => ({ change: "deleted" as const, type: r.type, name: r.name, keys: [] }));
  return [...rows, ...gone].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
}

const EMPTY: Snapshot = { source: "export", resources: [], outputs: {} };

/**
 * Compares two states of a stack. Without `before`, everything that stands is shown as it is and nothing as changed. A preview as
 * `after` starts from `before`, and what it does not mention is taken from there.
 * @throws CouldNotRun when one of the two cannot carry a whole state.
 */
export function buildReport({
  title,
  before: from,
  after: to,
  drill = [],
  notes = [],
}: {
  title: string;
  before?: Snapshot;
  after: Snapshot;
  drill?: readonly DrillRow[];
  notes?: readonly string[];
}): Report {
  const before = from && wholeState(from);
  const after = wholeState(to, before);
  const standing = facts(after);
  return {
    title,
    facts: standing,
    ...(before
      ? {
          changes: compare(facts(before), standing, {
            gone: after.resources.length === 0,
            made: before.resources.length === 0,
          }),
        }
      : {}),
    resources: resources(before ?? EMPTY, after),
    drill,
    notes,
  };
}
