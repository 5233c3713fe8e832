/**
 * How large an answer a document could have, by GitHub's own arithmetic: every connection multiplies what is below it
 * by its `first` or `last`. GitHub refuses more than 500,000 possible nodes, and charges one point for each hundred
 * connections it would have to ask.
 */
import { Kind, type DocumentNode, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";

export const MOST_NODES = 500_000;
const CONNECTIONS_PER_POINT = 100;

export interface Measure {
  nodes: number;
  /** Points of the hourly limit, at least 1. */
  cost: number;
}

/** Measures one operation. Values of variables count; a bound that is no number counts as one. */
export function measure(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): Measure {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet] as const] : [],
    ),
  );
  // What a selection adds for each of its parents. Fragments are worked out once, or a few of them that spread each
  // other would take for ever.
  const known = new Map<SelectionSetNode, Totals>();
  const { nodes, connections } = of(operation.selectionSet);
  return { nodes, cost: Math.max(1, Math.round(connections / CONNECTIONS_PER_POINT)) };

  function of(set: SelectionSetNode): Totals {
    const before = known.get(set);
    if (before) return before;
    const total: Totals = { nodes: 0, connections: 0 };
    for (const selection of set.selections) {
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection.selectionSet;
      if (!inner) continue;
      const size = selection.kind === Kind.FIELD ? sizeOf(selection, variables) : undefined;
      const below = of(inner);
      total.nodes += (size ?? 0) + (size ?? 1) * below.nodes;
      total.connections += (size === undefined ? 0 : 1) + (size ?? 1) * below.connections;
    }
    known.set(set, total);
    return total;
  }
}

interface Totals {
  nodes: number;
  connections: number;
}

/** The page size of a connection; undefined for any other field. */
function sizeOf(field: FieldNode, variables: Record<string, unknown>): number | undefined {
  for (const argument of field.arguments ?? []) {
    if (argument.name.value !== "first" && argument.name.value !== "last") continue;
    const { value } = argument;
    const given =
      value.kind === Kind.INT
        ? Number(value.value)
        : value.kind === Kind.VARIABLE
          ? variables[value.name.value]
          : undefined;
    return typeof given === "number" && given > 0 ? given : 1;
  }
  return undefined;
}
