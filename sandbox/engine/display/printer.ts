import { UNKNOWN } from "../../providers/types";
import { ARCHIVE_SIG, ASSET_SIG, SIG, Secret, isInternalKey, isObject, type Value, type Values } from "../values";
import type { ObjectDiff, ValueDiff } from "./diff";

/** Prints property values as Pulumi does: aligned, nested, `+`, `-` and `~` in the margin of a diff. */
export class PropertyPrinter {
  private text = "";

  toString(): string {
    return this.text;
  }

  object(values: Values, indent: number, mark = ""): void {
    const keys = Object.keys(values)
      .filter((key) => !isInternalKey(key))
      .sort();
    const width = Math.max(0, ...Object.keys(values).map((key) => key.length));
    for (const key of keys) {
      this.title(key, width, indent, mark);
      this.value(values[key]!, indent, mark);
    }
  }

  /** Only the given keys, when any are given. */
  diff(diff: ObjectDiff, indent: number, include?: readonly string[]): void {
    const all = [diff.adds, diff.deletes, diff.sames, diff.updates].flatMap((part) => Object.keys(part)).sort();
    const keys = include ? all.filter((key) => include.includes(key)) : all;
    const width = Math.max(0, ...keys.map((key) => key.length));
    for (const key of keys) {
      const title = (mark: string): void => {
        this.title(key, width, indent, mark);
      };
      if (key in diff.adds) this.added(diff.adds[key]!, indent, title);
      else if (key in diff.deletes) this.deleted(diff.deletes[key]!, indent, title);
      else if (key in diff.updates) this.changed(diff.updates[key]!, indent, title);
      else if (isWorthShowing(diff.sames[key]!)) {
        title("");
        this.value(diff.sames[key]!, indent, "");
      }
    }
  }

  private margin(indent: number, mark: string): string {
    const space = "    ".repeat(indent);
    return mark === "" || indent === 0 ? space : space.slice(0, -2) + mark;
  }

  private title(name: string, width: number, indent: number, mark: string): void {
    this.text += `${this.margin(indent, mark)}${name.padEnd(width)}: `;
  }

  value(value: Value, indent: number, mark: string): void {
    this.inline(value, indent, mark);
    this.text += "\n";
  }

  private inline(value: Value, indent: number, mark: string): void {
    if (Array.isArray(value)) {
      if (value.length === 0) this.text += "[]";
      else {
        this.text += "[\n";
        value.forEach((item, index) => {
          this.text += `${this.margin(indent, mark)}    [${index}]: `;
          this.value(item, indent + 1, mark);
        });
        this.text += `${this.margin(indent, "")}]`;
      }
    } else if (
      isObject(value) &&
      typeof value[SIG] === "string" &&
      (value[SIG] === ASSET_SIG || value[SIG] === ARCHIVE_SIG)
    ) {
      this.text += `${value[SIG] === ASSET_SIG ? "asset" : "archive"}(${typeof value.path === "string" ? `file) { ${value.path} }` : "text) { }"}`;
    } else if (isObject(value) && !(value instanceof Secret)) {
      const entries = Object.entries(value as Values).filter(([key]) => key !== SIG && key !== "@isPulumiResource");
      if (entries.length === 0) this.text += "{}";
      else {
        this.text += "{\n";
        this.object(Object.fromEntries(entries), indent + 1, mark);
        this.text += `${this.margin(indent, "")}}`;
      }
    } else this.primitive(value, indent, mark);
  }

  private primitive(value: Value, indent: number, mark: string): void {
    if (value instanceof Secret) this.text += "[secret]";
    else if (value === null) this.text += "<null>";
    else if (value === UNKNOWN) this.text += "[unknown]";
    else if (typeof value === "string") {
      const decoded = decodeJson(value);
      if (decoded === undefined) this.text += quote(value);
      else {
        this.text += "(json) ";
        this.value(decoded, indent, mark);
      }
    } else this.text += String(value as number | boolean);
  }

  private added(value: Value, indent: number, title: (mark: string) => void): void {
    title("+ ");
    this.value(value, indent, "+ ");
  }

  private deleted(value: Value, indent: number, title: (mark: string) => void): void {
    title("- ");
    this.value(value, indent, "- ");
  }

  private changed(change: ValueDiff, indent: number, title: (mark: string) => void): void {
    if (change.object) {
      title("~ ");
      this.text += "{\n";
      this.diff(change.object, indent + 1);
      this.text += `${this.margin(indent, "")}}\n`;
    } else if (change.array) {
      title("~ ");
      this.text += "[\n";
      this.elements(change.array, indent);
      this.text += `${this.margin(indent, "")}]\n`;
    } else {
      const showOld = isWorthShowing(change.old);
      const showNew = isWorthShowing(change.new);
      if (showOld && showNew && isPrimitive(change.old) && isPrimitive(change.new)) {
        title("~ ");
        if (isText(change.old) && isText(change.new) && `${change.old}${change.new}`.includes("\n")) {
          this.text += "\n";
          this.lines(change.old, change.new, indent + 1);
          return;
        }
        this.primitive(change.old, indent, "- ");
        this.text += " => ";
        this.primitive(change.new, indent, "+ ");
        this.text += "\n";
        return;
      }
      if (showOld) this.deleted(change.old, indent, title);
      if (showNew) this.added(change.new, indent, title);
    }
  }

  private elements(diff: ObjectDiff, indent: number): void {
    const indexes = [diff.adds, diff.deletes, diff.sames, diff.updates]
      .flatMap((part) => Object.keys(part))
      .sort((a, b) => Number(a) - Number(b));
    for (const index of indexes) {
      const title = (mark: string): void => {
        this.text += `${this.margin(indent + 1, mark)}[${index}]: `;
      };
      if (index in diff.adds) this.added(diff.adds[index]!, indent + 2, title);
      else if (index in diff.deletes) this.deleted(diff.deletes[index]!, indent + 2, title);
      else if (index in diff.updates) this.changed(diff.updates[index]!, indent + 2, title);
      else {
        title("");
        this.value(diff.sames[index]!, indent + 2, "");
      }
    }
  }

  /** Changed lines with two unchanged ones around them; empty lines are not shown. */
  private lines(old: string, next: string, indent: number): void {
    const chunks = lineDiff(old.split("\n"), next.split("\n"));
    chunks.forEach(({ mark, lines }, index) => {
      const shown = lines.filter((line) => line.trim() !== "");
      const print = (some: string[]): void => {
        for (const line of some) this.text += `${this.margin(indent, mark)}${line}\n`;
      };
      const gap = (): void => {
        this.text += `${this.margin(indent, "")}...\n`;
      };
      const first = index === 0;
      const last = index === chunks.length - 1;
      if (mark !== "" || shown.length <= (first || last ? CONTEXT + 1 : 2 * CONTEXT + 1)) return print(shown);
      if (!first) print(shown.slice(0, CONTEXT));
      gap();
      if (!last || first) print(shown.slice(-CONTEXT));
    });
  }
}

const CONTEXT = 2;
const isText = (value: Value): value is string => typeof value === "string" && value !== UNKNOWN;
const isPrimitive = (value: Value): boolean => value instanceof Secret || typeof value !== "object" || value === null;
const quote = (text: string): string => JSON.stringify(text);

/** Nulls, empty strings and empty collections only clutter. */
function isWorthShowing(value: Value): boolean {
  if (value === null || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}

/** Text that is a JSON object or list is shown as what it says. */
function decodeJson(text: string): Value | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value = JSON.parse(text) as Value;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Runs of equal, removed and added lines, by the longest common subsequence. */
function lineDiff(old: readonly string[], next: readonly string[]): { mark: string; lines: string[] }[] {
  const lengths = Array.from({ length: old.length + 1 }, () => new Array<number>(next.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = next.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] =
        old[i] === next[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const chunks: { mark: string; lines: string[] }[] = [];
  const push = (mark: string, line: string): void => {
    const last = chunks[chunks.length - 1];
    if (last?.mark === mark) last.lines.push(line);
    else chunks.push({ mark, lines: [line] });
  };
  let i = 0;
  let j = 0;
  while (i < old.length || j < next.length) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      push("", old[i]!);
      i += 1;
      j += 1;
    } else if (i < old.length && (j >= next.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      push("- ", old[i]!);
      i += 1;
    } else {
      push("+ ", next[j]!);
      j += 1;
    }
  }
  return chunks;
}
