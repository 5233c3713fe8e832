import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { build, type Plugin } from "esbuild";
import type { GateSources } from "./gates";

const ROOT = path.resolve(__dirname, "../../..");

let sources = ROOT;

/**
 * From now on the gate is bundled from a copy of its sources, so that a long run sees one state of them; returns how to
 * remove the copy.
 */
export function freezeSources(): () => void {
  const copy = mkdtempSync(path.join(tmpdir(), "gate-sources-"));
  for (const folder of ["edge", "gate", "infra", "rotation"])
    cpSync(path.join(ROOT, folder), path.join(copy, folder), { recursive: true });
  symlinkSync(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
  sources = copy;
  return () => {
    sources = ROOT;
    rmSync(copy, { recursive: true, force: true });
  };
}

/** Where the gate's sources are read from. */
export const sourceRoot = (): string => sources;

/** Replaces the text of one source file before it is bundled. */
export interface Replacement {
  /** Path below the repository. */
  readonly file: string;
  readonly text: string;
}

/** Bundles the gate's two modules as they are deployed, with one file replaced if a guard is to be taken out. */
export async function bundleGate(replacement?: Replacement): Promise<GateSources> {
  const [worker, ledger] = await Promise.all([
    bundleModule("worker", replacement),
    bundleModule("ledger", replacement),
  ]);
  return { worker, ledger };
}

async function bundleModule(entry: "worker" | "ledger", replacement?: Replacement): Promise<string> {
  const out = await build({
    entryPoints: [path.join(sources, "gate", "worker", `${entry}.ts`)],
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
    write: false,
    logLevel: "silent",
    plugins: replacement === undefined ? [] : [replacing(replacement)],
  });
  return out.outputFiles[0]?.text ?? "";
}

function replacing({ file, text }: Replacement): Plugin {
  const target = path.join(sources, file);
  return {
    name: "replace",
    setup: (setup) => {
      setup.onLoad({ filter: /\.ts$/ }, (args) =>
        args.path === target ? { contents: text, loader: "ts" } : undefined,
      );
    },
  };
}

export const sourceOf = (file: string): string => readFileSync(path.join(sources, file), "utf8");
