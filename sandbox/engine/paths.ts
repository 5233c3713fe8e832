import { parsePath, type PathPart } from "../../infra/config/propertyPath";
import { isObject, Secret, type Value, type Values } from "./values";

/** Whether `outer` names `inner` or something that holds it; `*` matches any one part. */
export function covers(outer: readonly PathPart[], inner: readonly PathPart[]): boolean {
  return (
    outer.length <= inner.length && outer.every((part, index) => part === "*" || String(part) === String(inner[index]))
  );
}

/**
 * `news` with the values at the given paths taken from `olds`: what `ignoreChanges` means. A path that is absent in the
 * old value is removed from the new one; a path whose holder is absent on one side is left alone (and reported).
 */
export function resetPaths(
  news: Values,
  olds: Values,
  paths: readonly string[],
): { values: Values; unreachable: string[] } {
  let values: Value = news;
  const unreachable: string[] = [];
  for (const path of paths) {
    const outcome = reset(values, olds, parsePath(path));
    if (outcome === undefined) unreachable.push(path);
    else values = outcome;
  }
  return { values: values as Values, unreachable };
}

/** The value at a path; undefined where there is none. Inside a secret everything is secret. */
export function valueAt(values: Value | undefined, parts: readonly PathPart[]): Value | undefined {
  const [part, ...rest] = parts;
  if (part === undefined || values === undefined) return values;
  if (values instanceof Secret) {
    const inner = valueAt(values.value, parts);
    return inner === undefined ? undefined : new Secret(inner);
  }
  if (Array.isArray(values)) return valueAt(values[Number(part)], rest);
  return isObject(values) ? valueAt((values as Values)[String(part)], rest) : undefined;
}

/** Secrets are looked through; what comes from the old value keeps its own mark. */
function reset(target: Value, source: Value, parts: readonly PathPart[]): Value | undefined {
  if (target instanceof Secret || source instanceof Secret) {
    const inner = reset(
      target instanceof Secret ? target.value : target,
      source instanceof Secret ? source.value : source,
      parts,
    );
    return inner === undefined ? undefined : new Secret(inner);
  }
  const [part, ...rest] = parts as [PathPart, ...PathPart[]];
  if (Array.isArray(target) && Array.isArray(source)) {
    const indexes = part === "*" ? target.map((_, index) => index) : [Number(part)];
    const next = [...target];
    for (const index of indexes) {
      if (index >= target.length || index >= source.length) {
        if (part === "*") continue;
        return undefined;
      }
      const value = rest.length === 0 ? source[index] : reset(target[index]!, source[index]!, rest);
      if (value !== undefined) next[index] = value;
    }
    return next;
  }
  if (isObject(target) && isObject(source)) {
    const names = part === "*" ? [...new Set([...Object.keys(target), ...Object.keys(source)])] : [String(part)];
    const next: Values = { ...(target as Values) };
    for (const name of names) {
      const from = (source as Values)[name];
      if (rest.length === 0) {
        if (from === undefined) delete next[name];
        else next[name] = from;
        continue;
      }
      const into = next[name];
      if (from === undefined || into === undefined) {
        if (part === "*" || from === into) continue;
        return undefined;
      }
      const value = reset(into, from, rest);
      if (value === undefined) return undefined;
      next[name] = value;
    }
    return next;
  }
  return undefined;
}
