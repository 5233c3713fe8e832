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
  return { gate: built("gate"), ledger: built("ledger"), rotator: built("rotator") };
}

/**
 * The Workers of a gate in several processes on one machine (`selfHostProcesses`): the gate as everywhere, the ledger in
 * a process of its own, and what stands for it in each gate process.
 */
export function bundleGateProcesses(): {
  readonly gate: string;
  readonly ledger: string;
  readonly ledgerRelay: string;
} {
  const { ledgerProcess, ledgerRelay } = existsSync(BUILT)
    ? { ledgerProcess: built("ledgerProcess"), ledgerRelay: built("ledgerRelay") }
    : bundleProcessSources(ROOT);
  return { gate: bundleGate().gate, ledger: ledgerProcess, ledgerRelay };
}

const built = (name: string): string => readFileSync(join(BUILT, `${name}.js`), "utf8");

/**
 * Bundles the Workers' sources. The text depends on the sources alone, not on where they lie, and it is left readable:
 * it stands in the stack's state, where an auditor may want to read it.
 */
export function bundleSources(root: string): GateScripts {
  return {
    gate: bundle(root, "gate", "worker", "worker.ts"),
    ledger: bundle(root, "gate", "worker", "ledger.ts"),
    rotator: bundle(root, "rotation", "worker.ts"),
  };
}

/** Bundles what only a gate in several processes has besides. @public for .ci/build.js, which takes it from dist/. */
export function bundleProcessSources(root: string): { readonly ledgerProcess: string; readonly ledgerRelay: string } {
  return {
    ledgerProcess: bundle(root, "gate", "worker", "ledgerProcess.ts"),
    ledgerRelay: bundle(root, "gate", "worker", "ledgerRelay.ts"),
  };
}

function bundle(root: string, ...entry: string[]): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only here: whoever installs the package needs none
  const { buildSync } = require("esbuild") as typeof import("esbuild");
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
}

/** A short name for a script's content; the tag of its migration. */
export function contentTag(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
