import { Kind, type FieldNode, type SelectionNode, type SelectionSetNode } from "graphql";

/**
 * Response keys of what the gate asks for itself; taken out of every answer. No client may use a key that starts so.
 */
const OWN = "gatehouse";

/** The number of a pull request that is opened. */
export const OPENED = `${OWN}Opened`;
/** The id of the repository that an object belongs to. */
export const HOME = `${OWN}Home`;
/** In introspection, the name and kind of a type, the name of a field, and that of an argument or a key of an input. */
export const TYPE = `${OWN}Type`;
export const KIND = `${OWN}Kind`;
export const FIELD = `${OWN}Field`;
export const ARGUMENT = `${OWN}Argument`;

export const isOwn = (alias: string): boolean => alias.startsWith(OWN);

const node = (value: string): { readonly kind: Kind.NAME; readonly value: string } => ({ kind: Kind.NAME, value });

/** A field of the gate's: `alias: name` or, with `inner`, `alias: name { inner }`. */
export function ownField(alias: string, name: string, inner?: string): FieldNode {
  return {
    kind: Kind.FIELD,
    alias: node(alias),
    name: node(name),
    ...(inner === undefined
      ? {}
      : {
          selectionSet: { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: node(inner) }] },
        }),
  };
}

/** Adds a field of the gate's to a selection, which is the judge's own copy; false when it is there already. */
export function ask(set: SelectionSetNode, field: FieldNode): boolean {
  const selections = set.selections as SelectionNode[];
  const alias = field.alias?.value;
  if (selections.some((s) => s.kind === Kind.FIELD && s.alias?.value === alias)) return false;
  selections.push(field);
  return true;
}
