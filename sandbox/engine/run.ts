import type { Config } from "./config";
import type { Checkpoint } from "./checkpoint";
import { messageOf } from "./errors";
import type { ChangeSummary, Diagnostic, EngineEvent, Op, StateView, StepInfo } from "./events";
import { Redactor } from "./redact";
import type { PolicyViolation } from "./policyPack";
import type { ProviderRegistry } from "./registry";
import type { ResourceState } from "./state";
import { isDefaultProviderName, isProviderType, parseUrn } from "./urns";
import type { Values } from "./values";

/** What all parts of one run share: who the stack is, where events go, and whether the run is still sound. */
export interface RunOptions {
  readonly project: string;
  readonly projectDir: string;
  readonly stack: string;
  readonly preview: boolean;
  readonly config: Config;
  readonly registry: ProviderRegistry;
  readonly checkpoint: Checkpoint;
  readonly olds: readonly ResourceState[];
  readonly parallel: number;
  readonly emit: (event: EngineEvent) => void;
}

/** Raised to end a step that has already been reported. */
export class StepFailed extends Error {}

/** Keeps at most `limit` provider operations going at once. */
class Gatekeeper {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  constructor(private readonly limit: number) {}

  async with<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}

/** One preview, update, refresh or destroy while it happens. */
export class Run {
  readonly changes: ChangeSummary = {};
  readonly steps: StepInfo[] = [];
  readonly diagnostics: Diagnostic[] = [];
  failed = false;
  /** Whether a step was begun and went wrong or a policy forbade it, rather than being refused before it began. */
  stepFailed = false;
  /** Set when no new step may begin: after a failure, or when the person asked to stop. */
  stopped = false;
  private readonly redactor = new Redactor();
  private readonly gate: Gatekeeper;
  private active = 0;
  private readonly ops = new Map<string, Op>();
  private readonly idle: (() => void)[] = [];

  constructor(readonly options: RunOptions) {
    this.gate = new Gatekeeper(options.parallel);
    for (const { text, secret } of options.config.values()) if (secret) this.redactor.learnText(text);
    for (const { inputs, outputs } of options.olds) this.learn(inputs, outputs);
  }

  /** Remembers the secrets among property values, so that no message repeats them. */
  learn(...bags: (Values | undefined)[]): void {
    for (const bag of bags) this.redactor.learn(bag);
  }

  get preview(): boolean {
    return this.options.preview;
  }

  diagnose(told: Diagnostic): void {
    const diagnostic = { ...told, message: this.redactor.mask(told.message) };
    this.diagnostics.push(diagnostic);
    this.options.emit({ kind: "diagnostic", diagnostic });
  }

  /** Reports an error and stops the run from beginning anything new. */
  fail(message: string, urn?: string): void {
    this.failed = true;
    this.stopped = true;
    this.diagnose({ severity: "error", message, ...(urn ? { urn } : {}) });
  }

  /**
   * Shows what a policy found. A mandatory one fails the run: a preview goes on and shows the rest, an update begins
   * nothing more.
   */
  violated(told: PolicyViolation): void {
    this.options.emit({ kind: "policy", violation: { ...told, message: this.redactor.mask(told.message) } });
    if (told.enforcement !== "mandatory") return;
    this.failed = true;
    this.stepFailed = true;
    if (!this.preview) this.stopped = true;
  }

  /** Counts work under way, so that the end of a failed run can wait for it. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.active += 1;
    try {
      return await work();
    } finally {
      this.active -= 1;
      if (this.active === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }

  async whenIdle(): Promise<void> {
    if (this.active > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  get isIdle(): boolean {
    return this.active === 0;
  }

  /** A provider call, within the limit of parallel operations. */
  call<T>(work: () => Promise<T>): Promise<T> {
    return this.gate.with(work);
  }

  info(
    op: Op,
    parts: {
      urn: string;
      type: string;
      old?: ResourceState | undefined;
      new?: ResourceState | undefined;
      logical?: boolean;
    } & Partial<Pick<StepInfo, "keys" | "diffs" | "detailedDiff">>,
  ): StepInfo {
    const { urn, type, old, new: next, logical = true, keys, diffs, detailedDiff } = parts;
    const provider = next?.provider ?? old?.provider;
    this.learn(next?.inputs, next?.outputs);
    return {
      op,
      urn,
      type,
      logical,
      ...(old ? { old: view(old) } : {}),
      ...(next ? { new: view(next) } : {}),
      ...(provider ? { provider } : {}),
      ...(keys ? { keys } : {}),
      ...(diffs ? { diffs } : {}),
      ...(detailedDiff ? { detailedDiff } : {}),
      internal: op === "remove-pending-replace" || (isProviderType(type) && isDefaultProviderName(parseUrn(urn).name)),
    };
  }

  /** The last operation begun on a resource. */
  lastOp(urn: string): Op | undefined {
    return this.ops.get(urn);
  }

  before(step: StepInfo): void {
    if (step.internal) return;
    this.ops.set(step.urn, step.op);
    this.steps.push(step);
    this.options.emit({ kind: "resource-pre", step });
  }

  /**
   * Counts a step that went well and reports what came of it. `counted` names another operation for the summary, or
   * none.
   */
  after(step: StepInfo, { counted = step.op, shown = true }: { counted?: Op | null; shown?: boolean } = {}): void {
    if (step.internal) return;
    if (step.logical && counted) this.changes[counted] = (this.changes[counted] ?? 0) + 1;
    if (shown) this.options.emit({ kind: "resource-outputs", step });
  }

  /** Reports a step that went wrong and throws {@link StepFailed}. */
  broke(step: StepInfo, error: unknown): never {
    const message = messageOf(error);
    this.stepFailed = true;
    this.fail(this.preview ? `Preview failed: ${message}` : message, step.internal ? undefined : step.urn);
    if (!step.internal) this.options.emit({ kind: "resource-failed", step });
    throw new StepFailed(message);
  }
}

/** A copy for an event: states are changed while the run goes on. */
const view = (state: ResourceState): StateView => ({ ...state });
