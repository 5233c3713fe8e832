import type { SandboxProvider } from "../providers/types";
import { withoutDangling } from "./checkpoint";
import { fromProvider, invert } from "./diffs";
import type { Op } from "./events";
import { StepFailed, type Run } from "./run";
import type { ResourceState } from "./state";
import { toOutputs } from "./steps";
import { isProviderType } from "./urns";
import { equal, fromPlainBag, markBagLike, toPlainBag } from "./values";

/**
 * Reads every resource and returns the state as the world has it; what is gone is left out. Changes nothing outside.
 */
export async function refreshAll(
  run: Run,
  olds: readonly ResourceState[],
  providerOf: (ref: string) => Promise<SandboxProvider>,
): Promise<ResourceState[]> {
  const refreshed = await Promise.all(
    olds.map((state) =>
      run
        .track(() => refreshOne(run, state, providerOf))
        .catch((error: unknown) => {
          if (!(error instanceof StepFailed))
            run.fail(error instanceof Error ? error.message : String(error), state.urn);
          return state;
        }),
    ),
  );
  const parents = new Map(olds.map((state) => [state.urn, state.parent]));
  const kept = refreshed.filter((state): state is ResourceState => state !== undefined);
  const known = new Set(kept.map((state) => state.urn));
  // A child of something that is gone belongs to what that belonged to.
  const parentOf = (urn: string | undefined): string | undefined =>
    urn === undefined || known.has(urn) ? urn : parentOf(parents.get(urn));
  return withoutDangling(
    kept.map((state) =>
      state.parent && !known.has(state.parent) ? { ...state, parent: parentOf(state.parent) } : state,
    ),
  ).map(withoutIndependent);
}

/** A refresh writes dependencies anew and lists only the properties that have some. */
function withoutIndependent(state: ResourceState): ResourceState {
  if (!state.propertyDependencies) return state;
  const some = Object.entries(state.propertyDependencies).filter(([, urns]) => urns.length > 0);
  return { ...state, propertyDependencies: Object.fromEntries(some) };
}

async function refreshOne(
  run: Run,
  old: ResourceState,
  providerOf: (ref: string) => Promise<SandboxProvider>,
): Promise<ResourceState | undefined> {
  const started = run.info("refresh", { urn: old.urn, type: old.type, old, new: old });
  run.before(started);
  const report = (
    op: Op,
    next?: ResourceState,
    extra: { diffs?: readonly string[]; detailedDiff?: ReturnType<typeof invert> } = {},
  ): void => run.after(run.info(op, { urn: old.urn, type: old.type, old, ...(next ? { new: next } : {}), ...extra }));
  if (!old.custom || isProviderType(old.type) || old.pendingReplacement || !old.provider) {
    report("same", old);
    return old;
  }
  try {
    const provider = await providerOf(old.provider);
    const read = await run.call(() =>
      provider.read(old.id ?? "", old.urn, toPlainBag(old.outputs ?? {}), toPlainBag(old.inputs)),
    );
    if (!read.id) {
      report("delete");
      return undefined;
    }
    const inputs = read.inputs ? markBagLike(fromPlainBag(read.inputs), old.inputs) : old.inputs;
    const kept = { inputs, type: old.type, additionalSecretOutputs: old.additionalSecretOutputs };
    // A secret that was marked by hand stays marked: the old outputs say where.
    const outputs = markBagLike(toOutputs(read.props ?? {}, kept, read.id, provider), old.outputs ?? {});
    const changed = !equal(inputs, old.inputs) || !equal(outputs, old.outputs);
    const next: ResourceState = {
      ...old,
      id: read.id,
      inputs,
      outputs,
      initErrors: undefined,
      ...(changed ? { modified: new Date().toISOString() } : {}),
    };
    if (old.external) {
      report(equal(outputs, old.outputs) ? "same" : "update", next);
      return next;
    }
    const diff = fromProvider(
      await provider.diff(
        read.id,
        old.urn,
        toPlainBag(outputs),
        toPlainBag(inputs),
        toPlainBag(old.inputs),
        old.ignoreChanges,
      ),
      [],
    );
    if (diff.changes) report("update", next, { diffs: diff.changed, detailedDiff: invert(diff.detailed) });
    else report("same", next);
    return next;
  } catch (error) {
    if (error instanceof StepFailed) throw error;
    return run.broke(started, error);
  }
}
