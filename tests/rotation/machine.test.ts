import { KINDS, STORES, World } from "./support/world";

describe.each(STORES)("a rotation over %s", (store) => {
  it.each(KINDS)("replaces a %s without a failed request and leaves one alive", async (kind) => {
    const world = new World(kind, store);
    await world.bootstrap();
    const before = await world.currentToken();
    const rotator = world.rotator();
    const outcome = await rotator.run(world.start());
    expect(outcome).toMatchObject({ result: "finished", todo: [] });
    const after = await world.currentToken();
    expect(after).not.toBe(before);
    expect(world.agent.failed).toEqual([]);
    expect(world.agent.sent).toBeGreaterThan(20);
    const alive = world.github.alive([kind]).map((t) => t.token);
    // The standby of a pair of authorizations is alive by design, and nobody holds its access token.
    expect(alive).toHaveLength(kind === "app-user-token" ? 2 : 1);
    expect(alive).toContain(after);
    expect(alive).not.toContain(before);
    expect(world.delivered).toHaveLength(2);
    expect(await world.journal()).toMatchObject({ phase: "idle", tidy: true, outbox: [] });
  });
});
