import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { Command } from "commander";
import { NotListening, runSupervisor } from "../gate/run";
import { workerdAt } from "../gate/workerd";
import { withListening } from "../render/listening";
import { processCount, renderSelfHost, withSelfHost, type SelfHostCommandOptions } from "../render/selfHost";
import { CouldNotRun } from "../support/exit";
import { withExamples, withProject, withStack } from "../support/options";

interface ServeOptions extends Omit<SelfHostCommandOptions, "out" | "user" | "workerd"> {
  readonly out?: string;
  readonly workerd?: string;
}

/** `gatehouse gate serve`: a gate of one's own, in the foreground of this machine. */
export function registerGate(program: Command): void {
  const gate = program.command("gate").description("run a gate of your own on this machine");
  withExamples(
    withSelfHost(
      withListening(
        withStack(
          withProject(
            gate
              .command("serve")
              .description("write what `gatehouse render selfhost` writes, and run it in the foreground with workerd"),
          ),
        ),
        "127.0.0.1:8788",
      ),
    )
      .option("--out <dir>", "the folder to write (default: .gatehouse/gate-STACK in the project)")
      .option("--workerd <path>", "path of workerd (default: the one on PATH)")
      .action(serve),
    "gatehouse gate serve --stack prod --outputs outputs.json --processes 2",
    "gatehouse gate serve --stack prod --outputs outputs.json --out /etc/gatehouse/gate --workerd /opt/workerd",
  );
}

async function serve(options: ServeOptions): Promise<void> {
  const processes = processCount(options.processes);
  const workerd = workerdAt(options.workerd);
  const out = options.out ?? join(options.project, ".gatehouse", `gate-${options.stack}`);
  const { folder, missing } = await renderSelfHost({ ...options, out, workerd, user: "gatehouse" }, processes, true);
  for (const line of missing) process.stderr.write(`missing: ${line}\n`);
  const env = { ...process.env, ...secretsIn(join(folder, "secrets.env"), process.env) };
  if (!env["VAULT_SECRET_ID"])
    throw new CouldNotRun(
      `VAULT_SECRET_ID is not set, so the gate could read no token: write the secret id of its AppRole into ${join(folder, "secrets.env")}, or into the environment`,
    );
  try {
    process.exitCode = await runSupervisor(join(folder, "serve.mjs"), options.listen, env);
  } catch (error) {
    throw error instanceof NotListening ? new CouldNotRun(error.message) : error;
  }
}

/** What the operator filled in and the environment does not have. An empty value counts as none. */
function secretsIn(file: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const values = existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value && !env[name]));
}
