import { accessMatrix, CATALOGUE, type Action, type Environment, type LockId, type Place } from "../../../infra/posture";

/** One forbidden action at one place, and one lock of which the model says that it stops it by itself. */
export interface Pair {
  readonly action: Action;
  readonly place: Place;
  readonly lock: LockId;
}

/** Every pair that the model claims for an environment, in the catalogue's order. */
export function pairsOf(environment: Environment): Pair[] {
  const matrix = accessMatrix(environment);
  const places = Object.keys(matrix) as Place[];
  return CATALOGUE.flatMap((action) => places.flatMap((place) => (matrix[place]?.stopped[action.id] ?? []).map((lock) => ({ action, place, lock }))));
}

/** How a pair is called in messages and reports. */
export const pairName = ({ action, place, lock }: Pair): string => `${action.id} at ${place} by ${lock}`;

/** Whether a filter such as `merge`, `role-pull` or `merge-pull-request/write` chooses a pair. */
export function chooses(filter: string, { action, place, lock }: Pair): boolean {
  return filter.split("/").every((word) => [action.id, place, lock].some((name) => name.includes(word)));
}
