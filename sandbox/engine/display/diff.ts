import { UNKNOWN } from "../../providers/types";
import { Secret, isInternalKey, isObject, type Value, type Values } from "../values";

/** How one value became another; whatever is not in `adds`, `deletes` or `updates` stayed. */
export interface ObjectDiff {
  readonly adds: Record<string, Value>;
  readonly deletes: Record<string, Value>;
  readonly sames: Record<string, Value>;
  readonly updates: Record<string, ValueDiff>;
}
export interface ValueDiff {
  readonly old: Value;
  readonly new: Value;
  readonly object?: ObjectDiff;
  readonly array?: ObjectDiff;
}

/** Secrets are compared as what is shown of them: any two secrets are alike. */
function diffValue(old: Value, next: Value): ValueDiff | undefined {
  if (old instanceof Secret && next instanceof Secret) return undefined;
  if (Array.isArray(old) && Array.isArray(next)) {
    const array = diffObject({ ...old } as unknown as Values, { ...next } as unknown as Values);
    return array && { old, new: next, array };
  }
  if (isObject(old) && isObject(next) && !(old instanceof Secret) && !(next instanceof Secret)) {
    const object = diffObject(old as Values, next as Values);
    return object && { old, new: next, object };
  }
  return old === next ? undefined : { old, new: next };
}

/** The difference between two bags, or undefined when there is none. A null counts as absent. */
export function diffObject(old: Values, next: Values): ObjectDiff | undefined {
  const adds: Record<string, Value> = {};
  const deletes: Record<string, Value> = {};
  const sames: Record<string, Value> = {};
  const updates: Record<string, ValueDiff> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (isInternalKey(key)) continue;
    const before = old[key] ?? undefined;
    const after = next[key] ?? undefined;
    if (before === undefined && after === undefined) continue;
    if (before === undefined) adds[key] = after!;
    else if (after === undefined) deletes[key] = before;
    else {
      const update = diffValue(before, after);
      if (update) updates[key] = update;
      else sames[key] = after;
    }
  }
  const changes = Object.keys(adds).length + Object.keys(deletes).length + Object.keys(updates).length;
  return changes === 0 ? undefined : { adds, deletes, sames, updates };
}

/** One property that changed, as a diff of its own; undefined where both sides look alike. */
export function diffOf(key: string, old: Value | undefined, next: Value | undefined): ObjectDiff | undefined {
  return diffObject(old === undefined ? {} : { [key]: old }, next === undefined ? {} : { [key]: next });
}

/** Diffs of different properties as one. */
export function merged(diffs: readonly ObjectDiff[]): ObjectDiff {
  return {
    adds: Object.assign({}, ...diffs.map(({ adds }) => adds)) as ObjectDiff["adds"],
    deletes: Object.assign({}, ...diffs.map(({ deletes }) => deletes)) as ObjectDiff["deletes"],
    sames: {},
    updates: Object.assign({}, ...diffs.map(({ updates }) => updates)) as ObjectDiff["updates"],
  };
}

/** In a preview, outputs that will only be known later are no news. */
export function withoutUnknown(diff: ObjectDiff | undefined): ObjectDiff | undefined {
  if (!diff) return undefined;
  const updates = Object.fromEntries(
    Object.entries(diff.updates)
      .filter(([, update]) => update.new !== UNKNOWN)
      .map(([key, update]) => {
        const object = withoutUnknown(update.object);
        return [key, update.object ? { ...update, ...(object ? { object } : {}) } : update] as const;
      })
      .filter(([, update]) => !update.object || anyChange(update.object)),
  );
  return { ...diff, updates };
}

export const anyChange = (diff: ObjectDiff): boolean =>
  Object.keys(diff.adds).length + Object.keys(diff.deletes).length + Object.keys(diff.updates).length > 0;
