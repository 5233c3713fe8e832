import {
  CATALOGUE,
  verdict,
  type Action,
  type Environment,
  type LockId,
  type Place,
  type Repository,
} from "../../infra/model";

/** One forbidden action at one place, and one lock of which the model says that it stops it by itself. */
export interface Pair {
  readonly action: Action;
  readonly place: Place;
  readonly lock: LockId;
  /** The listed repository where it is tried; none for one that is not listed and for the account itself. */
  readonly repository?: Repository;
}

/**
 * Where an environment can be tried: one repository for each access and visibility, since that is what decides which
 * locks GitHub offers.
 */
function groundsOf(environment: Environment): readonly Pick<Pair, "place" | "repository">[] {
  const distinct = new Map(
    environment.repositories
      .map((repository) => [`${repository.access} ${repository.visibility}`, repository])
      .reverse() as [string, Repository][],
  );
  const listed = [...distinct.values()].reverse().map((repository) => ({ place: repository.access, repository }));
  return [...listed, { place: "unlisted" }, { place: "account" }];
}

/** One action at one place: allowed, or forbidden and stopped by these locks. */
export interface Claim extends Omit<Pair, "lock"> {
  readonly allowed: boolean;
  readonly locks: readonly LockId[];
}

/** Everything that the model says of an environment, in the catalogue's order. */
export function claimsOf(environment: Environment): Claim[] {
  const grounds = groundsOf(environment);
  return CATALOGUE.flatMap((action) =>
    grounds.flatMap((ground): Claim[] => {
      const judged = verdict(environment, action, ground.place, ground.repository);
      if (!judged) return [];
      return [{ action, ...ground, allowed: judged.allowed, locks: judged.allowed ? [] : judged.locks }];
    }),
  );
}

/** Every pair that the model claims for an environment, in the catalogue's order. */
export function pairsOf(environment: Environment): Pair[] {
  return claimsOf(environment).flatMap(({ action, place, repository, locks }) =>
    locks.map((lock) => ({ action, lock, place, ...(repository ? { repository } : {}) })),
  );
}

/** How a pair is called in messages and reports. */
export const pairName = ({ action, place, lock }: Pair): string => `${action.id} at ${place} by ${lock}`;

/**
 * Whether one of the filters chooses a pair, such as `merge`, `role-pull` or `merge-pull-request/write`. No filter
 * chooses all.
 */
export function chosen(filters: readonly string[], { action, place, lock }: Pair): boolean {
  return (
    filters.length === 0 ||
    filters.some((filter) =>
      filter.split("/").every((word) => [action.id, place, lock].some((name) => name.includes(word))),
    )
  );
}
