import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ServeSettings } from "../../gate/selfHostFiles";
import { NotListening, runSupervisor } from "./run";
import { supervise } from "./supervise";

/*
 * serve.mjs of a rendered gate: it needs Node and workerd, and nothing of Gatehouse. `--socket-fd 3` names a listening
 * socket that it inherits; without that it opens one.
 */

async function main(script: string, args: readonly string[]): Promise<number> {
  // What the gate and its ledger write is for their account alone.
  process.umask(0o077);
  const folder = dirname(script);
  const settings = JSON.parse(readFileSync(join(folder, "serve.json"), "utf8")) as ServeSettings;
  const [option, descriptor] = args;
  if (option === "--socket-fd") return supervise(folder, settings, Number(descriptor));
  return runSupervisor(script, settings.listen, process.env);
}

void main(resolve(process.argv[1] ?? ""), process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof NotListening ? error.message : String(error)}\n`);
    process.exit(2);
  },
);
