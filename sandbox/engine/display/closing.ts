import { OPS, type EngineEvent, type Op, type StepInfo } from "../events";
import { anyChange, diffObject, withoutUnknown } from "./diff";
import type { Painter } from "./paint";
import { PropertyPrinter } from "./printer";
import { COUNTED, PREFIX } from "./wording";

/**
 * The stack's outputs: all of them after an update, only what changes in a preview. Ends with a newline; empty when
 * there is nothing to say.
 */
export function outputsText(step: StepInfo, preview: boolean): string {
  const next = step.new?.outputs;
  if (!next) return "";
  const printer = new PropertyPrinter();
  const old = step.old?.outputs;
  const changes = old ? diffObject(old, next) : undefined;
  const diff = preview ? withoutUnknown(changes) : changes;
  if (old && preview && (!diff || !anyChange(diff))) return "";
  if (diff) printer.diff(preview ? { ...diff, sames: {} } : diff, 1);
  else printer.object(next, 1);
  return printer.toString();
}

const SILENT: readonly Op[] = ["same", "read", "discard", "read-replacement"];

/** `Resources:` and, after an update, `Duration:`. */
export function summaryText(event: Extract<EngineEvent, { kind: "summary" }>, errored: number, paint: Painter): string {
  const counted = OPS.filter((op) => !SILENT.includes(op) && (event.changes[op] ?? 0) > 0);
  const lines = [paint.headline("Resources:")];
  for (const op of counted)
    lines.push(`    ${paint.op(op, `${PREFIX[op]}${event.changes[op]} ${event.preview ? `to ${op}` : COUNTED[op]}`)}`);
  const total = counted.reduce((sum, op) => sum + (event.changes[op] ?? 0), 0);
  const pieces: string[] = [];
  if (counted.length >= 2) pieces.push(`${total} change${total === 1 ? "" : "s"}`);
  if ((event.changes.same ?? 0) > 0) pieces.push(`${event.changes.same} unchanged`);
  if (pieces.length > 0) lines.push(`    ${pieces.join(". ")}`);
  if (errored > 0) lines.push(paint.error(`    ${errored} errored`));
  if (!event.preview) lines.push("", `${paint.headline("Duration:")} ${duration(event.durationMs)}`);
  return `${lines.join("\n")}\n`;
}

/** Whole seconds, rounded up, as Go writes them. */
function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
