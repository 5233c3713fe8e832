import { chosen, pairsOf } from "../drill/pairs";
import { provePairs, type Proof } from "../drill/prove";
import { lockReport, lockTable, summary } from "../drill/lockTable";
import type { Cleanup } from "../../cli/support/cleanup";
import { CouldNotRun, DoesNotHold } from "../../cli/support/exit";
import type { ProjectStack } from "../../cli/support/project";
import { bringUp, type Deployment } from "./deploy";
import { agentTable, drillFromAgent } from "./fromAgent";
import { openHarness } from "./harness";
import { openSandbox, type Sandbox } from "./sandbox";

/** The drill makes more requests than an agent may. */
export const RAISED = [
  "gatehouse:gate.requestsPerMinute=6000",
  "gatehouse:gate.requestsPerHour=100000",
  "gatehouse:gate.writesPerMinute=6000",
];

interface LockDrillOptions {
  readonly json: boolean;
  /** Only the pairs that one of these chooses, such as `merge` or `merge-pull-request/write/protection-push`. */
  readonly only: readonly string[];
  readonly cleanup: Cleanup;
}

/**
 * Tries every pair of a deployed sandbox, and puts the sandbox back as it was.
 * @throws DoesNotHold when something was not put back
 */
async function proveLocks(
  sandbox: Sandbox,
  deployment: Deployment,
  { cleanup, only, onProof }: Omit<LockDrillOptions, "json"> & { readonly onProof: (proof: Proof) => void },
): Promise<Proof[]> {
  const pairs = pairsOf(sandbox.environment).filter((pair) => chosen(only, pair));
  if (pairs.length === 0)
    throw new CouldNotRun(
      `no forbidden action and no lock of this environment is called ${only.join(" or ")}; without --only all are tried`,
    );
  const { harness, close } = await openHarness(sandbox, deployment, cleanup);
  const proofs = await provePairs(harness, pairs, onProof);
  await close();
  const seen = await sandbox.stack.refresh({ previewOnly: true });
  const drifted = Object.entries(seen.changeSummary).filter(([op, count]) => op !== "same" && count > 0);
  if (seen.failed || drifted.length > 0) {
    throw new DoesNotHold(
      [
        `The drill left something changed: a refresh would ${drifted.map(([op, count]) => `${op} ${count}`).join(" and ")} of the stack's resources.`,
        ...seen.diagnostics.map(({ message }) => message),
      ].join("\n"),
    );
  }
  return proofs;
}

/**
 * `sandbox drill`: brings a sandbox up and tries every lock by itself.
 * @throws DoesNotHold when a lock alone does not stop what it should, or when opening it changes nothing
 */
export async function drillLocks(
  project: ProjectStack,
  overrides: readonly string[],
  { json, only, cleanup }: LockDrillOptions,
): Promise<void> {
  const say = (text: string): void => {
    (json ? process.stderr : process.stdout).write(`${text}\n`);
  };
  const sandbox = await openSandbox(project, [...RAISED, ...overrides], cleanup, (what) => {
    say(`started ${what}`);
  });
  const deployment = await bringUp(sandbox, say);
  const began = Date.now();
  const live = process.stderr.isTTY === true;
  let tried = 0;
  const proofs = await proveLocks(sandbox, deployment, {
    cleanup,
    only,
    onProof: (proof) => {
      tried += 1;
      if (live) process.stderr.write(`\r\u001b[K${tried} attempts, now at ${proof.action}`);
    },
  });
  if (live) process.stderr.write("\r\u001b[K");
  // Not with --only: its words name locks.
  const inside = only.length === 0 ? await drillFromAgent(sandbox, deployment, cleanup) : [];
  if (json) process.stdout.write(`${JSON.stringify(lockReport(project.stack, proofs, inside))}\n`);
  else say(`\n${[lockTable(proofs), ...(inside.length > 0 ? [agentTable(inside)] : [])].join("\n\n")}\n`);
  say(`${summary(proofs)}, in ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  const open = proofs.filter(({ holds }) => !holds);
  if (open.length > 0) {
    throw new DoesNotHold(
      `${open.length} of ${proofs.length} attempts do not prove their lock:\n${open.map(({ action, place, lock, tried: what, why, alone }) => `${action} at ${place} by ${lock} (${what}): ${why ?? ""}; answered: ${alone}`).join("\n")}`,
    );
  }
  const passed = inside.filter(({ holds }) => !holds);
  if (passed.length > 0) {
    throw new DoesNotHold(
      `${passed.length} of ${inside.length} attempts from inside the agent's sandbox are not as declared:\n${passed.map(({ title, expect, answer }) => `${title}: expected ${expect}, answered ${answer.status} ${answer.rule ?? ""}`).join("\n")}`,
    );
  }
}
