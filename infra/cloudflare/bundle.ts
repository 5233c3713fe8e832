import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The Workers as single modules: the gate, its memory, what copies the trail, and what rotates the token. */
export interface GateScripts {
  readonly gate: string;
  readonly ledger: string;
  readonly forwarder?: string | undefined;
  readonly rotator: string;
}

/** Where each Worker begins, from the repository's root, and what starts several on one's own machine. */
const ENTRIES = {
  gate: "gate/worker/worker.ts",
  ledger: "gate/worker/ledger.ts",
  forwarder: "gate/forwarder/worker.ts",
  forwarderSelfHosted: "gate/forwarder/selfHosted.ts",
  rotator: "rotation/worker.ts",
  ledgerProcess: "gate/worker/ledgerProcess.ts",
  ledgerRelay: "gate/worker/ledgerRelay.ts",
  supervisor: "cli/gate/main.ts",
} as const;
type WorkerName = keyof typeof ENTRIES;

const ROOT = join(__dirname, "..", "..");
/** Where the published package has the Workers as files: `dist/workers`, seen from the library and from the command. */
const BUILT = [join(ROOT, "workers"), join(__dirname, "..", "workers")].find((folder) => existsSync(folder));

/** A Worker's bundled text: the package's own file where it is installed, made from the sources in the repository. */
const bundled = (name: WorkerName): string =>
  BUILT === undefined ? bundle(ROOT, ENTRIES[name]) : readFileSync(join(BUILT, `${name}.js`), "utf8");

/** The bundled Workers: the same text in the installed package and in the repository. */
export function bundleGate(): GateScripts {
  return {
    gate: bundled("gate"),
    ledger: bundled("ledger"),
    forwarder: bundled("forwarder"),
    rotator: bundled("rotator"),
  };
}

/** The forwarder for a gate on one's own machine. */
export const bundleForwarder = (): string => bundled("forwarderSelfHosted");

/**
 * The Workers of a gate in several processes on one machine (`selfHostProcesses`): the gate as everywhere, the ledger in
 * a process of its own, what stands for it in the other processes, and the forwarder.
 */
export function bundleGateProcesses(): {
  readonly gate: string;
  readonly ledger: string;
  readonly ledgerRelay: string;
  readonly forwarder: string;
} {
  return {
    gate: bundled("gate"),
    ledger: bundled("ledgerProcess"),
    ledgerRelay: bundled("ledgerRelay"),
    forwarder: bundleForwarder(),
  };
}

/** The program that runs those processes where no service manager does: `serve.mjs`, for Node. */
export const bundleSupervisor = (): string => bundled("supervisor");

/**
 * Bundles the sources of every Worker. The text depends on the sources alone, not on where they lie, and it is left
 * readable: it stands in the stack's state, where an auditor may want to read it.
 */
export function bundleSources(root: string): Readonly<Record<WorkerName, string>> {
  const texts = Object.entries(ENTRIES).map(([name, entry]) => [name, bundle(root, entry)]);
  return Object.fromEntries(texts) as Record<WorkerName, string>;
}

function bundle(root: string, entry: string): string {
  // oxlint-disable-next-line typescript/no-require-imports -- only here: whoever installs the package needs none
  const { buildSync } = require("esbuild") as typeof import("esbuild");
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
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
