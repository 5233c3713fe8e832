import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { startGateProcesses } from "./gateProcesses";
import type { Contender, ContenderKind } from "./contenders";
import { ask } from "./processes";
import type { Stub } from "./stub";
import { CLIENT_HEADERS, KINDS, READS } from "./traffic";
import { GATE_ENVIRONMENT, gateSettings, type GateSecrets } from "./workers";

/** The gate in several processes that share a ledger, whose time counts as the gate's. */
export const severalProcesses = (count: number, secrets: GateSecrets): ContenderKind => {
  const name = `gate, ${count} processes`;
  return { name, start: (stub) => startSeveral(name, count, stub, secrets) };
};

async function startSeveral(name: string, count: number, stub: Stub, secrets: GateSecrets): Promise<Contender> {
  const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-"));
  const { port, gates, ledger } = await startGateProcesses(
    directory,
    count,
    gateSettings(stub.url, secrets),
    GATE_ENVIRONMENT,
  );
  const children = [...gates, ledger];
  const contender: Contender = {
    name,
    url: `http://127.0.0.1:${port}`,
    headers: { ...CLIENT_HEADERS, authorization: `Bearer ${secrets.key}` },
    prefix: "",
    kinds: KINDS,
    pids: () => children.flatMap(({ pid }) => pid ?? []),
    stop: async () => {
      const gone = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
      for (const child of children) child.kill();
      await Promise.all(gone);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  // Each process reads the token and asks for a lease of its own first.
  for (const until = Date.now() + 20_000; ;) {
    const answers = await Promise.all(
      Array.from({ length: 4 * count }, () => ask(`${contender.url}${READS[0] ?? "/"}`, contender.headers)),
    );
    if (answers.every(({ status }) => status === 200)) return contender;
    if (Date.now() < until) continue;
    await contender.stop();
    throw new Error(`${name} did not start`);
  }
}
