import { sorted } from "../../infra/model/text";
import { ADMIN_POWER, WRITE_POWER, accessBy, levelOf, type Fact } from "./facts/fact";

/** One side of a repository: what the agent may do there, and what holds it. */
interface Reached {
  /** `read`, `write` and so on. */
  readonly level: string;
  /** What stands between the agent and the repository beside the gate, in words. */
  readonly locks: readonly string[];
}

/** Who reaches a repository through what, before and after; a side is absent where the agent did or does not reach it. */
export interface Reach {
  readonly repository: string;
  readonly before?: Reached;
  readonly after?: Reached;
}

/** What a fact about a repository stands for in the picture. */
const LOCKS: readonly (readonly [start: string, lock: string])[] = [
  ["rule/", "rules"],
  ["protection/", "branch protection"],
  ["owners/", "code owners"],
  ["workflows/", "workflow settings"],
];

/**
 * Who reaches what, through which locks. Every way of the agent leads through the gate key, the gate and the token; what
 * differs between repositories is the role, and what holds whoever may write.
 */
export function reach(after: readonly Fact[], before?: readonly Fact[]): Reach[] {
  const [is, was] = [sides(after), before === undefined ? undefined : sides(before)];
  return sorted([...(was?.keys() ?? []), ...is.keys()]).map((repository) => {
    const [old, now] = [was?.get(repository), is.get(repository)];
    return {
      repository,
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { after: now }),
    };
  });
}

function sides(facts: readonly Fact[]): Map<string, Reached> {
  const counts = new Map<string, Map<string, number>>();
  for (const { id, repository } of facts) {
    const lock = LOCKS.find(([start]) => id.startsWith(start))?.[1];
    if (lock === undefined || repository === undefined) continue;
    const of = counts.get(repository) ?? new Map<string, number>();
    counts.set(repository, of.set(lock, (of.get(lock) ?? 0) + 1));
  }
  return new Map(
    [...accessBy(facts)].map(([repository, power]) => {
      const held = counts.get(repository);
      // Who may only read is held by the role; rules hold those who write.
      const role = power < WRITE_POWER ? ["no write role"] : power < ADMIN_POWER ? ["no admin role"] : [];
      const locks = LOCKS.flatMap(([, lock]) => {
        const count = held?.get(lock);
        return count === undefined ? [] : [lock === "rules" ? `${count} ruleset rules` : lock];
      });
      return [repository, { level: levelOf(power), locks: [...role, ...locks] }];
    }),
  );
}

/** The one way that every request of the agent takes: how much of it is open. */
export interface GateSide {
  /** Number of open routes. */
  readonly routes: number;
  /** Whether the gate stops what it refuses; in the mode `observe` it only records it. */
  readonly enforces: boolean;
}

/** The gate as the facts tell of it; undefined where the stack has none. */
export function gateSide(facts: readonly Fact[]): GateSide | undefined {
  const mode = facts.find(({ id }) => id === "gate/mode");
  if (mode === undefined) return undefined;
  const routes = facts.flatMap(({ id, parts }) => (id.startsWith("gate/routes/") ? Object.keys(parts ?? {}) : []));
  return { routes: routes.length, enforces: mode.power === 0 };
}
