import type { DrillRow } from "./drill";
import type { Fact } from "./fact";
import { type Change, compare, facts } from "./facts";
import { reportedControls, type ReportedControl } from "./controls";
import { overview, protectedLosses, type Overview, type ProtectedLoss } from "./overview";
import { agentOf, headline, posture, verdictOf, type Verdict } from "./verdict";
import type { PolicyFinding } from "../../policy/library";
import type { Snapshot, SnapshotResource } from "./snapshot";
import { wholeState } from "./state";
import { parseUrn } from "../../infra/config/urn";

/** Everything a report shows; each format is a rendering of this and adds nothing. */
export interface Report {
  readonly title: string;
  /** What the change does to the agent's power; absent when there was nothing to compare with. */
  readonly verdict?: Verdict;
  /** The verdict in sentences, for somebody who reads nothing else; of a single state, what the agent may do. */
  readonly headline: readonly string[];
  /** Login of the machine user. */
  readonly agent: string;
  /** The stack, as the URNs name it; "" for an empty state. */
  readonly stack: string;
  readonly facts: readonly Fact[];
  /** Absent when there was nothing to compare with. */
  readonly changes?: readonly Change[];
  /** Guarded resources that the change takes away or makes again. */
  readonly losses: readonly ProtectedLoss[];
  /** What the rules of `policy/` say of the state after; absent when they were not asked. */
  readonly policy?: readonly PolicyFinding[];
  readonly overview: Overview;
  /** The control mapping, each row with what it was before where that differs. */
  readonly controls: readonly ReportedControl[];
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
 * Compares two states of a stack. Without `before`, everything that stands is shown as it is and nothing as changed. A
 * preview as `after` starts from `before`, and what it does not mention is taken from there. Pure: the same input gives
 * the same report.
 * @param judge the rules to ask about the state after, such as `evaluate` of `policy/`
 * @throws CouldNotRun when one of the two cannot carry a whole state.
 */
export function buildReport({
  title,
  before: from,
  after: to,
  judge,
  drill = [],
  notes = [],
}: {
  title: string;
  before?: Snapshot;
  after: Snapshot;
  judge?: (after: Snapshot) => readonly PolicyFinding[];
  drill?: readonly DrillRow[];
  notes?: readonly string[];
}): Report {
  const before = from && wholeState(from);
  const after = wholeState(to, before);
  const standing = facts(after);
  const earlier = before ? facts(before) : [];
  const changes = before
    ? compare(earlier, standing, { gone: after.resources.length === 0, made: before.resources.length === 0 })
    : undefined;
  return {
    title,
    ...(changes ? { verdict: verdictOf(changes) } : {}),
    headline: changes ? headline(earlier, standing, changes) : posture(standing),
    agent: agentOf(standing.length > 0 ? standing : earlier),
    stack: parseUrn((after.resources[0] ?? before?.resources[0])?.urn ?? "").stack,
    ...(changes ? { changes } : {}),
    losses: before ? protectedLosses(before, after) : [],
    ...(judge ? { policy: judge(after) } : {}),
    facts: standing,
    overview: overview(after),
    controls: reportedControls(after, before),
    resources: resources(before ?? EMPTY, after),
    drill,
    notes,
  };
}
