import { build } from "esbuild";
import { errors } from "../http/errors";
import type { ScriptModule } from "../state";

/** What the service tells about an uploaded script. */
export interface Inspection {
  /** Handlers of the default export, such as fetch and scheduled. */
  readonly handlers: readonly string[];
  /** Exported names other than the default one: Durable Objects and entrypoints. */
  readonly classes: readonly string[];
}

const HANDLERS = ["fetch", "scheduled", "queue", "tail", "tailStream", "email", "trace", "test"] as const;

/**
 * Reads the exports of the main module with a parser. The handlers are found by their names in the text, because the
 * default export may be built in any way; the service runs the script to know them. So a method of another object that
 * is called `queue` would be listed too.
 * @throws ApiError 10021 when the module cannot be parsed, as the service does
 */
export async function inspectModule(main: ScriptModule): Promise<Inspection> {
  const source = Buffer.from(main.content).toString("utf8");
  let exports: readonly string[];
  try {
    const result = await build({
      stdin: { contents: source, loader: "js", sourcefile: main.name },
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      target: "esnext",
      logLevel: "silent",
      plugins: [EXTERNAL],
      outfile: "main.js",
    });
    exports = Object.values(result.metafile.outputs)[0]?.exports ?? [];
  } catch (error) {
    const first = (error as { errors?: { text: string; location?: { line: number } }[] }).errors?.[0];
    throw errors.upload(
      `Uncaught SyntaxError: ${first?.text ?? String(error)}${first?.location ? `\n  at ${main.name}:${first.location.line}` : ""}\n`,
    );
  }
  return {
    handlers: exports.includes("default") ? handlersIn(source) : [],
    classes: exports.filter((name) => name !== "default").sort(),
  };
}

/** Handlers of a script in the older syntax, which registers listeners. */
export function inspectServiceWorker(script: ScriptModule): Inspection {
  const source = Buffer.from(script.content).toString("utf8");
  return {
    handlers: HANDLERS.filter((name) => new RegExp(`addEventListener\\(\\s*["'\`]${name}["'\`]`).test(source)),
    classes: [],
  };
}

function handlersIn(source: string): string[] {
  return HANDLERS.filter((name) =>
    new RegExp(
      `(?:^|[\\s{,;}(])(?:async\\s+)?(?:["']${name}["']|${name})\\s*(?:\\([^()]*(?:\\([^()]*\\)[^()]*)*\\)\\s*\\{|:\\s*(?:async\\b|function\\b|\\(|[A-Za-z_$]))`,
    ).test(source),
  );
}

/** Imports stay as they are: other modules of the upload, node: and cloudflare: modules are not there to be read. */
const EXTERNAL = {
  name: "external",
  setup(b: {
    onResolve(
      options: { filter: RegExp },
      callback: (args: { path: string; kind: string }) => { path: string; external: true } | undefined,
    ): void;
  }): void {
    b.onResolve({ filter: /.*/ }, (args) =>
      args.kind === "entry-point" ? undefined : { path: args.path, external: true },
    );
  },
};
