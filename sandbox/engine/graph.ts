import { parseProviderRef } from "./urns";
import type { ResourceState } from "./state";

/** URNs that a resource needs: parent, provider, dependencies of whole and parts, and what it is deleted with. */
export function needsOf(state: ResourceState): Set<string> {
  const needs = new Set([...state.dependencies, ...Object.values(state.propertyDependencies ?? {}).flat()]);
  if (state.parent) needs.add(state.parent);
  if (state.provider) needs.add(parseProviderRef(state.provider).urn);
  if (state.deletedWith) needs.add(state.deletedWith);
  needs.delete(state.urn);
  return needs;
}

/**
 * Groups resources so that each group may be deleted at once, and everything a resource needs is in a later group.
 * As in Pulumi a resource goes as late as it can: groups are layers counted from what needs nothing.
 */
export function deletionWaves(condemned: readonly ResourceState[]): ResourceState[][] {
  const remaining = new Set(condemned);
  const layers: ResourceState[][] = [];
  while (remaining.size > 0) {
    const urns = new Set([...remaining].map((state) => state.urn));
    let layer = [...remaining].filter((state) => ![...needsOf(state)].some((urn) => urns.has(urn)));
    // A cycle can only come from a damaged state; then order no longer matters, but an end does.
    if (layer.length === 0) layer = [...remaining];
    for (const state of layer) remaining.delete(state);
    layers.push(layer);
  }
  return layers.reverse();
}

/**
 * Everything that needs `root`, directly or not, each after what it needs. Expects `resources` in state order (needs
 * come first).
 */
export function dependentsOf(root: ResourceState, resources: readonly ResourceState[]): ResourceState[] {
  const reached = new Set([root.urn]);
  const dependents: ResourceState[] = [];
  for (const state of resources) {
    if (state === root || state.delete) continue;
    if ([...needsOf(state)].some((urn) => reached.has(urn))) {
      reached.add(state.urn);
      dependents.push(state);
    }
  }
  return dependents;
}
