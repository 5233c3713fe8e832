import type { AccessLevel, Environment, Repository } from "./schema";
import type { PostureProblem } from "./errors";
import { CATALOGUE, oneLockIsEnough, type Action, type Place } from "./catalogue";
import { enforcers, lock, present, type LockContext, type LockId, type Remediation } from "./locks";
import { byCode, sorted } from "./text";

/** The least number of enforcers that must stand before a forbidden action. */
export const LOCKS_NEEDED = 2;

/** Whether an action is allowed at a place of an environment, and what stops it otherwise. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly locks: readonly LockId[] };

/** What an agent may do in each kind of place, and what stops the rest: the same for the same environment. */
export type AccessMatrix = Readonly<
  Partial<
    Record<
      Place,
      {
        readonly allowed: readonly string[];
        /** Locks by action. */
        readonly stopped: Readonly<Record<string, readonly LockId[]>>;
      }
    >
  >
>;

const PLACES: readonly Place[] = ["write", "read", "unlisted", "account"];

/**
 * Judges one action at one place; undefined where the action does not apply. Where repositories of the place differ,
 * the locks are those that every one of them has.
 * @param repository Judges this one alone.
 */
export function verdict(
  environment: Environment,
  action: Action,
  place: Place,
  repository?: Repository,
): Verdict | undefined {
  const effect = action.at[place];
  if (effect === undefined) return undefined;
  if (effect === "allowed") return { allowed: true };
  const contexts = repository ? [{ environment, repository }] : contextsOf(environment, place);
  return {
    allowed: false,
    locks: contexts.reduce<readonly LockId[]>((locks, context) => present(locks, context), effect.locks),
  };
}

/**
 * Locks that the model knows but GitHub does not offer here, each with the actions it would stop and what would bring
 * it.
 */
export function missingLocks(
  environment: Environment,
): Record<string, { readonly actions: string; readonly right: string }> {
  const missing = new Map<LockId, { actions: string[]; right: string }>();
  for (const { action, locks, context } of forbidden(environment)) {
    for (const id of locks) {
      const remediation = lock(id).absent?.(context);
      if (!remediation || !OFFERED.has(remediation.path)) continue;
      const entry = missing.get(id) ?? { actions: [], right: remediation.right };
      entry.actions.push(action.id);
      missing.set(id, entry);
    }
  }
  return Object.fromEntries(
    [...missing]
      .sort(([a], [b]) => byCode(a, b))
      .map(([id, { actions, right }]) => [id, { actions: sorted(actions).join(", "), right }]),
  );
}

/** Keys by which an environment says what GitHub offers. */
const OFFERED: ReadonlySet<string> = new Set(["plan", "repositories[].visibility"]);

/** The access matrix of an environment. */
export function accessMatrix(environment: Environment): AccessMatrix {
  const ordered = [...CATALOGUE].sort((a, b) => byCode(a.id, b.id));
  return Object.fromEntries(
    placesOf(environment).map((place) => {
      const allowed: string[] = [];
      const stopped: Record<string, readonly LockId[]> = {};
      for (const action of ordered) {
        const judged = verdict(environment, action, place);
        if (judged?.allowed) allowed.push(action.id);
        else if (judged) stopped[action.id] = judged.locks;
      }
      return [place, { allowed, stopped }];
    }),
  );
}

/**
 * The access matrix with one line for each action, as it stands in a stack's outputs: a diff then shows the lines that
 * change.
 */
export function readableMatrix(
  environment: Environment,
): Record<string, { allowed: string; stopped: Record<string, string> }> {
  return Object.fromEntries(
    Object.entries(accessMatrix(environment)).map(([place, { allowed, stopped }]) => [
      place,
      {
        allowed: allowed.join(", "),
        stopped: Object.fromEntries(Object.entries(stopped).map(([id, locks]) => [id, locks.join(" + ")])),
      },
    ]),
  );
}

/** The access of each listed repository, by name. */
export function accessOf(environment: Environment): Record<string, AccessLevel> {
  return Object.fromEntries(
    [...environment.repositories].sort((a, b) => byCode(a.name, b.name)).map(({ name, access }) => [name, access]),
  );
}

/**
 * A dangerous action with fewer than two independent locks is a mistake of the environment. Each problem names a key
 * whose change would add the missing lock.
 */
export function lockProblems(environment: Environment): PostureProblem[] {
  const open = new Map<string, { remediation: Remediation; actions: string[] }>();
  for (const { action, place, locks, context } of forbidden(environment)) {
    if (oneLockIsEnough(action, place) !== undefined || enforcers(present(locks, context)).length >= LOCKS_NEEDED)
      continue;
    const remediation = locks.map((id) => lock(id).absent?.(context)).find((found) => found !== undefined);
    if (!remediation)
      throw new Error(
        `the catalogue gives ${action.id} at ${place} fewer than ${LOCKS_NEEDED} locks, whatever the environment`,
      );
    const key = `${remediation.path}\n${remediation.right}`;
    const entry = open.get(key) ?? { remediation, actions: [] };
    entry.actions.push(action.id);
    open.set(key, entry);
  }
  return [...open.values()].map(({ remediation, actions }) => ({
    path: `gatehouse:${remediation.path}`,
    wrong: `fewer than two independent locks would stop: ${sorted(actions).join(", ")}`,
    right: remediation.right,
  }));
}

/**
 * Every forbidden action of the catalogue, at each place and in each context that an environment has, with the locks
 * that the model knows against it.
 */
function* forbidden(environment: Environment): Generator<{
  readonly action: Action;
  readonly place: Place;
  readonly locks: readonly LockId[];
  readonly context: LockContext;
}> {
  for (const place of placesOf(environment)) {
    for (const action of CATALOGUE) {
      const effect = action.at[place];
      if (effect === undefined || effect === "allowed") continue;
      for (const context of contextsOf(environment, place)) yield { action, place, locks: effect.locks, context };
    }
  }
}

/** The kinds of place that an environment has. */
function placesOf(environment: Environment): Place[] {
  return PLACES.filter(
    (place) =>
      place === "unlisted" || place === "account" || environment.repositories.some(({ access }) => access === place),
  );
}

/** The distinct ways in which repositories of a place can have locks: these depend on visibility alone. */
function contextsOf(environment: Environment, place: Place): LockContext[] {
  if (place === "unlisted" || place === "account") return [{ environment }];
  const repositories = environment.repositories.filter(({ access }) => access === place);
  const distinct = new Map<string, Repository>(repositories.map((repository) => [repository.visibility, repository]));
  return [...distinct.values()].map((repository) => ({ environment, repository }));
}
