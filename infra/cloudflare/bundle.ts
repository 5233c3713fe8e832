import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildSync } from "esbuild";

/** The Workers as single modules: the gate, its memory, and what rotates the token. */
export interface GateScripts {
  readonly gate: string;
  readonly ledger: string;
  readonly rotator: string;
}

const ROOT = join(__dirname, "..", "..");

/**
 * Bundles the Workers' sources. The text depends on the sources alone, not on where they lie, and it is left readable:
 * it stands in the stack's state, where an auditor may want to read it.
 */
export function bundleGate(root: string = ROOT): GateScripts {
  const bundle = (...entry: string[]): string => {
    const { outputFiles } = buildSync({
      absWorkingDir: root,
      entryPoints: [join(...entry)],
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*"],
      // Comments name each source's path; through a link they would name where the link leads.
      preserveSymlinks: true,
      // V8 holds a text with a single other character in twice the memory.
      charset: "ascii",
      minify: false,
      treeShaking: true,
      legalComments: "none",
      logLevel: "silent",
      tsconfigRaw: "{}",
    });
    return outputFiles[0]?.text ?? "";
  };
  return {
    gate: bundle("gate", "worker", "worker.ts"),
    ledger: bundle("gate", "worker", "ledger.ts"),
    rotator: bundle("rotation", "worker.ts"),
  };
}

/** A short name for a script's content; the tag of its migration. */
export function contentTag(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
