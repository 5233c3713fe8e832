import { createColors } from "picocolors";
import type { Op, Severity } from "../events";

/** Colours, or none. */
export interface Painter {
  headline(text: string): string;
  op(op: Op, text: string): string;
  severity(severity: Severity, text: string): string;
  error(text: string): string;
}

export function painter(colors: boolean): Painter {
  const pc = createColors(colors);
  return {
    headline: (text) => (text === "" ? "" : pc.bold(pc.magenta(text))),
    op: (op, text) => {
      if (text.trim() === "") return text;
      if (op === "create" || op === "create-replacement" || op === "import") return pc.green(text);
      if (op === "delete" || op === "delete-replaced") return pc.red(text);
      if (op === "update" || op === "replace" || op === "refresh") return pc.yellow(text);
      return text;
    },
    severity: (severity, text) =>
      severity === "error" ? pc.red(text) : severity === "warning" ? pc.yellow(text) : text,
    error: (text) => pc.red(text),
  };
}
