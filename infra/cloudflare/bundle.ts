import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The Workers as single modules: the gate, its memory, and what rotates the token. */
export interface GateScripts {
  readonly gate: string;
  readonly ledger: string;
  readonly rotator: string;
}

const ROOT = join(__dirname, "..", "..");
/** Where the published package has the Workers as files. */
const BUILT = join(ROOT, "workers");

/**
 * The bundled Workers: the package's own files where it is installed, made from the sources in the repository. Both are
 * the same text.
 */
export function bundleGate(): GateScripts {
  if (!existsSync(BUILT)) return bundleSources(ROOT);
  const built = (name: string): string => readFileSync(join(BUILT, `${name}.js`), "utf8");
  return { gate: built("gate"), ledger: built("ledger"), rotator: built("rotator") };
}

/**
 * Bundles the Workers' sources. The text depends on the sources alone, not on where they lie, and it is left readable:
 * it stands in the stack's state, where an auditor may want to read it.
 */
export function bundleSources(root: string): GateScripts {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only here: whoever installs the package needs none
  const { buildSync } = require("esbuild") as typeof import("esbuild");
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
