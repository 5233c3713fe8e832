import { resourceOf, type EngineEvent, type StepInfo } from "../events";
import { parsePath } from "../../../infra/config/propertyPath";
import { STACK_TYPE, parseProviderRef, parseUrn } from "../urns";
import { outputsText, summaryText } from "./closing";
import { diffObject, diffOf, merged, type ObjectDiff } from "./diff";
import { isShown } from "./info";
import type { Painter } from "./paint";
import { PolicyFindings } from "./policies";
import { PropertyPrinter } from "./printer";
import { TITLES } from "./progress";
import { PREFIX, SEVERITY_PREFIX } from "./wording";

/** The halves of a replacement are left to the replacement itself. */
const HALVES = new Set([
  "create-replacement",
  "delete-replaced",
  "read-replacement",
  "import-replacement",
  "discard-replaced",
]);

/** What `pulumi preview --diff` prints: each change with its properties. */
export class DiffDisplay {
  private readonly seen = new Map<string, StepInfo>();
  private readonly policies = new PolicyFindings();
  private rootUrn = "";
  private preview = false;
  private errored = 0;

  constructor(
    private readonly write: (text: string) => void,
    private readonly paint: Painter,
  ) {}

  handle(event: EngineEvent): void {
    switch (event.kind) {
      case "prelude":
        this.preview = event.preview;
        return this.write(
          `${this.paint.headline(`${TITLES[event.operation][event.preview ? 0 : 1]} (${event.stack}):`)}\n`,
        );
      case "resource-pre": {
        this.seen.set(event.step.urn, event.step);
        if (event.step.type === STACK_TYPE) this.rootUrn = event.step.urn;
        if (event.step.op === "refresh" || event.step.op === "import") return;
        return this.step(event.step);
      }
      case "resource-outputs": {
        const before = this.seen.get(event.step.urn)?.op;
        if (event.step.op === "import" || (before === "refresh" && event.step.op !== "same"))
          return this.step(event.step);
        if (event.step.type === STACK_TYPE && before !== "refresh") return this.outputs(event.step);
        return;
      }
      case "diagnostic":
        if (event.diagnostic.severity === "debug" || event.diagnostic.ephemeral) return;
        return this.write(
          `${this.paint.severity(event.diagnostic.severity, SEVERITY_PREFIX[event.diagnostic.severity] + event.diagnostic.message)}\n`,
        );
      case "resource-failed":
        this.errored += 1;
        return;
      case "policy-packs":
      case "policy":
        return this.policies.handle(event);
      case "checkpoint":
        return;
      case "summary":
        this.write(this.policies.text(this.rootUrn, this.paint));
        return this.policies.forbid ? undefined : this.write(summaryText(event, this.errored, this.paint));
    }
  }

  private isListed(step: StepInfo): boolean {
    return (isShown(step) || step.type === STACK_TYPE) && !(HALVES.has(step.op) && !step.logical);
  }

  /** One level for each ancestor that is listed itself. */
  private indentOf(step: StepInfo): number {
    let indent = 0;
    for (let parent = resourceOf(step)?.parent; parent;) {
      const above = this.seen.get(parent);
      if (!above) break;
      if (above.type === STACK_TYPE || this.isListed(above)) indent += 1;
      parent = resourceOf(above)?.parent;
    }
    return indent;
  }

  private step(step: StepInfo): void {
    if (!this.isListed(step)) return;
    const indent = this.indentOf(step);
    const space = "    ".repeat(indent);
    const lines = [`${space}${PREFIX[step.op]}${step.type}: (${step.op})`];
    if (step.old?.id) lines.push(`${space}    [id=${step.old.id}]`);
    lines.push(`${space}    [urn=${step.urn}]`);
    if (step.provider) {
      if (step.old && step.new && step.old.provider !== step.new.provider)
        lines.push(`${space}    [provider: ${step.old.provider ?? ""} => ${step.new.provider ?? ""}]`);
      else if (parseUrn(parseProviderRef(step.provider).urn).name !== "default")
        lines.push(`${space}    [provider=${step.provider}]`);
    }
    this.write(
      `${this.paint.op(step.op, lines.join("\n"))}\n${step.op === "same" ? "" : this.properties(step, indent + 1)}`,
    );
  }

  private properties(step: StepInfo, indent: number): string {
    const printer = new PropertyPrinter();
    const { old, new: next } = step;
    if (old && next) {
      const diff = step.detailedDiff
        ? changedOnly(step)
        : next.outputs && Object.keys(next.outputs).length > 0 && step.op !== "import"
          ? diffObject(old.outputs ?? {}, next.outputs)
          : diffObject(old.inputs, next.inputs);
      if (diff) printer.diff(diff, indent);
      else printer.object(next.inputs, indent);
    } else if (next)
      printer.object(next.outputs && Object.keys(next.outputs).length > 0 ? next.outputs : next.inputs, indent);
    else if (old) printer.object(old.inputs, indent);
    return printer.toString();
  }

  private outputs(step: StepInfo): void {
    const text = outputsText(step, this.preview);
    if (text) this.write(`    --outputs:--\n${text}`);
  }
}

/** The properties that the provider named. Its old side is what the service reported, unless it compared inputs. */
function changedOnly(step: StepInfo): ObjectDiff | undefined {
  const found = new Map<string, ObjectDiff>();
  for (const [path, { inputDiff }] of Object.entries(step.detailedDiff ?? {})) {
    const [key, ...deeper] = parsePath(path).map(String) as [string, ...string[]];
    // Inside a structure the service may report more than the program asked for; only the inputs are alike then.
    const before =
      inputDiff || deeper.length > 0 ? step.old!.inputs[key] : (step.old!.outputs?.[key] ?? step.old!.inputs[key]);
    const diff = diffOf(key, before ?? undefined, step.new!.inputs[key] ?? undefined);
    if (diff) found.set(key, diff);
  }
  return found.size > 0 ? merged([...found.values()]) : undefined;
}
