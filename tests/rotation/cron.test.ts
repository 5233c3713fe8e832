import { cronRotation, type CronInput } from "../../rotation/cron";
import { revokeNow } from "../../rotation/emergency";
import { kvMinterCell } from "../../rotation/stores/kv";
import { minterRecord } from "../../rotation/stores/minterSecrets";
import type { Effects } from "../../rotation/effects";
import { appKey, World } from "./support/world";

const DAY = 86_400_000;

describe("the cron", () => {
  const input = async (world: World): Promise<CronInput> => {
    const keys = { token: world.tokenKey, rotator: world.rotatorKey };
    const { effects, gate } = world.rotator().deps();
    const cell = kvMinterCell(gate!.storage(), keys);
    if (world.kind === "app-installation" && (await cell.read()).version === 0)
      await cell.write(minterRecord(world.kind, appKey()), 0);
    return {
      plan: world.plan,
      effects,
      store: { kind: "kv", operatorKey: "gop_model", keys },
      gate: { url: "http://gate" },
    };
  };
  it("does nothing before two thirds of an installation token's life, and rotates it then", async () => {
    const world = new World("app-installation", "kv");
    await world.bootstrap();
    const before = await world.currentToken();
    expect(await cronRotation(await input(world))).toMatchObject({ result: "nothing" });
    world.clock += 41 * 60_000;
    expect(await cronRotation(await input(world))).toMatchObject({ result: "finished" });
    expect(await world.currentToken()).not.toBe(before);
    expect(world.agent.failed).toEqual([]);
  });
  it("finishes what a person's interrupted rotation left, and begins none itself", async () => {
    const world = new World("personal-access-token", "kv");
    await world.bootstrap();
    await world.rotator({ fault: { name: "", reaches: true, kills: true, times: 1 }, at: 25 }).run(world.start());
    expect((await world.journal()).phase).not.toBe("idle");
    world.clock += 120_000;
    expect(await cronRotation(await input(world))).toMatchObject({ result: "finished" });
    world.clock += 40 * DAY;
    expect(await cronRotation(await input(world))).toMatchObject({ result: "nothing", level: "expired" });
  });
  it("makes the first token by itself, but none after a person has revoked the last", async () => {
    const world = new World("app-installation", "kv");
    expect(await cronRotation(await input(world))).toMatchObject({ result: "finished" });
    const { effects, plan, store, gate } = world.rotator().deps();
    const report = await revokeNow({
      effects,
      plan,
      reason: "leak",
      store: () => Promise.resolve(store),
      gate: () => Promise.resolve(gate),
      secrets: () => Promise.resolve({}),
    });
    expect(report.dead).toBe(true);
    world.clock += 10 * 3_600_000;
    expect(await cronRotation(await input(world))).toMatchObject({ result: "nothing", level: "missing" });
    expect(world.github.alive()).toEqual([]);
  });
  it("says what to place while its minting secret is missing", async () => {
    const world = new World("app-installation", "kv");
    const given = await input(world);
    world.gate.cells.delete("token-minter");
    expect(await cronRotation(given)).toMatchObject({ result: "needs-person", todo: ["gatehouse token minter"] });
    expect(world.github.tokens).toEqual([]);
  });
  it("tells the alert webhook once a stage that a token needs a person", async () => {
    const world = new World("personal-access-token", "kv", { alertWebhook: "http://alerts/hook", notify: [] });
    await world.bootstrap();
    const { effects, ...rest } = await input(world);
    const told: string[] = [];
    const watched: Effects = {
      ...effects!,
      fetch: (url, init) => {
        if (!url.startsWith("http://alerts")) return effects!.fetch(url, init);
        told.push((JSON.parse(init.body ?? "") as { type: string }).type);
        return Promise.resolve({ status: 204, headers: new Headers(), text: () => Promise.resolve("") });
      },
    };
    const run = async (days: number) => {
      world.clock += days * DAY;
      return cronRotation({
        ...rest,
        effects: watched,
        webhookSecret: `whsec_${Buffer.alloc(24, 1).toString("base64")}`,
      });
    };
    await run(1);
    expect(told).toEqual([]);
    expect(await run(23)).toMatchObject({
      result: "nothing",
      level: "soon",
      reminded: ["told webhook http://alerts/hook"],
    });
    await run(0);
    await run(4);
    await run(0);
    expect(await run(4)).toMatchObject({ level: "expired" });
    expect(told).toEqual(["token.expiring", "token.expiring", "token.expired"]);
  });
});
