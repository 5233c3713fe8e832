import { readFileSync } from "node:fs";
import * as path from "node:path";
import { build, type Plugin } from "esbuild";
import type { GateSources } from "./gates";

export const ROOT = path.resolve(__dirname, "../../..");

/** Replaces the text of one source file before it is bundled. */
export interface Replacement {
  /** Path below the repository. */
  readonly file: string;
  readonly text: string;
}

/** Bundles the gate's two modules as they are deployed, with one file replaced if a guard is to be taken out. */
export async function bundleGate(replacement?: Replacement): Promise<GateSources> {
  const [worker, ledger] = await Promise.all([bundleModule("worker", replacement), bundleModule("ledger", replacement)]);
  return { worker, ledger };
}

export async function bundleModule(entry: "worker" | "ledger", replacement?: Replacement): Promise<string> {
  const out = await build({
    entryPoints: [path.join(ROOT, "gate", `${entry}.ts`)], bundle: true, format: "esm", target: "es2022", external: ["cloudflare:*"], write: false, logLevel: "silent",
    plugins: replacement === undefined ? [] : [replacing(replacement)],
  });
  return out.outputFiles[0]?.text ?? "";
}

function replacing({ file, text }: Replacement): Plugin {
  const target = path.join(ROOT, file);
  return {
    name: "replace",
    setup: (setup) => {
      setup.onLoad({ filter: /\.ts$/ }, (args) => (args.path === target ? { contents: text, loader: "ts" } : undefined));
    },
  };
}

export const sourceOf = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");
