import { randomBytes } from "node:crypto";
import { ambientEffects, type Fetch } from "../../../rotation/effects";
import { GateControl } from "../../../rotation/gateControl";
import { rotate, type Outcome, type RotationDeps, type StartRequest } from "../../../rotation/machine";
import { minterFor } from "../../../rotation/minters";
import { kvStore } from "../../../rotation/stores/kv";
import { vaultStore } from "../../../rotation/stores/vault";
import { VaultSession } from "../../../rotation/stores/vaultSession";
import type { Real } from "./real";

/** What happens once to every call of a rotation. The first and the third reach the system before they fail. */
export type Strike = "answer lost, then killed" | "killed before it" | "502, done all the same" | "503, nothing done";

export interface Struck {
  /** Calls that were struck, as `step: METHOD system/path`. */
  readonly calls: readonly string[];
  readonly outcomes: readonly Outcome[];
  readonly sent: number;
  readonly failed: Readonly<Record<number, number>>;
}

const LEASE_MS = 100;
const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

/** A rotator with the rotator's own Vault policy, whose calls go through `fetcher`. */
export function depsOver(
  real: Real,
  vaultToken: string,
  fetcher: Fetch,
  more: { isDead?: () => boolean; said?: (step: string) => void } = {},
): RotationDeps {
  const ambient = ambientEffects(({ step }) => more.said?.(step), fetcher);
  const effects = { ...ambient, sleep: (ms: number) => (more.isDead?.() ? Promise.resolve() : ambient.sleep(ms)) };
  const { app, adminToken } = real.github;
  const gate = new GateControl(effects, real.gateUrl, real.operatorKey);
  const store = real.kv
    ? kvStore(gate.storage(), { token: real.tokenKey, rotator: real.rotatorKey })
    : vaultStore(
        new VaultSession(effects, real.vault.addr, { kind: "token", token: vaultToken }),
        "agents",
        "github/claude-bot",
      );
  return {
    effects,
    plan: real.plan,
    store,
    gate,
    rotatorId: randomBytes(4).toString("hex"),
    leaseMs: LEASE_MS,
    minter: minterFor(effects, real.plan, {
      appPrivateKey: app.pem,
      appClientSecret: app.clientSecret,
      siteAdminToken: adminToken,
    }),
  };
}

/**
 * One rotation in which every call is struck once, while the agent asks 50 times a second. Whoever is killed is
 * followed by another rotator with the same wish, until the rotation is done. Calls are told apart by step, method and
 * path, so that each is struck where it first appears and let through afterwards.
 */
export async function storm(real: Real, strike: Strike, start: StartRequest): Promise<Struck> {
  const calls: string[] = [];
  const struck = new Set<string>();
  const vaultToken = await real.partyToken("rotator", "10m");
  const kills = strike.includes("killed");
  const rotator = (): RotationDeps => {
    let dead = false;
    let step = "begin";
    const fetcher: Fetch = async (url, init) => {
      if (dead) throw new TypeError("the process is dead");
      const call = `${step}: ${init.method} ${url.replace(real.vault.addr, "vault").replace(real.github.url, "github").replace(real.gateUrl, "gate").replace(/\?.*$/, "")}`;
      if (struck.has(call)) return fetch(url, init);
      struck.add(call);
      calls.push(call);
      if (strike === "502, done all the same" || strike === "answer lost, then killed")
        await (await fetch(url, init)).text();
      if (kills) {
        dead = true;
        throw new TypeError("killed");
      }
      return new Response("{}", { status: strike.startsWith("502") ? 502 : 503 });
    };
    return depsOver(real, vaultToken, fetcher, {
      isDead: () => dead,
      said: (at) => {
        step = at;
      },
    });
  };
  const failed: Record<number, number> = {};
  let sent = 0;
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    sent += 1;
    const one: Promise<void> = real
      .ask()
      .then(
        (status) => {
          if (status !== 200) failed[status] = (failed[status] ?? 0) + 1;
        },
        () => {
          failed[0] = (failed[0] ?? 0) + 1;
        },
      )
      .finally(() => pending.delete(one));
    pending.add(one);
  }, 20);
  const outcomes: Outcome[] = [];
  try {
    // A killed rotator whose last words were lost may have finished all the same; one more run then finds nothing left.
    do {
      if (outcomes.length > 0) await pause(LEASE_MS + 20);
      outcomes.push(await rotate(rotator(), start));
    } while (outcomes.length < 120 && !done(outcomes.at(-1), start));
  } finally {
    clearInterval(timer);
    await Promise.all(pending);
  }
  return { calls, outcomes, sent, failed };
}

/** A person's token is in place when asking for it again changes nothing; otherwise one whole rotation is wanted. */
const done = (outcome: Outcome | undefined, start: StartRequest): boolean =>
  outcome?.result === "needs-person" ||
  (outcome?.result === "finished" && !outcome.notes.some((n) => n.startsWith("left for the next run"))) ||
  (start.supplied !== undefined && outcome?.result === "nothing");
