import { UNKNOWN, type SandboxProvider } from "../providers/types";
import { aliasUrns } from "./aliases";
import { Deletions } from "./deletions";
import { changedKeys, fromProvider, NO_DIFFERENCE, replacedBecause, type Difference } from "./diffs";
import { EngineError, messageOf } from "./errors";
import type { Goal, ReadGoal } from "./goal";
import { parsePath } from "../../infra/config/propertyPath";
import { resetPaths, valueAt } from "./paths";
import type { PolicyPack } from "./policyPack";
import { defaultProviderInputs, defaultProviderName, newProviderId } from "./registry";
import { StepFailed, type Run } from "./run";
import type { ResourceState } from "./state";
import { Steps, type Reasons } from "./steps";
import { STACK_TYPE, createUrn, isProviderType, packageOf, parseProviderRef, providerRef } from "./urns";
import {
  containsUnknown,
  equal,
  fromPlainBag,
  goText,
  markBagLike,
  markSecret,
  Secret,
  sealListsOf,
  toPlainBag,
  type Values,
} from "./values";

/** What a registration came to. */
export interface Registered {
  readonly urn: string;
  readonly id: string;
  readonly outputs: Values;
}

/**
 * Decides, registration by registration, what has to happen, and has it done by {@link Steps}.
 * The rules are those of Pulumi's engine: replacement before update, update before same, deletions last.
 */
export class Deployment {
  /** Resources that the program has registered, by URN. */
  readonly news = new Map<string, ResourceState>();
  /** Former URN by present URN, and the other way round. */
  private readonly foundAs = new Map<string, string>();
  private readonly taken = new Map<string, string>();
  private readonly olds = new Map<string, ResourceState>();
  private readonly seen = new Set<string>();
  private readonly replaced = new Set<string>();
  private readonly defaults = new Map<string, Promise<ResourceState>>();
  private readonly steps: Steps;
  readonly deletions: Deletions;
  private stackUrn = "";
  private stackOutputs: Values | undefined;

  constructor(
    private readonly run: Run,
    private readonly packs: readonly PolicyPack[] = [],
  ) {
    this.steps = new Steps(run);
    for (const state of run.options.olds) if (!state.delete) this.olds.set(state.urn, state);
    this.deletions = new Deletions(run, this.steps, (ref) => this.providerOf(ref));
  }

  /**
   * Handles one registration to its end. Throws {@link StepFailed} when it was reported already, another error when the
   * request itself is wrong.
   */
  async register(goal: Goal): Promise<Registered> {
    const parent = this.checkParent(goal.parent, goal.type);
    const urn = this.claim(parent, goal.type, goal.name);
    const { old, alias } = this.findOld(urn, goal, parent);
    if (goal.type === STACK_TYPE) this.stackUrn = urn;
    let provider = goal.provider;
    if (goal.custom && !isProviderType(goal.type)) {
      this.run.options.registry.requireType(goal.type);
      if (provider === "")
        provider = await this.defaultProvider(packageOf(goal.type), goal.version, goal.pluginDownloadURL);
    }
    const next = this.newState(goal, urn, parent, provider, old, alias);
    await (isProviderType(goal.type)
      ? this.decideProvider(goal, old, next)
      : goal.custom
        ? this.decideCustom(goal, old, next)
        : this.decideComponent(old, next));
    this.news.set(urn, this.news.get(urn) ?? next);
    const state = this.news.get(urn)!;
    return { urn, id: state.id === UNKNOWN ? "" : (state.id ?? ""), outputs: state.outputs ?? {} };
  }

  /** Looks at a resource that this stack does not own. */
  async read(goal: ReadGoal): Promise<Registered> {
    const parent = this.checkParent(goal.parent, goal.type);
    const urn = this.claim(parent, goal.type, goal.name);
    this.run.options.registry.requireType(goal.type);
    const provider =
      goal.provider || (await this.defaultProvider(packageOf(goal.type), goal.version, goal.pluginDownloadURL));
    const old = this.olds.get(urn);
    const next: ResourceState = {
      urn,
      custom: true,
      id: goal.id,
      type: goal.type,
      inputs: goal.inputs,
      outputs: {},
      parent,
      external: true,
      dependencies: [...goal.dependencies],
      provider,
      additionalSecretOutputs: [...goal.additionalSecretOutputs],
      sourcePosition: goal.sourcePosition,
      stackTrace: goal.stackTrace,
    };
    const replacing = old !== undefined && !old.external && old.id !== goal.id;
    await this.steps.read(old, next, await this.providerOf(provider), replacing);
    if (replacing) this.steps.replace(old, next, {});
    this.news.set(urn, next);
    return { urn, id: next.id ?? "", outputs: next.outputs ?? {} };
  }

  /** Calls a provider's function, with the explicit provider or the default one. */
  async invoke(
    token: string,
    args: Values,
    providerOption: string,
    version: string,
    downloadUrl: string,
  ): Promise<{ result: Values; failures: { property: string; reason: string }[] }> {
    if (token.startsWith("pulumi:"))
      throw new EngineError(
        `the function ${token}: the sandbox's engine does not support this; deploy with the Pulumi CLI instead`,
      );
    this.run.options.registry.requireFunction(token);
    const ref = providerOption || (await this.defaultProvider(packageOf(token), version, downloadUrl));
    const provider = await this.providerOf(ref);
    const { result, failures = [] } = await this.run.call(() => provider.invoke(token, toPlainBag(args)));
    return { result: fromPlainBag(result), failures };
  }

  /** What a component, or the program as a whole, says its outputs are. Those of the stack are kept until the end. */
  async registerOutputs(urn: string, outputs: Values): Promise<void> {
    if (urn === this.stackUrn) {
      this.stackOutputs = outputs;
      return;
    }
    const state = this.news.get(urn);
    if (!state) throw new EngineError(`cannot complete a resource '${urn}' whose registration isn't pending`);
    await this.setOutputs(state, outputs);
  }

  private async setOutputs(state: ResourceState, outputs: Values): Promise<void> {
    const old = this.olds.get(state.urn);
    const changed = !equal(old?.outputs ?? {}, outputs);
    state.outputs = outputs;
    const op = this.run.lastOp(state.urn) ?? "same";
    if (!this.run.preview && changed) await this.run.options.checkpoint.save();
    this.run.after(this.run.info(op, { urn: state.urn, type: state.type, ...(old ? { old } : {}), new: state }), {
      counted: null,
    });
  }

  /**
   * Ends the run. When all went well, what the program no longer asks for is deleted and the stack's outputs are
   * written. After a failed step or a failed program nothing is deleted, and the outputs that the program told before
   * its end join the old ones.
   */
  async finish({ programFailed }: { programFailed: boolean }): Promise<void> {
    // The SDK registers outputs even of a program that threw at once; that one leaves no trace.
    if (programFailed && (!this.stackOutputs || !this.hasRegistered)) return;
    this.run.options.checkpoint.release();
    if (!this.run.stopped && !programFailed)
      await this.deletions.atEnd(this.run.options.olds.filter((state) => state.delete || !this.isKept(state)));
    const stack = this.news.get(this.stackUrn);
    if (stack && this.stackOutputs) {
      const olds = this.olds.get(this.stackUrn)?.outputs ?? {};
      await this.setOutputs(
        stack,
        this.run.failed || programFailed ? { ...olds, ...this.stackOutputs } : this.stackOutputs,
      );
    }
    if (!this.run.preview) await this.run.options.checkpoint.save();
  }

  /** Has the policies look at a resource before anything is done with it. In an update a mandatory finding ends it. */
  private async judge(next: ResourceState): Promise<void> {
    // Before the pack sees them: what it says may quote one.
    this.run.learn(next.inputs);
    for (const pack of this.packs)
      for (const violation of await pack.resource(next, this.providerState(next))) this.run.violated(violation);
    if (this.run.stopped) throw new StepFailed("a policy forbids it");
  }

  /** Has the policies look at the stack as it is now, by the outputs of its resources. */
  async judgeStack(): Promise<void> {
    for (const pack of this.packs)
      for (const violation of await pack.stack([...this.news.values()], (state) => this.providerState(state)))
        this.run.violated(violation);
  }

  private providerState({ provider }: ResourceState): ResourceState | undefined {
    return provider ? this.news.get(parseProviderRef(provider).urn) : undefined;
  }

  /** Registered, found under a former name, or already deleted to make room for its successor. */
  private isKept(state: ResourceState): boolean {
    return this.seen.has(state.urn) || this.taken.has(state.urn);
  }

  get outputs(): Values {
    return this.stackOutputs ?? this.news.get(this.stackUrn)?.outputs ?? {};
  }

  /** Whether anything but the stack itself has been registered. */
  get hasRegistered(): boolean {
    return [...this.seen].some((urn) => urn !== this.stackUrn);
  }

  private checkParent(parent: string, type: string): string {
    if (parent !== "") {
      if (!this.seen.has(parent)) throw new EngineError(`could not find parent resource ${parent}`);
      return parent;
    }
    return type === STACK_TYPE ? "" : this.stackUrn;
  }

  private claim(parent: string, type: string, name: string): string {
    const urn = createUrn(this.run.options.stack, this.run.options.project, parent, type, name);
    if (this.seen.has(urn)) {
      this.run.fail(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
      throw new StepFailed("duplicate URN");
    }
    this.seen.add(urn);
    return urn;
  }

  private findOld(urn: string, goal: Goal, parent: string): { old?: ResourceState; alias?: string } {
    const direct = this.olds.get(urn);
    if (direct) return { old: direct };
    const context = { stack: this.run.options.stack, project: this.run.options.project, found: this.foundAs };
    for (const alias of aliasUrns(context, goal.name, goal.type, parent, goal.aliases)) {
      const old = this.olds.get(alias);
      if (!old) continue;
      const other = this.seen.has(alias) ? alias : this.taken.get(alias);
      if (other !== undefined) {
        this.run.fail(
          `Duplicate resource alias '${alias}' applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`,
          urn,
        );
        throw new StepFailed("duplicate alias");
      }
      this.taken.set(alias, urn);
      this.foundAs.set(urn, alias);
      return { old, alias };
    }
    return {};
  }

  private newState(
    goal: Goal,
    urn: string,
    parent: string,
    provider: string,
    old: ResourceState | undefined,
    alias: string | undefined,
  ): ResourceState {
    return {
      urn,
      custom: goal.custom,
      type: goal.type,
      inputs: goal.inputs,
      parent: parent || undefined,
      protect: goal.protect,
      dependencies: [...goal.dependencies],
      provider: goal.custom && !isProviderType(goal.type) ? provider : undefined,
      propertyDependencies: { ...goal.propertyDependencies },
      additionalSecretOutputs: [...goal.additionalSecretOutputs],
      ...(alias ? { aliases: [alias] } : {}),
      customTimeouts: goal.customTimeouts,
      importID: goal.importId || undefined,
      retainOnDelete: goal.retainOnDelete,
      deletedWith: goal.deletedWith || undefined,
      replaceWith: [...goal.replaceWith],
      created: old?.created,
      modified: old?.modified,
      sourcePosition: goal.sourcePosition,
      stackTrace: goal.stackTrace,
      ignoreChanges: [...goal.ignoreChanges],
      hideDiff: [...goal.hideDiffs],
      replaceOnChanges: [...goal.replaceOnChanges],
      ...(goal.replacementTrigger !== undefined ? { replacementTrigger: goal.replacementTrigger } : {}),
    };
  }

  /** The provider that a package's resources get when the program names none; registered at its first use. */
  private async defaultProvider(pkg: string, version: string, downloadUrl: string): Promise<string> {
    this.run.options.registry.package(pkg);
    const name = defaultProviderName(version, downloadUrl);
    const key = `${pkg}/${name}`;
    const making = this.defaults.get(key) ?? this.makeDefaultProvider(pkg, name, version, downloadUrl);
    this.defaults.set(key, making);
    const state = await making;
    return providerRef(state.urn, state.id ?? UNKNOWN);
  }

  private async makeDefaultProvider(
    pkg: string,
    name: string,
    version: string,
    downloadUrl: string,
  ): Promise<ResourceState> {
    const type = `pulumi:providers:${pkg}`;
    const urn = createUrn(this.run.options.stack, this.run.options.project, undefined, type, name);
    this.seen.add(urn);
    const inputs = defaultProviderInputs(pkg, version, downloadUrl, this.run.options.config, (text, secret) =>
      secret ? new Secret(text) : text,
    );
    const next: ResourceState = { urn, custom: true, type, inputs, dependencies: [] };
    await this.applyProvider(this.olds.get(urn), next, {});
    this.news.set(urn, next);
    return next;
  }

  private async decideProvider(goal: Goal, old: ResourceState | undefined, next: ResourceState): Promise<void> {
    const pkg = goal.type.slice("pulumi:providers:".length);
    this.run.options.registry.package(pkg);
    next.inputs = { __internal: {}, ...goal.inputs, ...(goal.version ? { version: goal.version } : {}) };
    await this.applyProvider(old, next, goal);
  }

  /** A provider lives in the engine alone: it is made by giving it an id, and changed by changing its configuration. */
  private async applyProvider(old: ResourceState | undefined, next: ResourceState, goal: Partial<Goal>): Promise<void> {
    const { __internal: _, ...outputs } = next.inputs;
    const id = old?.id ?? newProviderId(this.run.preview);
    await this.judge(next);
    const itself: SandboxProvider = {
      ...passive,
      create: () => Promise.resolve({ id, outs: toPlainBag(outputs) }),
      update: () => Promise.resolve({ outs: toPlainBag(outputs) }),
    };
    if (!old) {
      await this.steps.create(next, itself);
      next.id = id;
    } else if (
      changedKeys(resetPaths(next.inputs, old.inputs, goal.ignoreChanges ?? []).values, old.inputs).length > 0
    ) {
      await this.steps.update(old, next, itself, { diffs: changedKeys(old.inputs, next.inputs) });
    } else await this.steps.same(old, next);
  }

  private async decideComponent(old: ResourceState | undefined, next: ResourceState): Promise<void> {
    if (old?.custom)
      throw new EngineError(
        `resource '${next.urn}' was a custom resource and is now a component; give it another name`,
      );
    await this.judge(next);
    if (!old) {
      if (next.type === STACK_TYPE && !this.run.preview) this.run.options.checkpoint.hold(next);
      const held = next.type === STACK_TYPE;
      if (held) this.createStack(next);
      else await this.steps.create(next, undefined);
    } else if (changedKeys(old.inputs, next.inputs).length > 0) {
      await this.steps.update(old, next, undefined, { diffs: changedKeys(old.inputs, next.inputs) });
    } else await this.steps.same(old, next);
  }

  /** The stack itself enters the checkpoint together with the first thing that it holds. */
  private createStack(next: ResourceState): void {
    this.run.before(this.run.info("create", { urn: next.urn, type: next.type, new: next }));
    if (!this.run.preview) next.created = next.modified = new Date().toISOString();
    this.run.after(this.run.info("create", { urn: next.urn, type: next.type, new: next }), { shown: this.run.preview });
  }

  private async decideCustom(goal: Goal, old: ResourceState | undefined, next: ResourceState): Promise<void> {
    const provider = await this.providerOf(next.provider!);
    const recreating = old !== undefined && this.deletions.isDeleted(old);
    const wanted = goal.importId !== "" && (!old || old.external || (old.importID ?? old.id) !== goal.importId);
    if (wanted) {
      const imported = await this.importFirst(goal, old && !recreating ? old : undefined, next, provider);
      await this.decideExisting(goal, imported, this.followUp(next, imported), provider, true);
      return;
    }
    const fresh = recreating || old === undefined || old.external === true;
    next.inputs = await this.check(goal, next, fresh ? {} : old.inputs, provider, fresh ? undefined : old.inputs);
    await this.judge(next);
    if (old === undefined) return this.steps.create(next, provider);
    if (recreating) {
      this.replaced.add(next.urn);
      const keys = this.deletions.keysOf(old);
      // As in Pulumi the reasons stand with the create; the line for the whole names none.
      this.steps.replace(old, next, {});
      return this.steps.create(next, provider, { old, pendingDelete: false, keys });
    }
    if (old.external) {
      await this.steps.create(next, provider, { old, pendingDelete: true });
      return this.steps.replace(old, next, {});
    }
    return this.decideExisting(goal, old, next, provider, false);
  }

  private async importFirst(
    goal: Goal,
    replaced: ResourceState | undefined,
    next: ResourceState,
    provider: SandboxProvider,
  ): Promise<ResourceState> {
    const imported: ResourceState = { ...next, inputs: goal.inputs };
    await this.steps.import(imported, goal.importId, provider, replaced);
    if (replaced) this.steps.replace(replaced, imported, {});
    return imported;
  }

  private followUp(next: ResourceState, imported: ResourceState): ResourceState {
    return { ...next, created: imported.created, modified: imported.modified };
  }

  /** The resource exists: replace it, update it, or leave it as it is. */
  private async decideExisting(
    goal: Goal,
    old: ResourceState,
    next: ResourceState,
    provider: SandboxProvider,
    imported: boolean,
  ): Promise<void> {
    if (imported) {
      next.inputs = await this.check(goal, next, old.inputs, provider, old.inputs);
      await this.judge(next);
    }
    const difference = await this.difference(goal, old, next, provider);
    const reasons: Reasons = {
      keys: difference.replaces,
      diffs: difference.changed,
      detailedDiff: difference.detailed,
    };
    if (difference.mustReplace || difference.replaces.length > 0 || old.pendingReplacement)
      return this.replaceExisting(goal, old, next, provider, difference, reasons);
    if (difference.changes || (old.initErrors ?? []).length > 0) {
      await this.steps.update(old, next, provider, { diffs: difference.changed, detailedDiff: difference.detailed });
      this.news.set(next.urn, next);
    } else if (imported) this.news.set(next.urn, old);
    else await this.steps.same(old, next);
  }

  private async replaceExisting(
    goal: Goal,
    old: ResourceState,
    next: ResourceState,
    provider: SandboxProvider,
    difference: Difference,
    reasons: Reasons,
  ): Promise<void> {
    if (next.protect && old.protect) {
      this.run.fail(
        `unable to replace resource "${next.urn}"\nas it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``,
        next.urn,
      );
      if (!this.run.preview) throw new StepFailed("protected");
      // A preview shows what would have been replaced all the same.
      this.run.stopped = false;
    }
    if (goal.importId !== "") {
      const message =
        "previously-imported resources that still specify an ID may not be replaced; please remove the `import` declaration from your program;\n" +
        difference.replaces
          .map((key) => `${key}: ${goText(old.inputs[key])} => ${goText(next.inputs[key])}`)
          .join("\n");
      if (!this.run.preview) {
        this.run.fail(message, next.urn);
        throw new StepFailed(message);
      }
      this.run.diagnose({ severity: "warning", urn: next.urn, message });
    }
    this.replaced.add(next.urn);
    next.inputs = await this.check(goal, next, {}, provider, undefined);
    if (goal.deleteBeforeReplace ?? difference.deleteBeforeReplace) {
      await this.deletions.beforeReplacing(old, this.seen, next.urn);
      this.steps.replace(old, next, reasons);
      return this.steps.create(next, provider, { old, pendingDelete: false, ...reasons });
    }
    if (old.pendingReplacement) {
      // It was deleted by a run that could not make its successor: only that is left to do.
      this.steps.replace(old, next, reasons);
      return this.steps.create(next, provider, { old, pendingDelete: false, ...reasons });
    }
    await this.steps.create(next, provider, { old, pendingDelete: true, ...reasons });
    this.steps.replace(old, next, reasons);
  }

  private async difference(
    goal: Goal,
    old: ResourceState,
    next: ResourceState,
    provider: SandboxProvider,
  ): Promise<Difference> {
    const trigger = next.replacementTrigger;
    if (
      trigger !== undefined &&
      !containsUnknown(trigger) &&
      old.replacementTrigger !== undefined &&
      !equal(trigger, old.replacementTrigger)
    )
      return replacedBecause();
    if (goal.replaceWith.some((urn) => this.replaced.has(urn))) return replacedBecause("replaceWith");
    if (goal.deletedWith !== "" && this.replaced.has(goal.deletedWith)) return replacedBecause("deletedWith");
    if (!old.provider || !next.provider) return replacedBecause("provider");
    const answer = await provider.diff(
      old.id ?? "",
      next.urn,
      toPlainBag(old.outputs ?? {}),
      toPlainBag(old.inputs),
      toPlainBag(next.inputs),
      goal.ignoreChanges,
    );
    return answer.changes ? fromProvider(answer, goal.replaceOnChanges) : NO_DIFFERENCE;
  }

  /** Inputs as the provider completes them; refused ones end the registration, each with its own message. */
  private async check(
    goal: Goal,
    next: ResourceState,
    olds: Values,
    provider: SandboxProvider,
    ignoreFrom: Values | undefined,
  ): Promise<Values> {
    let inputs = goal.inputs;
    if (ignoreFrom && goal.ignoreChanges.length > 0) {
      const { values, unreachable } = resetPaths(inputs, ignoreFrom, goal.ignoreChanges);
      inputs = values;
      if (unreachable.length > 0) {
        this.run.diagnose({
          severity: "info",
          urn: next.urn,
          message: `cannot ignore changes in added or removed elements of the path: "${unreachable.join(", ")}"`,
        });
      }
    }
    const { inputs: checked, failures = [] } = await provider.check(next.urn, toPlainBag(olds), toPlainBag(inputs));
    for (const { property, reason } of failures) {
      const value = property ? goText(valueAt(next.inputs, parsePath(property))) : "";
      const what = property
        ? `property ${property} value ${value} has a problem: ${reason}`
        : `has a problem: ${reason}`;
      this.run.fail(`${next.type} resource '${goal.name}'${property ? ": " : " "}${what}`, next.urn);
    }
    if (failures.length > 0) throw new StepFailed(`resource ${next.urn} is invalid`);
    const marked = markBagLike(fromPlainBag(checked), inputs);
    return sealListsOf(markSecret(marked, provider.secretInputs?.(next.type) ?? []));
  }

  /** The configured provider behind a reference: registered in this run, or left from the last one. */
  async providerOf(ref: string): Promise<SandboxProvider> {
    const { urn } = parseProviderRef(ref);
    const state = this.news.get(urn) ?? this.olds.get(urn) ?? this.olds.get(this.foundAs.get(urn) ?? "");
    if (!state) throw new EngineError(`unknown provider '${ref}'`);
    try {
      return await this.run.options.registry.provider(ref, state.type.slice("pulumi:providers:".length), state.inputs);
    } catch (error) {
      throw new EngineError(`could not configure provider ${urn}: ${messageOf(error)}`);
    }
  }
}

/** The methods that a provider resource's own life never needs. */
const passive: SandboxProvider = {
  check: (_urn, _olds, news) => Promise.resolve({ inputs: news }),
  diff: () => Promise.resolve({ changes: false, replaces: [], detailedDiff: {} }),
  create: () => Promise.resolve({ id: "", outs: {} }),
  read: (id, _urn, props) => Promise.resolve({ id, props }),
  update: () => Promise.resolve({ outs: {} }),
  delete: () => Promise.resolve(),
  invoke: () => Promise.resolve({ result: {} }),
  secretOutputs: () => [],
};
