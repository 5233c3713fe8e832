import { FAULTS } from "../support/faults";
import { KINDS, STORES, World, type Incoming } from "../support/world";

const fault = (name: string) => {
  const found = FAULTS.find((f) => f.name === name);
  if (!found) throw new Error(`no fault ${name}`);
  return found;
};

/** The number of the first call that fits, in an undisturbed run of this kind. */
async function callNumber(
  kind: (typeof KINDS)[number],
  fits: (host: string, call: Incoming) => boolean,
  nth = 1,
): Promise<number> {
  const world = new World(kind, "vault");
  await world.bootstrap();
  let found = -1;
  let seen = 0;
  await world
    .rotator({
      onCall: (host, call, n) => {
        if (fits(host, call) && (seen += 1) === nth) found = n;
      },
    })
    .run(world.start());
  expect(found).toBeGreaterThanOrEqual(0);
  return found;
}

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

describe("two rotators at once", () => {
  it("lets one win; the loser revokes what it minted, and nothing else", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    const slow = world.rotator();
    const fast = world.rotator();
    // The slow one stops after GitHub has answered its mint; its lease ends, and the other takes over.
    let minted = false;
    world.turn = async (rotator) => {
      if (rotator !== slow || minted || slow.log.at(-2)?.includes("/access_tokens") !== true) return undefined;
      minted = true;
      world.clock += 31_000;
      expect(await fast.run(world.start())).toMatchObject({ result: "finished" });
      return undefined;
    };
    const before = world.github.tokens.length;
    expect(await slow.run(world.start())).toMatchObject({ result: "lost" });
    const [mintedBySlow, mintedByFast] = world.github.tokens.slice(before);
    expect(mintedBySlow && world.github.isAlive(mintedBySlow)).toBe(false);
    expect(mintedByFast && world.github.isAlive(mintedByFast)).toBe(true);
    expect(await world.currentToken()).toBe(mintedByFast?.token);
    expect(world.agent.failed).toEqual([]);
  });

  it("leaves a rotation alone while its lease lasts", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    await world.rotator({ fault: fault("kill -9 before the call"), at: 6 }).run(world.start());
    expect(await world.rotator().run(world.start())).toMatchObject({ result: "busy" });
    world.clock += 31_000;
    expect(await world.rotator().run(world.start())).toMatchObject({ result: "finished" });
  });

  it("keeps an authorization that the loser had refreshed", async () => {
    const world = new World("app-user-token", "vault");
    await world.bootstrap();
    const slow = world.rotator();
    let refreshed = false;
    world.turn = async (rotator) => {
      if (rotator !== slow || refreshed || slow.log.at(-2)?.includes("/login/oauth/access_token") !== true)
        return undefined;
      refreshed = true;
      world.clock += 31_000;
      // To the other the refresh token is spent: it gives the authorization up and rolls back.
      expect(await world.rotator().run(world.start())).toMatchObject({ result: "rolled-back" });
      return undefined;
    };
    expect(await slow.run(world.start())).toMatchObject({ result: "lost" });
    expect(Object.values((await world.journal()).slots ?? {}).map((slot) => slot.state)).toEqual(["ok", "ok"]);
    world.turn = undefined;
    expect(await world.rotator().run(world.start())).toMatchObject({ result: "finished", todo: [] });
  });
});

describe("a refreshed authorization that cannot be recorded", () => {
  it.each(["Vault sealed", "429 for an hour", "no network for a while"])(
    "is held until the store is back: %s",
    async (name) => {
      const at = await callNumber("app-user-token", (host, call) => host === "vault" && call.method === "POST", 2);
      const world = new World("app-user-token", "vault");
      await world.bootstrap();
      expect(await world.rotator({ fault: fault(name), at }).run(world.start())).toMatchObject({
        result: "finished",
        todo: [],
      });
      expect(Object.values((await world.journal()).slots ?? {}).map((slot) => slot.state)).toEqual(["ok", "ok"]);
    },
  );
});

describe("the one case that needs a person", () => {
  it("a lost refresh answer costs the standby, says what to do, and service goes on", async () => {
    const at = await callNumber("app-user-token", (_host, call) => call.path === "/login/oauth/access_token");
    const world = new World("app-user-token", "vault");
    await world.bootstrap();
    const before = await world.currentToken();
    const outcome = await world.rotator({ fault: fault("timeout, answer lost"), at }).run(world.start());
    expect(outcome).toMatchObject({
      result: "rolled-back",
      todo: [
        expect.stringContaining("authorize the GitHub App again"),
        expect.stringContaining("gatehouse token put --standby"),
      ],
    });
    expect(await world.currentToken()).toBe(before);
    expect(world.agent.failed).toEqual([]);
    expect(await world.rotator().run(world.start())).toMatchObject({ result: "needs-person" });
  });

  it("uses the last authorization when its token is about to end, rather than let it end", async () => {
    const at = await callNumber("app-user-token", (_host, call) => call.path === "/login/oauth/access_token");
    const world = new World("app-user-token", "vault");
    await world.bootstrap();
    await world.rotator({ fault: fault("timeout, answer lost"), at }).run(world.start());
    world.clock += 7.6 * 3_600_000;
    const outcome = await world.rotator().run(world.start());
    expect(outcome).toMatchObject({
      result: "finished",
      notes: expect.arrayContaining([expect.stringContaining("only one authorization was left")]),
    });
    expect(world.agent.failed).toEqual([]);
  });
});

describe("a token that is not what was declared", () => {
  const refuse = async (options: Parameters<World["github"]["mint"]>[1], kind = "personal-access-token") => {
    const world = new World("personal-access-token", "vault");
    await world.bootstrap();
    const before = await world.currentToken();
    const outcome = await world.rotator().run({ reason: "test", supplied: world.github.mint(kind, options).token });
    expect(outcome.result).toBe("rolled-back");
    expect(await world.currentToken()).toBe(before);
    expect(world.agent.failed).toEqual([]);
    return outcome.says;
  };
  it("is refused when it may not write contents", async () => {
    expect(await refuse({ permissions: { contents: "read", pull_requests: "write", metadata: "read" } })).toContain(
      "too few: it may not write contents",
    );
  });
  it("is refused when it may write issues too", async () => {
    expect(
      await refuse({ permissions: { contents: "write", pull_requests: "write", metadata: "read", issues: "write" } }),
    ).toContain("too many: it may write issues");
  });
  it("is refused when it may read secrets", async () => {
    expect(
      await refuse({ permissions: { contents: "write", pull_requests: "write", metadata: "read", secrets: "read" } }),
    ).toContain("too many: it may read secrets");
  });
  it("is refused when it reaches another repository", async () => {
    expect(await refuse({ repositories: ["api", "docs", "secrets"] })).toContain("too many: it reaches secrets");
  });
  it("is refused when it does not reach a declared one", async () => {
    expect(await refuse({ repositories: ["api"] })).toContain("too few: it does not reach docs");
  });
  it("is refused when it belongs to somebody else", async () => {
    expect(await refuse({ login: "acme-admin" })).toContain("belongs to acme-admin, not to claude-bot");
  });
  it("is refused when it lives longer than declared", async () => {
    expect(await refuse({ lifetimeMs: 90 * 86_400_000 })).toContain("later than the declared 30 days");
  });
  it("is refused when it is a classic token", async () => {
    expect(await refuse({}, "classic")).toContain("classic token");
  });
});

describe("what else a rotation does", () => {
  it("accepts the pending invitation with the first token", async () => {
    const world = new World("personal-access-token", "vault");
    world.github.membership = "pending";
    const outcome = await world.rotator().run(world.start());
    expect(outcome).toMatchObject({
      result: "finished",
      notes: expect.arrayContaining(["accepted the invitation of claude-bot to acme"]),
    });
    expect(world.github.membership).toBe("active");
  });

  it("takes the same token again for done", async () => {
    const world = new World("personal-access-token", "vault");
    await world.bootstrap();
    expect(await world.rotator().run({ reason: "again", supplied: (await world.currentToken()) ?? "" })).toMatchObject({
      result: "nothing",
    });
  });

  it("overwrites nothing that somebody else wrote, and ends only its own token", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    const foreign = world.github.mint("app-installation", { lifetimeMs: 3_600_000 });
    const rotator = world.rotator({
      onCall: (host, call) => {
        if (host === "vault" && call.method === "POST" && call.path === "/v1/agents/data/github/claude-bot")
          world.vault.secrets.get("github/claude-bot")?.versions.push({
            data: {
              token: foreign.token,
              sha256: foreign.sha256,
              kind: "",
              login: "",
              expires_at: "",
              rotation_id: "",
            },
            destroyed: false,
          });
      },
    });
    expect(await rotator.run(world.start())).toMatchObject({
      result: "rolled-back",
      says: expect.stringContaining("nothing was overwritten"),
    });
    expect(await world.currentToken()).toBe(foreign.token);
    expect(world.github.isAlive(foreign)).toBe(true);
    expect(world.github.alive(["app-installation"])).toHaveLength(2); // the first one and the foreign one; the minted one is dead
  });

  it("waits until the old token is really dead when GitHub takes its time", async () => {
    const world = new World("personal-access-token", "vault");
    await world.bootstrap();
    world.github.revokeDelayMs = 3_000;
    const before = world.current(await world.currentToken());
    expect(await world.rotator().run(world.start())).toMatchObject({ result: "finished" });
    expect(before && world.github.isAlive(before)).toBe(false);
  });

  it("rolls back when GitHub refuses the new token through the gate, and the old one goes on", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    const before = await world.currentToken();
    const rotator = world.rotator({
      onCall: (_host, call) => {
        if (call.path === "/_gate/probe") world.github.revoke(world.github.tokens.at(-1)!);
      },
    });
    world.traffic = false; // the token dies under the agent here, which is the fault and not the rotation's doing
    expect(await rotator.run(world.start())).toMatchObject({ result: "rolled-back" });
    world.traffic = true;
    expect(await world.currentToken()).toBe(before);
    await world.agentRequest();
    expect(world.agent.failed).toEqual([]);
  });
});
