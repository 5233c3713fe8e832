import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { selfHostProcesses, type SelfHostProcesses } from "../../gate/selfHost";
import { bundleGateProcesses } from "../../infra/cloudflare/bundle";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { shareSocket } from "../../cli/gate/sharedSocket";

/** A gate in several processes with one ledger, all children of this process. */
export interface GateProcesses {
  readonly port: number;
  readonly gates: readonly ChildProcess[];
  /** Started last; a killed one is started anew by `startLedger`. */
  readonly ledger: ChildProcess;
}

type Settings = Omit<
  SelfHostProcesses,
  "listen" | "ledgerDirectory" | "auditDirectory" | "ledgerSocket" | "modules" | "publicUrl"
>;

/** Writes modules and configurations into an empty directory, and starts everything there. */
export function startGateProcesses(
  directory: string,
  count: number,
  settings: Settings,
  secrets: NodeJS.ProcessEnv,
): Promise<GateProcesses> {
  for (const name of ["ledger", "audit"]) mkdirSync(path.join(directory, name));
  for (const [name, text] of Object.entries(bundleGateProcesses()))
    writeFileSync(path.join(directory, `${name}.js`), text);
  return shareSocket((port, descriptor) => {
    const { gate, ledger } = selfHostProcesses({
      ...settings,
      listen: `127.0.0.1:${port}`,
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      ledgerSocket: socketIn(directory),
      modules: { gate: "gate.js", ledger: "ledger.js", ledgerRelay: "ledgerRelay.js" },
    });
    writeFileSync(path.join(directory, "gate.capnp"), gate);
    writeFileSync(path.join(directory, "ledger.capnp"), ledger);
    const one = (): ChildProcess =>
      spawn(
        workerd,
        ["serve", "gate.capnp", "--socket-fd=http=3", `--directory-path=audit-disk=${path.join(directory, "audit")}`],
        { cwd: directory, env: secrets, stdio: ["ignore", "ignore", "ignore", descriptor] },
      );
    return { port, gates: Array.from({ length: count }, one), ledger: startLedger(directory) };
  });
}

const socketIn = (directory: string): string => path.join(directory, "ledger.sock");

/** Starts the ledger's process of such a directory. */
export function startLedger(directory: string): ChildProcess {
  // A killed process leaves its socket behind.
  rmSync(socketIn(directory), { force: true });
  return spawn(workerd, ["serve", "ledger.capnp", `--directory-path=ledger-disk=${path.join(directory, "ledger")}`], {
    cwd: directory,
    env: {},
    stdio: "ignore",
  });
}
