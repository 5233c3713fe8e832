import type { StepInfo } from "../events";
import { parsePath } from "../../../infra/config/propertyPath";
import { diffObject } from "./diff";

/** `diff: +added-removed~changed` for a row, or nothing. */
export function shortDiff(step: StepInfo): string {
  if (!step.old || !step.new) return "";
  const adds = new Set<string>();
  const deletes = new Set<string>();
  const updates = new Set<string>();
  if (step.op !== "same") {
    if (step.detailedDiff) {
      for (const [path, { kind }] of Object.entries(step.detailedDiff)) {
        const [top, ...deeper] = parsePath(path);
        (deeper.length > 0 || kind.startsWith("update") ? updates : kind.startsWith("add") ? adds : deletes).add(
          String(top),
        );
      }
    } else {
      const diff = diffObject(step.old.inputs, step.new.inputs);
      for (const key of Object.keys(diff?.adds ?? {})) adds.add(key);
      for (const key of Object.keys(diff?.deletes ?? {})) deletes.add(key);
      for (const key of Object.keys(diff?.updates ?? {})) updates.add(key);
    }
  }
  if (step.old.provider !== step.new.provider) updates.add("provider");
  if (Boolean(step.old.protect) !== Boolean(step.new.protect)) updates.add("protect");
  if (adds.size + deletes.size + updates.size === 0) return "";
  const include = step.diffs && step.diffs.length > 0 ? new Set(step.diffs) : undefined;
  const part = (sign: string, keys: Set<string>): string => {
    const shown = [...keys].filter((key) => !include || include.has(key)).sort();
    return shown.length > 0 ? sign + shown.join(",") : "";
  };
  return `diff: ${part("+", adds)}${part("-", deletes)}${part("~", updates)}`;
}

/** Whether a step is shown at all: what stays the same is not, unless its protection changed. */
export const isShown = (step: StepInfo): boolean =>
  step.op !== "same" || Boolean(step.old?.protect) !== Boolean(step.new?.protect);
