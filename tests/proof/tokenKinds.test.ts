import { randomBytes } from "node:crypto";
import { ambientEffects } from "../../rotation/effects";
import { tokenHash } from "../../edge/encoding";
import { GateControl } from "../../rotation/gateControl";
import { readJournal, type Slot } from "../../rotation/journal";
import { rotate, type RotationDeps, type StartRequest } from "../../rotation/machine";
import { minterFor } from "../../rotation/minters";
import { kvStore } from "../../rotation/stores/kv";
import { vaultStore } from "../../rotation/stores/vault";
import { VaultSession } from "../../rotation/stores/vaultSession";
import { readGrant, verify } from "../../rotation/verify";
import { startReal, type Real } from "../rotation/support/real";

const APP = { appId: 424_242, installationId: 515_151 };
const credentials = {
  "app-user-token": { kind: "app-user-token", clientId: "Iv23liGatehouseSandbox" },
  "app-installation": { kind: "app-installation", ...APP },
  "ghes-impersonation": { kind: "ghes-impersonation", expiryDays: 30 },
} as const;

async function depsFor(real: Real): Promise<RotationDeps> {
  const effects = ambientEffects();
  const { app, adminToken } = real.github;
  const session = new VaultSession(effects, real.vault.addr, {
    kind: "token",
    token: await real.partyToken("rotator"),
  });
  return {
    effects,
    plan: real.plan,
    minter: minterFor(effects, real.plan, {
      appPrivateKey: app.pem,
      appClientSecret: app.clientSecret,
      siteAdminToken: adminToken,
    }),
    store: vaultStore(session, "agents", "github/claude-bot"),
    gate: new GateControl(effects, real.gateUrl, real.operatorKey),
    rotatorId: randomBytes(4).toString("hex"),
  };
}

/** The first token, as each kind gets it. */
async function first(real: Real, deps: RotationDeps): Promise<void> {
  let start: StartRequest = { reason: "first" };
  if (real.plan.kind === "app-user-token") {
    const pair = async (): Promise<{ token: string; slot: Slot }> => {
      const { token, refreshToken = "" } = await real.personMakes({ permissions: undefined });
      return { token, slot: { refreshToken, refreshExpiresAt: "", accessSha256: await tokenHash(token), state: "ok" } };
    };
    const [a, b] = [await pair(), await pair()];
    start = { reason: "first", supplied: a.token, slot: { name: "a", value: a.slot } };
    expect(await rotate(deps, start)).toMatchObject({ result: "finished" });
    const state = await deps.store.journal.read();
    const journal = readJournal(state.data);
    await deps.store.journal.write(
      { journal: JSON.stringify({ ...journal, slots: { ...journal.slots, b: b.slot } }) },
      state.version,
    );
    return;
  }
  expect(await rotate(deps, start)).toMatchObject({ result: "finished" });
}

describe.each(Object.entries(credentials))("a token of kind %s at the GitHub stand-in", (kind, credential) => {
  let real: Real;
  beforeAll(async () => {
    real = await startReal(
      { agent: { machineUser: "claude-bot", credential } },
      { asServer: kind === "ghes-impersonation" },
    );
    if (kind === "app-user-token")
      real.github.world.installations.get(APP.installationId)!.permissions = real.plan.permissions; // on the App's page, as the posture wants them
    // The invitation is accepted by the account itself, which these kinds leave to a person.
    const org = real.github.world.orgByLogin("acme")!;
    for (const membership of org.memberships.values()) if (membership.state === "pending") membership.state = "active";
  }, 60_000);
  afterAll(async () => {
    await real?.stop();
  });

  it("is made, rotated without a person and without a failed request, and the old one is dead", async () => {
    const deps = await depsFor(real);
    await first(real, deps);
    const old = (await deps.store.token.read()).data?.token ?? "";
    let failed = 0;
    let sent = 0;
    const pending: Promise<void>[] = [];
    const timer = setInterval(() => {
      sent += 1;
      pending.push(
        real.ask().then((status) => {
          if (status !== 200) failed += 1;
        }),
      );
    }, 20);
    const outcome = await rotate(deps, { reason: "test" });
    clearInterval(timer);
    await Promise.all(pending);
    expect(outcome).toMatchObject({ result: "finished", todo: [] });
    expect(sent).toBeGreaterThan(20);
    expect(failed).toBe(0);
    const now = (await deps.store.token.read()).data?.sha256 ?? "";
    const alive = await real.alive();
    expect(alive).toContain(now);
    expect(alive).not.toContain(await tokenHash(old));
    expect(alive).toHaveLength(kind === "app-user-token" ? 2 : 1); // with the standby
  }, 60_000);
});

describe("over the gate's own cells", () => {
  let real: Real;
  beforeAll(async () => {
    real = await startReal({}, { kv: true });
  }, 60_000);
  afterAll(async () => {
    await real?.stop();
  });

  it("places and rotates a token by check-and-set; the gate uses it, two writers never both win, nothing is in clear", async () => {
    const deps = await depsFor(real);
    const { gate } = deps;
    if (!gate) throw new Error("no gate");
    const kv: RotationDeps = {
      ...deps,
      store: kvStore(gate.storage(), { token: real.tokenKey, rotator: real.rotatorKey }),
    };
    const [one, two] = [(await real.personMakes()).token, (await real.personMakes()).token];
    expect(await rotate(kv, { reason: "first", supplied: one })).toMatchObject({ result: "finished" });
    expect(await real.ask()).toBe(200);
    expect(await rotate(kv, { reason: "test", supplied: two })).toMatchObject({ result: "finished" });
    expect(await real.ask()).toBe(200);
    expect(await real.alive()).toEqual([await tokenHash(two)]);
    const { version } = await kv.store.token.read();
    const writes = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => kv.store.token.write({ token: `model-${n}` }, version)),
    );
    expect(writes.filter((w) => w.status === "fulfilled")).toHaveLength(1);
    for (const cell of ["token", "token-rotation"]) {
      const raw = await gate.storage().get(cell);
      expect(raw?.value).toBeDefined();
      for (const secret of [one, two]) expect(raw?.value).not.toContain(secret);
    }
    await expect(new GateControl(deps.effects, real.gateUrl, "gop_wrong").storage().get("token")).rejects.toThrow(
      "the key is missing or wrong",
    );
  }, 30_000);
});

describe("verification at the GitHub stand-in", () => {
  let real: Real;
  beforeAll(async () => {
    real = await startReal();
    const org = real.github.world.orgByLogin("acme")!;
    for (const membership of org.memberships.values()) if (membership.state === "pending") membership.state = "active";
  }, 60_000);
  afterAll(async () => {
    await real?.stop();
  });
  const judge = async (change: Record<string, unknown>) =>
    verify(ambientEffects(), real.plan, (await real.personMakes(change)).token);

  it("finds nothing wrong with exactly the declared token, and says what it could not see", async () => {
    const verdict = await judge({});
    expect(verdict.problems).toEqual([]);
    expect(verdict.unseen.join(" ")).toContain("workflows");
  });
  it.each([
    [
      "contents only readable",
      (p: object) => ({ permissions: { ...p, contents: "read" } }),
      "too few: it may not write contents",
    ],
    [
      "no pull requests",
      ({ pull_requests: _, ...p }: Record<string, string>) => ({ permissions: p }),
      "too few: it may not write pull_requests",
    ],
    [
      "statuses it may write",
      (p: object) => ({ permissions: { ...p, statuses: "write" } }),
      "too many: it may write statuses",
    ],
    ["one repository too few", () => ({ repositories: ["api"] }), "too few: it does not reach docs"],
    ["somebody else's", () => ({ login: "acme-admin" }), "belongs to acme-admin"],
    ["too long a life", () => ({ expiresInDays: 90 }), "later than the declared 30 days"],
  ] as const)("refuses a token with %s", async (_name, change, says) => {
    expect(
      (await judge((change as (p: object) => Record<string, unknown>)(real.plan.permissions))).problems.join("; "),
    ).toContain(says);
  });
  it("sees everything through the organization's grants, with an App that may read them", async () => {
    const { token } = await real.personMakes({
      permissions: { ...real.plan.permissions, workflows: "write" },
      expiresInDays: 29,
    });
    const { minter: _minter, ...rest } = await depsFor(real);
    const grants = (await (
      await fetch(`${real.github.api}/_sandbox/tokens`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ kind: "app-installation" }),
      })
    ).json()) as { token: string };
    const verdict = await verify(rest.effects, real.plan, token, {
      grant: (expiresAt) => readGrant(rest.effects, real.plan, grants.token, expiresAt),
    });
    expect(verdict.problems).toEqual(["too many: workflows is write, declared none"]);
  });
});
