import { errors, ApiError } from "../http/errors";
import { hexId, type DurableNamespace } from "../state";

/** What a script has before the upload. */
export interface MigrationState {
  readonly tag: string | undefined;
  readonly namespaces: readonly DurableNamespace[];
}

interface Step {
  readonly new_classes?: readonly string[];
  readonly new_sqlite_classes?: readonly string[];
  readonly deleted_classes?: readonly string[];
  readonly renamed_classes?: readonly { from: string; to: string }[];
  readonly transferred_classes?: readonly unknown[];
}

/**
 * Applies an upload's `migrations`, in the form of one step or of `steps`, and checks them as the service does:
 * the tag that the client believes to be current must be current (412, 10079), and a step must fit the classes.
 * An `old_tag` equal to `new_tag` and to the current one applies nothing.
 */
export function applyMigrations(
  before: MigrationState,
  migrations: unknown,
  exported: readonly string[],
): MigrationState {
  if (migrations === undefined || migrations === null) return before;
  if (typeof migrations !== "object" || Array.isArray(migrations)) throw errors.upload("migrations must be an object");
  const m = migrations as Step & { old_tag?: string; new_tag?: string; steps?: readonly Step[] };
  const oldTag = m.old_tag === undefined || m.old_tag === "" ? undefined : m.old_tag;
  if (oldTag !== before.tag) throw errors.migrationTag(before.tag);
  if (m.new_tag !== undefined && m.new_tag === before.tag) return before;
  let namespaces = before.namespaces;
  for (const step of m.steps ?? [m]) namespaces = applyStep(namespaces, step, exported);
  return { tag: m.new_tag ?? before.tag, namespaces };
}

function applyStep(
  before: readonly DurableNamespace[],
  step: Step,
  exported: readonly string[],
): readonly DurableNamespace[] {
  let namespaces = [...before];
  const has = (name: string): boolean => namespaces.some((n) => n.className === name);
  for (const { from, to } of step.renamed_classes ?? []) {
    if (!has(from))
      throw new ApiError(400, 10063, `Cannot apply rename-class migration from class '${from}' that does not exist`);
    if (has(to))
      throw new ApiError(
        400,
        10074,
        `Cannot apply rename-class migration to class '${to}' that is already depended on by existing Durable Objects`,
      );
    namespaces = namespaces.map((n) => (n.className === from ? { ...n, className: to } : n));
  }
  for (const name of step.deleted_classes ?? []) {
    if (!has(name))
      throw new ApiError(
        400,
        10074,
        `Cannot apply delete-class migration to class '${name}' that is not depended on by existing Durable Objects`,
      );
    namespaces = namespaces.filter((n) => n.className !== name);
  }
  const add = (name: string, sqlite: boolean): void => {
    if (!exported.includes(name))
      throw new ApiError(
        400,
        10070,
        `Cannot apply new-${sqlite ? "sqlite-" : ""}class migration to class '${name}' that is not exported by script`,
      );
    if (has(name))
      throw new ApiError(
        400,
        10074,
        `Cannot apply new-${sqlite ? "sqlite-" : ""}class migration to class '${name}' that is already depended on by existing Durable Objects`,
      );
    namespaces.push({ id: hexId(), className: name, sqlite });
  };
  for (const name of step.new_classes ?? []) add(name, false);
  for (const name of step.new_sqlite_classes ?? []) add(name, true);
  if ((step.transferred_classes ?? []).length > 0)
    throw errors.upload("The sandbox does not support transferred_classes");
  return namespaces;
}
