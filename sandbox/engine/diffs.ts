import type { DetailedDiff, DiffKind, DiffResult } from "../providers/types";
import { parsePath, type PathPart } from "../../infra/config/propertyPath";
import { covers } from "./paths";
import { equal, isInternalKey, type Value, type Values } from "./values";

/** How a resource differs from what is wanted. */
export interface Difference {
  readonly changes: boolean;
  /** Properties that force a replacement. */
  readonly replaces: readonly string[];
  /** Top-level properties that changed. */
  readonly changed: readonly string[];
  readonly detailed: DetailedDiff;
  readonly deleteBeforeReplace: boolean;
  /** A replacement that no property forces. */
  readonly mustReplace?: boolean;
}

export const NO_DIFFERENCE: Difference = {
  changes: false,
  replaces: [],
  changed: [],
  detailed: {},
  deleteBeforeReplace: false,
};

/**
 * A difference that forces a replacement for a reason outside the provider's sight; a changed trigger is named nowhere.
 */
export const replacedBecause = (reason?: string): Difference => ({
  ...NO_DIFFERENCE,
  changes: true,
  replaces: reason === undefined ? [] : [reason],
  mustReplace: true,
});

const topLevel = (path: string): string => String(parsePath(path)[0]);
const REPLACE: Record<DiffKind, DiffKind> = {
  add: "add-replace",
  "add-replace": "add-replace",
  delete: "delete-replace",
  "delete-replace": "delete-replace",
  update: "update-replace",
  "update-replace": "update-replace",
};

/** A provider's answer, with the program's `replaceOnChanges` applied to it. */
export function fromProvider(diff: DiffResult, replaceOnChanges: readonly string[]): Difference {
  if (!diff.changes) return NO_DIFFERENCE;
  const forced = replaceOnChanges.map(parsePath);
  const isForced = (path: PathPart[]): boolean => forced.some((outer) => covers(outer, path));
  const detailed: DetailedDiff = {};
  const changed = new Set<string>();
  const replaces = new Set(diff.replaces);
  for (const [path, { kind, inputDiff }] of Object.entries(diff.detailedDiff)) {
    const parts = parsePath(path);
    const replace = isForced(parts);
    detailed[path] = { kind: replace ? REPLACE[kind] : kind, inputDiff };
    changed.add(topLevel(path));
    if (replace || kind.endsWith("-replace")) replaces.add(topLevel(path));
  }
  for (const key of diff.replaces) changed.add(key);
  for (const key of changed) if (isForced([key])) replaces.add(key);
  return {
    changes: true,
    replaces: [...replaces],
    changed: [...changed].sort(),
    detailed,
    deleteBeforeReplace: diff.deleteBeforeReplace ?? false,
  };
}

/** Top-level properties in which two bags differ; the engine's own are left out. */
export function changedKeys(olds: Values, news: Values): string[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !isInternalKey(key));
  return keys.filter((key) => !equal(nothing(olds[key]), nothing(news[key]))).sort();
}
const nothing = (value: Value | undefined): Value | undefined => value ?? undefined;

const OPPOSITE: Record<DiffKind, DiffKind> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** The difference seen from the other side: what a refresh shows. */
export const invert = (detailed: DetailedDiff): DetailedDiff =>
  Object.fromEntries(
    Object.entries(detailed).map(([path, { kind, inputDiff }]) => [path, { kind: OPPOSITE[kind], inputDiff }]),
  );
