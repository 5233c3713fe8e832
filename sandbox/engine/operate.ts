import type { ProviderPackage } from "../providers/types";
import { Checkpoint } from "./checkpoint";
import { blindConfig, type Config } from "./config";
import { Deployment } from "./deployment";
import { messageOf } from "./errors";
import type { ChangeSummary, Diagnostic, EngineEvent, Operation, StepInfo } from "./events";
import { Monitor } from "./monitor";
import { REPORTED_EXIT, startProgram } from "./program";
import { PolicyPack } from "./policyPack";
import type { Project } from "./project";
import { pendingWarning, recover } from "./recovery";
import { refreshAll } from "./refresh";
import { ProviderRegistry } from "./registry";
import { Run } from "./run";
import type { Snapshot } from "./state";
import { STACK_TYPE } from "./urns";
import type { Values } from "./values";

export type Failure = "configuration" | "program" | "step" | "stopped";

export interface OperateOptions {
  readonly operation: Operation;
  readonly preview: boolean;
  readonly project: Project;
  readonly stack: string;
  readonly packages: readonly ProviderPackage[];
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly write: (snapshot: Snapshot) => void;
  readonly parallel: number;
  readonly typeCheck: boolean;
  /** Folders of policy packs that judge an update. */
  readonly policyPacks: readonly string[];
  /** Whether to look what became of operations that a killed run left, or to warn of them as Pulumi does. */
  readonly recover: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: EngineEvent) => void;
}

export interface Outcome {
  readonly steps: readonly StepInfo[];
  readonly changeSummary: ChangeSummary;
  readonly outputs: Values;
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: boolean;
  readonly reason?: Failure;
}

/** How long the program is left alone after a failed step, so that outputs it still knows can arrive. */
const QUIET_MS = 250;
const POLL_MS = 25;

/** Carries out one operation on a stack: recovers what a killed run left, does the work, tells what came of it. */
export async function operate(options: OperateOptions): Promise<Outcome> {
  const { operation, preview, project, stack, config, onEvent } = options;
  const started = Date.now();
  const registry = new ProviderRegistry(options.packages, options.env);
  onEvent({ kind: "prelude", operation, preview, stack, project: project.name, config: blindConfig(config) });
  const left = options.snapshot.pending;
  const { resources, notes } = options.recover
    ? await recover(options.snapshot, registry)
    : { resources: options.snapshot.resources, notes: [] };
  // Pulumi drops the other operations with its next write; a create only a person may resolve.
  const unresolved = options.recover ? [] : left.filter(({ type }) => type === "creating");
  let checkpoints = 0;
  const write = (snapshot: Snapshot): void => {
    options.write({ ...snapshot, pending: [...snapshot.pending, ...unresolved] });
    checkpoints += 1;
    onEvent({ kind: "checkpoint", number: checkpoints });
  };
  if (left.length > 0 && options.recover && !preview) write({ resources, pending: [] });
  const checkpoint = new Checkpoint(resources, write, options.env.PULUMI_SKIP_CHECKPOINTS === "true");
  const run = new Run({
    project: project.name,
    projectDir: project.dir,
    stack,
    preview,
    config,
    registry,
    olds: resources,
    parallel: options.parallel,
    emit: onEvent,
    checkpoint,
  });
  if (left.length > 0 && !options.recover) {
    if (!preview && operation !== "refresh") run.diagnose({ severity: "warning", message: pendingWarning(left) });
  } else if (left.length > 0) {
    const count = left.length;
    run.diagnose({
      severity: "info",
      message: [
        `an earlier run was interrupted with ${count} operation${count > 1 ? "s" : ""} pending; resuming:`,
        ...notes.map((note) => `* ${note}`),
      ].join("\n"),
    });
  }
  const stop = (): void => {
    run.stopped = true;
  };
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  const packs = operation === "update" ? await startPacks(options) : [];
  if (packs.length > 0) onEvent({ kind: "policy-packs", packs: packs.map(({ name, folder }) => ({ name, folder })) });
  const deployment = new Deployment(run, packs);
  let reason: Failure | undefined;
  // A destroy and a refresh are updates too in what Pulumi says about their end.
  const kind = preview ? "preview" : "update";
  try {
    if (operation === "update") reason = await update(options, run, deployment);
    else if (operation === "destroy") await deployment.deletions.atEnd(resources);
    else {
      const refreshed = await refreshAll(run, resources, (ref) => deployment.providerOf(ref));
      if (!preview && !run.failed) write({ resources: refreshed, pending: [] });
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
    for (const pack of packs) pack.stop();
    if (!preview && operation !== "refresh") checkpoint.finish();
  }
  if (options.signal?.aborted) {
    reason = "stopped";
    run.diagnose({ severity: "error", message: `${kind} canceled` });
  } else if (run.failed && !reason) {
    reason = "step";
    // A registration that was refused outright has said all there is to say; Pulumi adds nothing to it in an update.
    if (preview || run.stepFailed) run.diagnose({ severity: "error", message: `${kind} failed` });
  }
  const failed = reason !== undefined;
  onEvent({ kind: "summary", changes: run.changes, durationMs: Date.now() - started, preview, failed });
  const outputs =
    operation === "update" ? deployment.outputs : (resources.find((state) => state.type === STACK_TYPE)?.outputs ?? {});
  return {
    steps: run.steps,
    changeSummary: run.changes,
    outputs,
    diagnostics: run.diagnostics,
    failed,
    ...(reason ? { reason } : {}),
  };
}

/** Starts every pack before the program, which may then ask for nothing that no policy has seen. */
async function startPacks(options: OperateOptions): Promise<PolicyPack[]> {
  const { project, stack, config, preview, env, typeCheck } = options;
  const started = await Promise.allSettled(
    options.policyPacks.map((folder) => PolicyPack.start({ folder, project, stack, config, preview, env, typeCheck })),
  );
  const packs = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (failed === undefined) return packs;
  for (const pack of packs) pack.stop();
  throw failed.reason;
}

/** The policies about the whole stack speak when all else is done: in an update too late to stop it. */
async function judged(run: Run, deployment: Deployment): Promise<void> {
  try {
    await deployment.judgeStack();
  } catch (error) {
    run.stepFailed = true;
    run.fail(messageOf(error));
  }
}

/**
 * Runs the program against the engine's services until both are done. Returns why the program itself failed, if it did.
 */
async function update(options: OperateOptions, run: Run, deployment: Deployment): Promise<Failure | undefined> {
  const monitor = new Monitor(run, deployment, options.project.dir);
  const address = await monitor.start();
  try {
    const { project, stack, config, preview, parallel, env, typeCheck } = options;
    const program = startProgram({
      project,
      stack,
      config,
      preview,
      parallel,
      env,
      typeCheck,
      address,
      onLine: (line, stream) => run.diagnose({ severity: stream === "stdout" ? "info" : "info#err", message: line }),
    });
    const quiet = untilStoppedAndQuiet(run, monitor);
    const code = await Promise.race([program.exited, quiet.reached]).finally(() => quiet.cancel());
    await program.kill();
    await run.whenIdle();
    // A step that failed, or a person who stopped the run, is why the program ended; its own code says nothing then.
    if (run.stopped || code === 0) {
      await deployment.finish({ programFailed: false });
      if (!run.stopped) await judged(run, deployment);
      return undefined;
    }
    const reason = isConfigurationMistake(run, deployment, code) ? "configuration" : "program";
    if (code !== REPORTED_EXIT)
      run.diagnose({
        severity: "error",
        message: `an unhandled error occurred: program exited with non-zero exit code: ${String(code)}`,
      });
    await deployment.finish({ programFailed: true });
    return reason;
  } finally {
    monitor.stop();
  }
}

/** Tells when the run has stopped, no step is under way, and the program has gone quiet. */
function untilStoppedAndQuiet(run: Run, monitor: Monitor): { reached: Promise<undefined>; cancel(): void } {
  let timer: NodeJS.Timeout;
  const reached = new Promise<undefined>((resolve) => {
    timer = setInterval(() => {
      if (run.stopped && run.isIdle && monitor.silence > QUIET_MS) resolve(undefined);
    }, POLL_MS);
  });
  return { reached, cancel: () => clearInterval(timer) };
}

/**
 * A program that refuses its configuration throws a RunError (shown without a stack) before it registers anything.
 * Its runner then prefixes nothing to the message, unlike for errors that nobody meant for the user.
 */
function isConfigurationMistake(run: Run, deployment: Deployment, code: number | null | undefined): boolean {
  if (code !== REPORTED_EXIT || deployment.hasRegistered) return false;
  return run.diagnostics.some(
    ({ severity, urn, message }) =>
      severity === "error" &&
      !urn &&
      (!message.startsWith("Running program '") ||
        /failed with an unhandled exception:\n(\S*\s)?\S*PostureError/.test(message)),
  );
}
