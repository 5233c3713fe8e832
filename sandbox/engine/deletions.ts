import { UNKNOWN, type SandboxProvider } from "../providers/types";
import { fromProvider } from "./diffs";
import { deletionWaves, dependentsOf } from "./graph";
import { StepFailed, type Run } from "./run";
import type { ResourceState } from "./state";
import type { Steps } from "./steps";
import { isProviderType, parseProviderRef } from "./urns";
import { toPlainBag } from "./values";

/** Everything that is deleted in a run: eagerly for a replacement that must delete first, or at the end. */
export class Deletions {
  private readonly deleted = new Map<ResourceState, readonly string[]>();
  private readonly deletedUrns = new Set<string>();

  constructor(
    private readonly run: Run,
    private readonly steps: Steps,
    private readonly providerOf: (ref: string) => Promise<SandboxProvider>,
  ) {}

  /** Whether the old resource went already, to make room for what it depended on. */
  isDeleted(old: ResourceState): boolean {
    return this.deleted.has(old);
  }

  /** Why it went: the properties that would have forced its own replacement. */
  keysOf(old: ResourceState): readonly string[] {
    return this.deleted.get(old) ?? [];
  }

  /**
   * Deletes a resource that is to be replaced, and before it those of its dependents that its replacement would replace
   * too. Dependents that would merely be updated stay.
   */
  async beforeReplacing(root: ResourceState, registered: ReadonlySet<string>, replacingUrn: string): Promise<void> {
    const condemned = (await this.dependentReplacements(root, registered)).filter(
      ({ state }) => !this.deleted.has(state) && !state.pendingReplacement,
    );
    for (const { state } of condemned) {
      if (state.protect) {
        this.run.fail(
          `unable to replace resource "${state.urn}" as part of replacing "${replacingUrn}" as it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${state.urn}'\``,
          replacingUrn,
        );
        throw new StepFailed("protected dependent");
      }
    }
    // All are condemned before the first goes, so that what goes with another resource knows it.
    for (const { state } of [...condemned, { state: root }]) this.deletedUrns.add(state.urn);
    for (const { state, keys } of condemned.reverse())
      await this.remove(state, { replacing: true, pendingReplacement: true }, keys);
    if (!root.pendingReplacement) await this.remove(root, { replacing: true, pendingReplacement: true });
  }

  /**
   * Deletes what the program no longer asks for and the older halves of replacements, in waves; nothing new begins
   * after a failure.
   */
  async atEnd(left: readonly ResourceState[]): Promise<void> {
    // Its resource is gone already; only the note that a successor was to come is left.
    for (const state of left.filter((one) => one.pendingReplacement && !one.delete)) {
      this.deleted.set(state, []);
      if (!this.run.preview) await this.run.options.checkpoint.end(state, { done: state });
    }
    const condemned = left.filter((state) => !this.deleted.has(state));
    // A base goes after what is deleted with it, so all that will go is known before the first does.
    for (const state of condemned) this.deletedUrns.add(state.urn);
    for (const wave of deletionWaves(condemned)) {
      if (this.run.stopped) return;
      await Promise.allSettled(
        wave.map((state) => this.run.track(() => this.remove(state, { replacing: state.delete === true }))),
      );
    }
  }

  private async remove(
    state: ResourceState,
    how: { replacing: boolean; pendingReplacement?: boolean },
    keys: readonly string[] = [],
  ): Promise<void> {
    this.deleted.set(state, keys);
    const skip =
      isProviderType(state.type) || (state.deletedWith !== undefined && this.deletedUrns.has(state.deletedWith));
    await this.steps.delete(state, async () => (state.provider ? this.providerOf(state.provider) : undefined), {
      ...how,
      skip,
    });
  }

  private async dependentReplacements(
    root: ResourceState,
    registered: ReadonlySet<string>,
  ): Promise<{ state: ResourceState; keys: readonly string[] }[]> {
    const replaceSet = new Set([root.urn]);
    const condemned: { state: ResourceState; keys: readonly string[] }[] = [];
    for (const state of dependentsOf(root, this.run.options.olds)) {
      // What is registered already cannot depend on what is being registered now.
      if (registered.has(state.urn) || !state.custom || state.external || isProviderType(state.type)) continue;
      const keys = await this.replacedBy(state, replaceSet);
      if (keys) {
        replaceSet.add(state.urn);
        condemned.push({ state, keys });
      }
    }
    for (const state of this.run.options.olds) {
      if (state.delete || registered.has(state.urn) || replaceSet.has(state.urn)) continue;
      if (state.replaceWith?.includes(root.urn)) condemned.push({ state, keys: [] });
    }
    return condemned;
  }

  /**
   * The keys for which a dependent would be replaced when the given resources change, or undefined when it would not
   * be.
   */
  private async replacedBy(
    state: ResourceState,
    replaceSet: ReadonlySet<string>,
  ): Promise<readonly string[] | undefined> {
    if (state.provider && replaceSet.has(parseProviderRef(state.provider).urn)) return [];
    if (state.deletedWith && replaceSet.has(state.deletedWith)) return [];
    const inputs = toPlainBag(state.inputs);
    const olds = { ...inputs };
    let touched = false;
    for (const key of Object.keys(inputs)) {
      if ((state.propertyDependencies?.[key] ?? []).some((urn) => replaceSet.has(urn))) {
        inputs[key] = UNKNOWN;
        touched = true;
      }
    }
    if (!touched || !state.provider) return undefined;
    const provider = await this.providerOf(state.provider);
    const diff = await provider.diff(
      state.id ?? "",
      state.urn,
      toPlainBag(state.outputs ?? {}),
      olds,
      inputs,
      state.ignoreChanges,
    );
    const { replaces } = fromProvider(diff, state.replaceOnChanges ?? []);
    return replaces.length > 0 ? replaces : undefined;
  }
}
