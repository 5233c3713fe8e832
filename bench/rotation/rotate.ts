/**
 * How long a rotation takes, and what it costs the agent, beside the contender: what most scripts do, which is to write
 * the new token into the store and to revoke the old one at once.
 *
 *   npx tsx bench/rotation/rotate.ts [rotations] [requests a second]
 *
 * Real OpenBao, the real gate in workerd, the GitHub stand-in; one machine, so absolute figures belong to it. The gate
 * may use a token for 1 s without asking the store; the default is more, and the time to the old token's end grows by
 * it.
 */
import { randomBytes } from "node:crypto";
import { ambientEffects } from "../../rotation/effects";
import { GateControl } from "../../rotation/gateControl";
import { rotate, type RotationDeps } from "../../rotation/machine";
import { minterFor } from "../../rotation/minters";
import { tokenRecord } from "../../rotation/record";
import { vaultStore } from "../../rotation/stores/vault";
import { VaultSession } from "../../rotation/stores/vaultSession";
import { startReal, type Real } from "../../tests/rotation/support/real";

const rotations = Number(process.argv[2] ?? 100);
const perSecond = Number(process.argv[3] ?? 50);

interface Measured {
  ms: number[];
  sent: number;
  failed: number;
  aliveAfter: number;
}

async function main(): Promise<void> {
  const real = await startReal();
  try {
    const effects = ambientEffects();
    const session = new VaultSession(effects, real.vault.addr, {
      kind: "token",
      token: await real.partyToken("rotator", "2h"),
    });
    const deps: RotationDeps = {
      effects,
      plan: real.plan,
      minter: minterFor(effects, real.plan),
      store: vaultStore(session, "agents", "github/claude-bot"),
      gate: new GateControl(effects, real.gateUrl, real.operatorKey),
      rotatorId: randomBytes(4).toString("hex"),
    };
    await rotate(deps, { reason: "first", supplied: (await real.personMakes()).token });
    const ours = await measure(real, async (token) => {
      const outcome = await rotate(deps, { reason: "bench", supplied: token });
      if (outcome.result !== "finished") throw new Error(outcome.says);
    });
    const contender = await measure(real, (token) => overwriteAndRevoke(deps, token));
    const row = (name: string, m: Measured): string =>
      `| ${name} | ${m.ms.length} | ${at(m.ms, 0.5)} | ${at(m.ms, 0.95)} | ${Math.max(...m.ms).toFixed(0)} | ${m.sent} | ${m.failed} | ${m.aliveAfter} |`;
    process.stdout.write(
      [
        `Node ${process.version}, ${perSecond} requests a second through the gate, token cache 1 s`,
        "",
        "| | rotations | p50 ms | p95 ms | max ms | requests | failed | tokens alive at the end |",
        "|---|---|---|---|---|---|---|---|",
        row("gatehouse token rotate, start to old token proven dead", ours),
        row("contender: overwrite, revoke at once", contender),
        "",
      ].join("\n"),
    );
    if (ours.failed > 0 || ours.aliveAfter !== 1) process.exitCode = 1;
  } finally {
    await real.stop();
  }
}

async function measure(real: Real, once: (token: string) => Promise<void>): Promise<Measured> {
  const result: Measured = { ms: [], sent: 0, failed: 0, aliveAfter: 0 };
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    result.sent += 1;
    const ask = real
      .ask()
      .then(
        (status) => {
          if (status !== 200) result.failed += 1;
        },
        () => {
          result.failed += 1;
        },
      )
      .finally(() => pending.delete(ask));
    pending.add(ask);
  }, 1000 / perSecond);
  try {
    for (let i = 0; i < rotations; i += 1) {
      const { token } = await real.personMakes();
      const began = performance.now();
      await once(token);
      result.ms.push(performance.now() - began);
      await new Promise((done) => {
        setTimeout(done, 500);
      }); // the agent goes on for a while, whoever rotates
    }
  } finally {
    clearInterval(timer);
    await Promise.all(pending);
  }
  result.aliveAfter = (await real.alive()).length;
  return result;
}

async function overwriteAndRevoke({ store, minter, plan }: RotationDeps, token: string): Promise<void> {
  const { version, data } = await store.token.read();
  await store.token.write(
    { ...(await tokenRecord({ token, kind: plan.kind, login: plan.login, expiresAt: "", rotationId: "contender" })) },
    version,
  );
  if (data?.token) await minter.revoke(data.token);
}

const at = (values: readonly number[], share: number): string =>
  ([...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0).toFixed(0);

void main();
