import { byCode, sorted } from "../../../infra/model/text";
import { WRITE_POWER, accessBy, type Fact } from "./fact";

/** One difference between two states. */
export interface Change {
  readonly kind: "widened" | "narrowed" | "changed" | "granted" | "withdrawn";
  readonly area: Fact["area"];
  readonly id: string;
  readonly before?: string;
  readonly after?: string;
  /** What moved, element by element, such as `now update` or `requiredApprovingReviewCount 2 → 1`. */
  readonly details?: readonly string[];
  readonly repository?: string;
}

const ORDER: Record<Change["kind"], number> = { widened: 0, granted: 1, changed: 2, withdrawn: 3, narrowed: 4 };

/** Facts outside review and audit whose absence is the dangerous state. */
const LOCK_IDS = ["gate/limit/", "gate/protected-paths", "rotation/"];
/** A fact whose absence is the dangerous state: a lock that goes away widens. */
const isLock = ({ area, id }: Fact): boolean =>
  area === "review" || area === "audit" || LOCK_IDS.some((start) => id.startsWith(start));

/**
 * What changed between two states, what gives the agent more power first. Where a whole stack is made or is gone, locks
 * come and go with what they hold: they are neither widened nor narrowed.
 */
export function compare(
  before: readonly Fact[],
  after: readonly Fact[],
  { made = false, gone = false }: { made?: boolean; gone?: boolean } = {},
): Change[] {
  const old = new Map(before.map((fact) => [fact.id, fact]));
  const now = new Map(after.map((fact) => [fact.id, fact]));
  // Where the agent may not write, locks come and go with its access.
  const writes = (state: readonly Fact[]): ((fact: Fact) => boolean) => {
    const access = accessBy(state);
    return ({ repository }) => repository === undefined || (access.get(repository) ?? 0) >= WRITE_POWER;
  };
  const [wrote, willWrite] = [writes(before), writes(after)];
  const changes: Change[] = [];
  for (const fact of after) {
    const was = old.get(fact.id);
    if (was) changes.push(...differences(was, fact));
    else
      changes.push({
        kind: !isLock(fact) ? "granted" : !made && wrote(fact) ? "narrowed" : "changed",
        ...about(fact),
        after: fact.says,
      });
  }
  for (const fact of before)
    if (!now.has(fact.id))
      changes.push({
        kind: !isLock(fact) ? "withdrawn" : !gone && willWrite(fact) ? "widened" : "changed",
        ...about(fact),
        before: fact.says,
      });
  return changes.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || byCode(a.id, b.id));
}

const about = ({ area, id, repository }: Fact): Pick<Change, "area" | "id" | "repository"> => ({
  area,
  id,
  ...(repository === undefined ? {} : { repository }),
});

/** One fact in two states: nothing, one change, or a widening and a narrowing where its parts go both ways. */
function differences(was: Fact, fact: Fact): Change[] {
  const { up, down } = moves(was, fact);
  const kinds: [Change["kind"], readonly string[]][] = [];
  if (up) kinds.push(["widened", up]);
  if (down) kinds.push(["narrowed", down]);
  if (kinds.length === 0 && was.says !== fact.says) kinds.push(["changed", []]);
  return kinds.map(([kind, details]) => ({
    kind,
    ...about(fact),
    before: was.says,
    after: fact.says,
    ...(details.length > 0 ? { details } : {}),
  }));
}

/** What grew and what shrank; a list without words where the power alone tells. */
function moves(was: Fact, fact: Fact): { up?: string[]; down?: string[] } {
  const [old, now] = [was.parts, fact.parts];
  if (!old || !now) return fact.power > was.power ? { up: [] } : fact.power < was.power ? { down: [] } : {};
  const [up, down]: [string[], string[]] = [[], []];
  for (const part of sorted([...Object.keys(old), ...Object.keys(now)])) {
    const [from, to] = [old[part] ?? 0, now[part] ?? 0];
    if (from !== to) (to > from ? up : down).push(moved(part, Math.abs(from), Math.abs(to)));
  }
  return { ...(up.length > 0 ? { up } : {}), ...(down.length > 0 ? { down } : {}) };
}

const moved = (part: string, from: number, to: number): string =>
  from === 0 ? `now ${part}${to === 1 ? "" : ` ${to}`}` : to === 0 ? `no longer ${part}` : `${part} ${from} → ${to}`;

/** Of several facts about the same thing what decides: of locks the strictest holds, of grants the widest. */
export function decisive(all: readonly Fact[]): Fact[] {
  const chosen = new Map<string, Fact>();
  for (const fact of all) {
    const other = chosen.get(fact.id);
    chosen.set(fact.id, other ? both(other, fact) : fact);
  }
  return [...chosen.values()];
}

function both(one: Fact, other: Fact): Fact {
  const least = isLock(one);
  const decides = (least ? other.power < one.power : other.power > one.power) ? other : one;
  if (!one.parts || !other.parts) return decides;
  const [a, b] = [one.parts, other.parts];
  const pick = least ? Math.min : Math.max;
  const parts = Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((part) => [part, pick(a[part] ?? 0, b[part] ?? 0)]),
  );
  return { ...decides, parts };
}
