import { fieldsOf, isObject, UNKNOWN, type Field, type Fields, type Json } from "../model/field";

/** What happens to one property; the `-replace` kinds make a new resource. */
export type ChangeKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** Changed properties by path (`config.networking.allowedHosts[0]`). Empty: nothing to do. */
export type Changes = Readonly<Record<string, ChangeKind>>;

/** The way from old inputs to new ones, both normalised. */
export function changesBetween(fields: Fields, olds: Json, news: Json): Changes {
  const changes: Record<string, ChangeKind> = {};
  compareFields(fields, olds, news, "", changes);
  return changes;
}

export const mustReplace = (changes: Changes): boolean =>
  Object.values(changes).some((kind) => kind.endsWith("-replace"));

/** The first name of a path. */
export const rootOf = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;

function compareFields(
  fields: Fields,
  olds: Json,
  news: Json,
  path: string,
  changes: Record<string, ChangeKind>,
): void {
  for (const [name, field] of Object.entries(fields))
    compare(field, olds[name], news[name], path === "" ? name : `${path}.${name}`, changes);
}

function compare(field: Field, old: unknown, next: unknown, path: string, changes: Record<string, ChangeKind>): void {
  if (old === undefined && next === undefined) return;
  const replace = (more = false): "" | "-replace" => (field.replace || more ? "-replace" : "");
  if (old === undefined) changes[path] = `add${replace(fixed(field))}`;
  else if (next === undefined) changes[path] = `delete${replace(fixed(field))}`;
  else if (next === UNKNOWN || old === UNKNOWN) changes[path] = `update${replace()}`;
  else if (field.kind === "list" && Array.isArray(old) && Array.isArray(next))
    for (let index = 0; index < Math.max(old.length, next.length); index++)
      compare(field.items, old[index], next[index], `${path}[${index}]`, changes);
  else if (field.kind === "map" && isObject(old) && isObject(next))
    for (const key of new Set([...Object.keys(old), ...Object.keys(next)]))
      compare({ kind: "string", description: "" }, old[key], next[key], `${path}.${key}`, changes);
  else if (isObject(old) && isObject(next) && (field.kind === "object" || field.kind === "variants"))
    compareObjects(field, old, next, path, changes);
  else if (!same(old, next)) changes[path] = `update${replace()}`;
}

function compareObjects(
  field: Extract<Field, { kind: "object" | "variants" }>,
  old: Json,
  next: Json,
  path: string,
  changes: Record<string, ChangeKind>,
): void {
  if (field.kind === "variants" && old.type !== next.type) {
    changes[`${path}.type`] = field.replaceOnType ? "update-replace" : "update";
    return;
  }
  const own = fieldsOf(field, next);
  if (own) compareFields(own, old, next, path, changes);
  else if (!same(old, next)) changes[path] = "update";
}

/** Whether something inside can only be said when the resource is made. */
function fixed(field: Field): boolean {
  if (field.kind !== "object") return false;
  return Object.values(field.fields).some((inner) => inner.replace && inner.required);
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => same(one, b[at]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(a[key], b[key]));
}
