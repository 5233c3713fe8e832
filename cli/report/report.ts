import type { DrillRow } from "./drill";
import type { Fact } from "./facts/fact";
import { type Change, compare, facts } from "./facts";
import { reportedControls, type ReportedControl } from "./controls";
import { overview, protectedLosses, type Overview, type ProtectedLoss } from "./overview";
import { agentOf, headline, posture, verdictOf, type Verdict } from "./verdict";
import type { PolicyFinding } from "../../policy/library";
import { withoutSecrets } from "../../gate/policy/text/secrets";
import { CouldNotRun } from "../support/exit";
import { propertyChanges, type PropertyChange } from "./properties";
import { gateSide, reach, type GateSide, type Reach } from "./reach";
import type { Snapshot } from "./snapshot";
import { asDeployed, wholeState } from "./state";
import { parseUrn } from "../../infra/config/urn";
import { byCode } from "../../infra/model/text";

/** One of the files that a report was made from. */
interface ReportInput {
  readonly side: "before" | "after";
  readonly kind: "export" | "preview" | "plan";
  /** Of the file's bytes, hexadecimal; absent where there was no file. */
  readonly sha256?: string;
  /** Version of the Pulumi CLI that wrote it, and when; where the file tells. */
  readonly pulumi?: string;
  readonly time?: string;
  /** Versions of the provider plugins, where the file tells. */
  readonly plugins: Readonly<Record<string, string>>;
}

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
  /** Who reaches which repository, through which locks, before and after. */
  readonly reach: readonly Reach[];
  /** The gate, before and after; a side without a gate is absent. */
  readonly gate: { readonly before?: GateSide; readonly after?: GateSide };
  readonly overview: Overview;
  /** The control mapping, each row with what it was before where that differs. */
  readonly controls: readonly ReportedControl[];
  readonly resources: readonly {
    readonly change: "created" | "deleted" | "updated" | "same";
    readonly type: string;
    readonly name: string;
    readonly keys: readonly string[];
    /** What differs below these keys, by meaning; lists are sets. */
    readonly properties: readonly PropertyChange[];
  }[];
  /** What the report was made from. */
  readonly inputs: readonly ReportInput[];
  readonly drill: readonly DrillRow[];
  readonly notes: readonly string[];
}

function resources(before: Snapshot, after: Snapshot): Report["resources"] {
  const old = new Map(before.resources.map((r) => [r.urn, r]));
  const now = new Set(after.resources.map(({ urn }) => urn));
  const rows = after.resources.map((r): Report["resources"][number] => {
    const was = old.get(r.urn);
    const properties = was && was !== r ? propertyChanges(was, r) : [];
    const keys = [...new Set(properties.map(({ path }) => /^[^.[:]+/.exec(path)?.[0] ?? path))];
    return {
      change: was ? (keys.length > 0 ? "updated" : "same") : "created",
      type: r.type,
      name: r.name,
      keys,
      properties,
    };
  });
  const gone = before.resources
    .filter((r) => !now.has(r.urn))
    .map((r) => ({ change: "deleted" as const, type: r.type, name: r.name, keys: [], properties: [] }));
  return [...rows, ...gone].sort((a, b) => byCode(a.type, b.type) || byCode(a.name, b.name));
}

const inputOf = (side: ReportInput["side"], { source, plan, sha256, made, providers = [] }: Snapshot): ReportInput => ({
  side,
  kind: plan ? "plan" : source,
  ...(sha256 === undefined ? {} : { sha256 }),
  ...made,
  plugins: Object.fromEntries(
    providers
      .flatMap(({ type, inputs }) =>
        typeof inputs.version === "string" ? [[type.replace("pulumi:providers:", ""), inputs.version] as const] : [],
      )
      .sort(([a], [b]) => byCode(a, b)),
  ),
});

const side = (name: "before" | "after", value: GateSide | undefined): Report["gate"] =>
  value === undefined ? {} : { [name]: value };

/** @throws CouldNotRun when the files are of two projects: nothing in them can be compared */
function sameProject(before: Snapshot, after: Snapshot): void {
  const [one, other] = [before, after].map(({ resources: [first], preview }) =>
    parseUrn(first?.urn ?? preview?.found[0] ?? ""),
  );
  if (one?.project && other?.project && one.project !== other.project)
    throw new CouldNotRun(
      `${after.file ?? "after"}: is of the project ${other.project}, and ${before.file ?? "before"} is of ${one.project}; give two files of one project`,
    );
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
  if (from) sameProject(from, to);
  const base = from && wholeState(from);
  const after = asDeployed(wholeState(to, base));
  const before = base && asDeployed(base);
  const standing = facts(after);
  const earlier = before ? facts(before) : [];
  const changes = before
    ? compare(earlier, standing, { gone: after.resources.length === 0, made: before.resources.length === 0 })
    : undefined;
  return redacted({
    title,
    ...(changes ? { verdict: verdictOf(changes) } : {}),
    headline: changes ? headline(earlier, standing, changes) : posture(standing),
    agent: agentOf(standing.length > 0 ? standing : earlier),
    stack: parseUrn((after.resources[0] ?? before?.resources[0])?.urn ?? "").stack,
    ...(changes ? { changes } : {}),
    losses: before ? protectedLosses(before, after) : [],
    ...(judge ? { policy: judge(after) } : {}),
    facts: standing,
    reach: reach(standing, before && earlier),
    gate: {
      ...side("before", gateSide(earlier)),
      ...side("after", gateSide(standing)),
    },
    overview: overview(after),
    controls: reportedControls(after, before),
    resources: resources(before ?? EMPTY, after),
    inputs: [...(from ? [inputOf("before", from)] : []), inputOf("after", to)],
    drill,
    notes,
  });
}

/**
 * Whatever looks like a credential by its format goes, wherever a program may have left it. What holds none stays the
 * same object: a report of a thousand repositories is large.
 */
function redacted<T>(value: T): T {
  if (typeof value === "string") return withoutSecrets(value) as T;
  if (value === null || typeof value !== "object") return value;
  let changed = false;
  const clean = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const entry: [string, unknown] = [withoutSecrets(key), redacted(inner)];
    changed ||= entry[0] !== key || entry[1] !== inner;
    return entry;
  });
  if (!changed) return value;
  return (Array.isArray(value) ? clean.map(([, inner]) => inner) : Object.fromEntries(clean)) as T;
}
