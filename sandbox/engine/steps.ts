import { ProviderError, UNKNOWN, type DetailedDiff, type SandboxProvider } from "../providers/types";
import type { Op } from "./events";
import type { Run } from "./run";
import type { OperationType, ResourceState } from "./state";
import { isProviderType } from "./urns";
import {
  containsUnknown,
  equal,
  fromPlainBag,
  markBagLike,
  markSecret,
  sealListsOf,
  toPlainBag,
  type Values,
} from "./values";

/** Why a step is taken, for those who watch. */
export interface Reasons {
  readonly keys?: readonly string[];
  readonly diffs?: readonly string[];
  readonly detailedDiff?: DetailedDiff;
}

const now = (): string => new Date().toISOString();

/** What a provider answered, made a resource's outputs: with its id, and with every secret marked. */
export function toOutputs(
  outs: Record<string, unknown>,
  state: Pick<ResourceState, "inputs" | "additionalSecretOutputs" | "type">,
  id: string,
  provider: SandboxProvider,
): Values {
  const plain = fromPlainBag(outs);
  // A type whose id is no output says so by an `id` without a value.
  const known = "id" in outs || isProviderType(state.type) ? plain : { ...plain, id: id === "" ? UNKNOWN : id };
  const marked = markSecret(markBagLike(known, state.inputs), [
    ...(provider.secretPaths ?? provider.secretOutputs).call(provider, state.type),
    ...(state.additionalSecretOutputs ?? []),
  ]);
  return sealListsOf(marked);
}

/** Carries out single steps: reports them, calls the provider, and writes the checkpoint before and after. */
export class Steps {
  constructor(private readonly run: Run) {}

  private get checkpoint() {
    return this.run.options.checkpoint;
  }

  private async begin(state: ResourceState, type: OperationType): Promise<void> {
    if (!this.run.preview) await this.checkpoint.begin(state, type);
  }

  private async end(state: ResourceState, outcome: { done?: ResourceState; made?: ResourceState }): Promise<void> {
    if (!this.run.preview) await this.checkpoint.end(state, outcome);
  }

  /** Nothing changes outside; the state takes over what the program says about options and dependencies. */
  async same(old: ResourceState, next: ResourceState): Promise<void> {
    const step = () => this.run.info("same", { urn: next.urn, type: next.type, old, new: next });
    // Copied only after the report, as the real engine does: a `same` shows neither id nor outputs on its new side.
    this.run.before(step());
    next.id = old.id;
    if (old.outputs !== undefined) next.outputs = next.custom ? stillSecret(old.outputs, next) : old.outputs;
    next.created = old.created;
    next.modified = old.modified;
    next.initErrors = old.initErrors;
    if (!this.run.preview) {
      this.checkpoint.settle({ done: old, made: next });
      if (mustWrite(old, next)) await this.checkpoint.save();
    }
    this.run.after(step(), { shown: this.run.preview || next.custom });
  }

  /**
   * Makes a resource. For a replacement `old` is what it replaces, and `pendingDelete` whether that is still to be
   * deleted.
   */
  async create(
    next: ResourceState,
    provider: SandboxProvider | undefined,
    replacing?: { old: ResourceState; pendingDelete: boolean } & Reasons,
  ): Promise<void> {
    const op: Op = replacing ? "create-replacement" : "create";
    const step = () =>
      this.run.info(op, {
        urn: next.urn,
        type: next.type,
        old: replacing?.old,
        new: next,
        logical: !replacing,
        ...reasonsOf(replacing),
      });
    this.run.before(step());
    await this.begin(next, "creating");
    const finish = async (outcome: { id: string; outs: Values }): Promise<void> => {
      if (outcome.id !== "") next.id = outcome.id;
      next.outputs = outcome.outs;
      next.created = next.modified = now();
      if (replacing?.pendingDelete) replacing.old.delete = true;
      await this.end(next, { made: next, ...(replacing?.old.pendingReplacement ? { done: replacing.old } : {}) });
    };
    try {
      if (provider) {
        for (const message of provider.creationWarnings?.(next.type) ?? [])
          this.run.diagnose({ severity: "warning", urn: next.urn, message });
        const { id, outs } = await this.run.call(() =>
          provider.create(next.urn, toPlainBag(next.inputs), this.run.preview),
        );
        if (id === "" && !this.run.preview) throw new ProviderError("provider did not return an ID from Create");
        await finish({ id, outs: toOutputs(outs, next, id, provider) });
      } else if (!this.run.preview) {
        next.created = next.modified = now();
        await this.end(next, { made: next });
      }
    } catch (error) {
      // The resource may exist although the operation failed: then losing its id would orphan it.
      const partial = provider && error instanceof ProviderError ? error.partial : undefined;
      if (partial && !this.run.preview) {
        next.initErrors = reasonsIn(error as ProviderError);
        next.inputs = markBagLike(fromPlainBag(partial.inputs), next.inputs);
        await finish({ id: partial.id, outs: toOutputs(partial.outs, next, partial.id, provider!) });
      } else await this.end(next, {});
      this.run.broke(step(), partial ? initFailure(error as ProviderError) : error);
    }
    this.run.after(step(), { shown: this.run.preview || next.custom });
  }

  /** The one line that stands for a whole replacement in reports and counts. */
  replace(old: ResourceState, next: ResourceState, reasons: Reasons): void {
    const step = this.run.info("replace", { urn: next.urn, type: next.type, old, new: next, ...reasonsOf(reasons) });
    this.run.before(step);
    this.run.after(step, { shown: this.run.preview || next.custom });
  }

  async update(
    old: ResourceState,
    next: ResourceState,
    provider: SandboxProvider | undefined,
    reasons: Reasons,
  ): Promise<void> {
    const step = () =>
      this.run.info("update", { urn: next.urn, type: next.type, old, new: next, ...reasonsOf(reasons) });
    next.created = old.created;
    next.modified = old.modified;
    this.run.before(step());
    next.id = old.id;
    await this.begin(next, "updating");
    try {
      if (provider) {
        const { outs } = await this.run.call(() =>
          provider.update(
            old.id ?? "",
            next.urn,
            toPlainBag(old.outputs ?? {}),
            toPlainBag(old.inputs),
            toPlainBag(next.inputs),
            this.run.preview,
          ),
        );
        next.outputs = toOutputs(outs, next, old.id ?? "", provider);
        next.modified = now();
      } else if (old.outputs !== undefined) next.outputs = old.outputs;
      await this.end(next, { done: old, made: next });
    } catch (error) {
      const partial = provider && error instanceof ProviderError ? error.partial : undefined;
      if (partial && !this.run.preview) {
        // What exists was not made by the new inputs, so the old ones stay; the outputs tell what is there now.
        next.outputs = toOutputs(partial.outs, next, partial.id, provider!);
        next.inputs = old.inputs;
        next.initErrors = reasonsIn(error as ProviderError);
        await this.end(next, { done: old, made: next });
      } else await this.end(next, {});
      this.run.broke(step(), partial ? initFailure(error as ProviderError) : error);
    }
    this.run.after(step(), { shown: this.run.preview || next.custom });
  }

  /**
   * Deletes. `replacing`: the older half of a replacement; `pendingReplacement`: its newer half is still to come, so
   * the resource stays in the state, marked, until then. `skip`: nothing is called, for resources that go with another
   * one.
   */
  async delete(
    old: ResourceState,
    provider: () => Promise<SandboxProvider | undefined>,
    how: { replacing?: boolean; pendingReplacement?: boolean; skip?: boolean } = {},
  ): Promise<void> {
    const op: Op = old.external
      ? how.replacing
        ? "discard-replaced"
        : "discard"
      : how.replacing
        ? "delete-replaced"
        : "delete";
    const step = () => this.run.info(op, { urn: old.urn, type: old.type, old, logical: !how.replacing });
    this.run.before(step());
    await this.begin(old, "deleting");
    try {
      if (!how.replacing && old.protect) throw new Error(protectedMessage(old.urn));
      const untouched = this.run.preview || old.external || old.retainOnDelete || how.skip || !old.custom;
      if (!untouched) {
        const owner = await provider();
        if (owner) await this.run.call(() => owner.delete(old.id ?? "", old.urn, toPlainBag(old.outputs ?? {})));
      }
      if (how.pendingReplacement) old.pendingReplacement = true;
      await this.end(old, how.pendingReplacement ? {} : { done: old });
    } catch (error) {
      await this.end(old, {});
      this.run.broke(step(), error);
    }
    this.run.after(step(), { shown: this.run.preview || old.custom || op === "delete" });
  }

  /** Reads a resource that the program looks at but does not own. */
  async read(
    old: ResourceState | undefined,
    next: ResourceState,
    provider: SandboxProvider,
    replacing: boolean,
  ): Promise<void> {
    const op: Op = replacing ? "read-replacement" : "read";
    const step = () => this.run.info(op, { urn: next.urn, type: next.type, old, new: next, logical: !replacing });
    this.run.before(step());
    await this.begin(next, "reading");
    try {
      const id = next.id ?? "";
      if (id === UNKNOWN || containsUnknown(next.inputs)) next.outputs = {};
      else {
        const found = await this.run.call(() =>
          provider.read(id, next.urn, toPlainBag(next.inputs), toPlainBag(next.inputs)),
        );
        if (!found.id || !found.props) throw new Error(`resource '${id}' does not exist`);
        next.id = found.id;
        next.outputs = toOutputs(found.props, next, found.id, provider);
      }
      if (replacing && old) old.delete = true;
      next.created = old?.created;
      next.modified =
        old && !(equal(old.inputs, next.inputs) && equal(old.outputs, next.outputs)) ? now() : old?.modified;
      await this.end(next, { made: next, ...(old && !replacing ? { done: old } : {}) });
    } catch (error) {
      await this.end(next, {});
      this.run.broke(step(), error);
    }
    const changed = old?.outputs !== undefined && next.outputs !== undefined && !equal(old.outputs, next.outputs);
    this.run.after(step(), { counted: changed ? "read" : null });
  }

  /**
   * Takes a resource that exists into the state as it is; whatever differs from the program is a matter of the next
   * step.
   */
  async import(
    next: ResourceState,
    importId: string,
    provider: SandboxProvider,
    replaced?: ResourceState,
  ): Promise<void> {
    const op: Op = replaced ? "import-replacement" : "import";
    // What is there is old and new at once; the resource in whose place it comes has no part in this step.
    const step = (old?: ResourceState) =>
      this.run.info(op, { urn: next.urn, type: next.type, ...(old ? { old } : {}), new: next, logical: !replaced });
    this.run.before(step());
    await this.begin(next, "importing");
    try {
      const found = await this.run.call(() => provider.read(importId, next.urn, {}));
      if (!found.id || !found.props) throw new Error(`resource '${importId}' does not exist`);
      if (!found.inputs)
        throw new Error(
          `provider does not support importing resources; please try updating the '${next.type.split(":")[0]}' plugin`,
        );
      const goal = next.inputs;
      next.id = found.id;
      next.inputs = markBagLike(fromPlainBag(found.inputs), goal);
      next.outputs = toOutputs(found.props, next, found.id, provider);
      next.created = next.modified = now();
      if (replaced) replaced.delete = true;
      await this.end(next, { made: next });
    } catch (error) {
      await this.end(next, {});
      this.run.broke(step(), error);
    }
    this.run.after(step({ ...next }));
  }
}

const reasonsOf = (reasons: Reasons | undefined): Reasons => ({
  ...(reasons?.keys && reasons.keys.length > 0 ? { keys: reasons.keys } : {}),
  ...(reasons?.diffs && reasons.diffs.length > 0 ? { diffs: reasons.diffs } : {}),
  ...(reasons?.detailedDiff && Object.keys(reasons.detailedDiff).length > 0
    ? { detailedDiff: reasons.detailedDiff }
    : {}),
});

/**
 * Outputs that nothing changed, with what the program says is secret by now: an input, or an option, may have become
 * one since.
 */
function stillSecret(outputs: Values, state: ResourceState): Values {
  const marked = markSecret(markBagLike(outputs, state.inputs), state.additionalSecretOutputs ?? []);
  return equal(marked, outputs) ? outputs : marked;
}

const reasonsIn = (error: ProviderError): string[] => [...(error.reasons ?? [error.message])];

/** How Pulumi tells that a resource is there and not as it should be: all reasons in a list. */
function initFailure(error: ProviderError): Error {
  const reasons = reasonsIn(error);
  return new Error(
    `${reasons.length} error${reasons.length === 1 ? "" : "s"} occurred:\n${reasons.map((reason) => `\t* ${reason}\n`).join("")}\n`,
  );
}

const protectedMessage = (urn: string): string =>
  `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${urn}'\``;

/** Whether a `same` left anything to write: source positions and init errors alone are not worth it. */
function mustWrite(old: ResourceState, next: ResourceState): boolean {
  const key = (state: ResourceState): string =>
    JSON.stringify([
      state.urn,
      state.type,
      state.custom,
      state.id,
      state.provider,
      state.parent,
      state.protect ?? false,
      state.retainOnDelete ?? false,
      state.deletedWith,
      state.replaceWith ?? [],
      state.customTimeouts ?? {},
      [...state.dependencies].sort(),
      state.replacementTrigger ?? null,
    ]);
  return key(old) !== key(next) || !equal(old.inputs, next.inputs) || !equal(old.outputs, next.outputs);
}
