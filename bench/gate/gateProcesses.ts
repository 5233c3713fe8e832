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
  /** A killed one is started anew by `startLedger`. */
  readonly ledger: ChildProcess;
  /** Where the settings have sinks; a killed one is started anew by `startForwarder`. */
  readonly forwarder?: ChildProcess;
}

type Settings = Omit<
  SelfHostProcesses,
  "listen" | "ledgerDirectory" | "auditDirectory" | "ledgerSocket" | "forwarderSocket" | "modules" | "publicUrl"
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
    const { gate, ledger, forwarder } = selfHostProcesses({
      ...settings,
      listen: `127.0.0.1:${port}`,
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      ledgerSocket: socketIn(directory, "ledger"),
      forwarderSocket: socketIn(directory, "forwarder"),
      modules: { gate: "gate.js", ledger: "ledger.js", ledgerRelay: "ledgerRelay.js", forwarder: "forwarder.js" },
    });
    writeFileSync(path.join(directory, "gate.capnp"), gate);
    writeFileSync(path.join(directory, "ledger.capnp"), ledger);
    if (forwarder !== undefined) writeFileSync(path.join(directory, "forwarder.capnp"), forwarder);
    const one = (): ChildProcess =>
      spawn(
        workerd,
        ["serve", "gate.capnp", "--socket-fd=http=3", `--directory-path=audit-disk=${path.join(directory, "audit")}`],
        { cwd: directory, env: secrets, stdio: ["ignore", "ignore", "ignore", descriptor] },
      );
    return {
      port,
      gates: Array.from({ length: count }, one),
      ledger: startLedger(directory),
      ...(forwarder === undefined ? {} : { forwarder: startForwarder(directory) }),
    };
  });
}

const socketIn = (directory: string, name: "ledger" | "forwarder"): string => path.join(directory, `${name}.sock`);

/** Starts the ledger's process of such a directory. */
export function startLedger(directory: string): ChildProcess {
  return startBehindSocket(directory, "ledger", ["ledger"], {});
}

/** Starts the forwarder's process of such a directory; no sink there needs a secret. */
export function startForwarder(directory: string): ChildProcess {
  return startBehindSocket(directory, "forwarder", ["ledger", "audit"], { SINK_SECRETS: "{}" });
}

function startBehindSocket(
  directory: string,
  name: "ledger" | "forwarder",
  disks: readonly ("ledger" | "audit")[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  // A killed process leaves its socket behind.
  rmSync(socketIn(directory, name), { force: true });
  const paths = disks.map((disk) => `--directory-path=${disk}-disk=${path.join(directory, disk)}`);
  return spawn(workerd, ["serve", `${name}.capnp`, ...paths], { cwd: directory, env, stdio: "ignore" });
}
