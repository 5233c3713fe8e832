import { PLANNED, PREFIX, DOING, DONE, FAILED, SEVERITY_PREFIX } from "./wording";
import { isShown, shortDiff } from "./info";
import { outputsText, summaryText } from "./closing";
import { PolicyFindings } from "./policies";
import { type Diagnostic, type EngineEvent, type Op, type StepInfo, resourceOf } from "../events";
import { STACK_TYPE, createUrn, displayType, parseUrn } from "../urns";
import type { Painter } from "./paint";

interface Row {
  urn: string;
  step: StepInfo;
  readonly outputs: StepInfo[];
  failed: boolean;
  hidden: boolean;
  readonly diagnostics: Diagnostic[];
  started?: number;
  ended?: number;
}

export const TITLES = {
  update: ["Previewing update", "Updating"],
  refresh: ["Previewing refresh", "Refreshing"],
  destroy: ["Previewing destroy", "Destroying"],
} as const;
const SPINNERS = {
  update: ["previewing update", "updating"],
  refresh: ["previewing refresh", "refreshing"],
  destroy: ["previewing destroy", "destroying"],
} as const;
const TICK_MS = 1_000;

/** Turns the events of one run into the lines that Pulumi prints when it does not own a terminal. */
export class ProgressDisplay {
  private readonly rows = new Map<string, Row>();
  private readonly policies = new PolicyFindings();
  private stackUrn = "";
  private preview = false;
  private done = false;
  private prelude: Extract<EngineEvent, { kind: "prelude" }> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private dots = false;

  /** `write` gets text with its newlines; `tick` turns on the dots that show that something is still going on. */
  constructor(
    private readonly write: (text: string) => void,
    private readonly paint: Painter,
    private readonly tick: boolean,
    private readonly now: () => number = Date.now,
  ) {}

  handle(event: EngineEvent): void {
    switch (event.kind) {
      case "prelude":
        return this.begin(event);
      case "resource-pre":
        return this.pre(event.step);
      case "resource-outputs":
        return this.outputs(event.step);
      case "resource-failed": {
        const row = this.row(event.step.urn, event.step);
        row.failed = true;
        return this.show(row);
      }
      case "diagnostic":
        return this.diagnostic(event.diagnostic);
      case "policy-packs":
      case "policy":
        return this.policies.handle(event);
      case "checkpoint":
        return;
      case "summary":
        return this.end(event);
    }
  }

  private line(text: string): void {
    if (this.dots) this.write("\n");
    this.dots = false;
    this.write(`${text}\n`);
  }

  private begin(event: Extract<EngineEvent, { kind: "prelude" }>): void {
    this.prelude = event;
    this.preview = event.preview;
    this.line(this.paint.headline(`${TITLES[event.operation][event.preview ? 0 : 1]} (${event.stack}):`));
    this.line("");
    if (!this.tick) return;
    this.timer = setInterval(() => {
      this.write(this.dots ? "." : `@ ${SPINNERS[event.operation][event.preview ? 0 : 1]}....`);
      this.dots = true;
    }, TICK_MS);
    this.timer.unref();
  }

  private pre(step: StepInfo): void {
    if (this.isQuietRead(step)) return;
    const wasRoot = step.urn === this.stackUrn;
    const row = this.row(step.urn, step);
    if (isShown(step) || wasRoot) row.hidden = false;
    row.started = this.now();
    delete row.ended;
    row.step = step;
    this.show(row);
  }

  private outputs(step: StepInfo): void {
    if (this.isQuietRead(step)) return;
    const wasRoot = step.urn === this.stackUrn;
    const row = this.row(step.urn, step);
    if (isShown(step) || wasRoot) row.hidden = false;
    const isRefresh = row.step.op === "refresh";
    row.ended = this.now();
    row.step = step;
    row.outputs.push(step);
    const custom = resourceOf(step)?.custom ?? false;
    // Without a terminal to rewrite, a second line is printed only where it says something new.
    if (isRefresh || (!this.preview && custom && step.op !== "same")) this.show(row);
  }

  /** Reads are a detail of how the program works, not a change; they are not listed. */
  private isQuietRead(step: StepInfo): boolean {
    return step.op === "read" || step.op === "discard" || step.op === "read-replacement";
  }

  private diagnostic(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "debug" || diagnostic.message.trim() === "") return;
    const row = this.row(diagnostic.urn || this.stackUrn || this.rootUrn());
    row.hidden = false;
    row.diagnostics.push(diagnostic);
    this.show(row);
  }

  private rootUrn(): string {
    const { stack, project } = this.prelude ?? { stack: "", project: "" };
    return createUrn(stack, project, undefined, STACK_TYPE, `${project}-${stack}`);
  }

  private row(urn: string, step?: StepInfo): Row {
    if (parseUrn(urn).type === STACK_TYPE) this.stackUrn = urn;
    const known = this.rows.get(urn);
    if (known) return known;
    const row: Row = {
      urn,
      step: step ?? { op: "same", urn, type: parseUrn(urn).type, logical: true, internal: false },
      outputs: [],
      failed: false,
      hidden: true,
      diagnostics: [],
    };
    this.rows.set(urn, row);
    return row;
  }

  private isDone(row: Row): boolean {
    if (row.failed || this.done) return true;
    if (parseUrn(row.urn).type === STACK_TYPE) return false;
    return row.outputs.some(({ op }) => op === row.step.op);
  }

  private status(row: Row): string {
    const { op } = row.step;
    const failed = row.failed || row.diagnostics.some(({ severity }) => severity === "error");
    let text: string;
    if (!this.isDone(row)) {
      if (parseUrn(row.urn).type === STACK_TYPE && op === "same")
        // No program runs in a destroy.
        text = this.prelude?.operation === "destroy" ? "" : "running";
      else
        text = this.preview
          ? PLANNED[op]
          : timed(DOING[op], op, row.started === undefined ? undefined : (this.now() - row.started) / 1000);
    } else if (this.preview)
      text =
        op === "same"
          ? ""
          : PLANNED[op]
              .replace(/^(create|delete|read for|discard) (replacement|original)$/, "replace")
              .replace("refreshing", "refresh");
    else text = timed(failed ? FAILED[op] : DONE[op], op, elapsed(row), true);
    const retained =
      row.step.old?.retainOnDelete &&
      (["delete", "replace", "create-replacement", "delete-replaced"] as Op[]).includes(op)
        ? "[retain]"
        : "";
    return (
      (failed && this.isDone(row) && text !== "" ? this.paint.error(`**${text}**`) : this.paint.op(op, text)) + retained
    );
  }

  private info(row: Row): string {
    let { step } = row;
    if (step.op === "create-replacement" || step.op === "delete-replaced")
      step = row.outputs.find(({ op }) => op === "replace") ?? step;
    const parts: string[] = [];
    const changes = shortDiff(step);
    if (changes) parts.push(`[${changes}]`);
    if (this.done) {
      for (const [name, severities] of [
        ["error", ["error"]],
        ["warning", ["warning"]],
        ["message", ["info", "info#err"]],
      ] as const) {
        const count = row.diagnostics.filter(
          ({ severity, ephemeral }) => !ephemeral && (severities as readonly string[]).includes(severity),
        ).length;
        if (count > 0) parts.push(`${count} ${name}${count > 1 ? "s" : ""}`);
      }
    } else {
      const last = row.diagnostics[row.diagnostics.length - 1];
      if (last) parts.push(render(last));
    }
    return parts.join("; ").split("\n")[0]!;
  }

  private show(row: Row): void {
    if (row.hidden) return;
    const { type, name } = parseUrn(row.urn);
    this.line(
      ` ${this.paint.op(row.step.op, PREFIX[row.step.op])} ${displayType(type)} ${name} ${this.status(row)} ${this.info(row)}`,
    );
  }

  private end(event: Extract<EngineEvent, { kind: "summary" }>): void {
    clearInterval(this.timer);
    const unfinished = [...this.rows.values()].filter((row) => !this.isDone(row));
    this.done = true;
    for (const row of unfinished) this.show(row);
    const stack = this.rows.get(this.stackUrn);
    // The stack itself is no longer there to be shown as deleted, but its line closes the list.
    if (stack?.step.op === "delete" && !stack.failed)
      this.line(`    ${displayType(STACK_TYPE)} ${parseUrn(this.stackUrn).name}  `);
    const judged = this.policies.text(this.stackUrn || this.rootUrn(), this.paint);
    if (judged) this.line(judged);
    this.diagnostics();
    if (stack) {
      const outputs = outputsText(stack.step, this.preview);
      if (outputs) {
        this.line(this.paint.headline("Outputs:"));
        this.line(outputs);
      }
    }
    if (this.policies.forbid) return;
    const errored = [...this.rows.values()].filter((row) =>
      row.diagnostics.some(({ severity }) => severity === "error"),
    ).length;
    this.line(summaryText(event, errored, this.paint));
  }

  private diagnostics(): void {
    let headed = false;
    for (const row of this.rows.values()) {
      const messages = row.diagnostics.filter(({ ephemeral }) => !ephemeral);
      if (messages.length === 0) continue;
      if (!headed) this.line(this.paint.headline("Diagnostics:"));
      headed = true;
      const { type, name } = parseUrn(row.urn);
      this.line(`  ${displayType(type)} (${name}):`);
      for (const message of messages) {
        for (const one of render(message).split("\n"))
          this.line(`    ${this.paint.severity(message.severity, one).trimEnd()}`);
      }
      this.line("");
    }
  }
}

const render = ({ severity, message }: Diagnostic): string => `${SEVERITY_PREFIX[severity]}${message}`.trimEnd();
const elapsed = ({ started, ended }: Row): number | undefined =>
  started === undefined || ended === undefined ? undefined : (ended - started) / 1000;

function timed(text: string, op: Op, seconds: number | undefined, fine = false): string {
  if (op === "same" || text === "" || seconds === undefined) return text;
  return `${text} (${fine && seconds < 1 ? seconds.toFixed(2) : Math.floor(seconds)}s)`;
}
