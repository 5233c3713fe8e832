import { createVerify, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseStackFile } from "../../infra/config";
import { cronRotation, type CronInput } from "../../rotation/cron";
import { revokeNow } from "../../rotation/emergency";
import { base64 } from "../../edge/encoding";
import { sealRecord, sealingKey } from "../../edge/sealing";
import { readExpiry } from "../../rotation/github";
import { emptyJournal, readJournal } from "../../rotation/journal";
import { resume, rotate } from "../../rotation/machine";
import { appJwt } from "../../rotation/minters/appJwt";
import { adaptersFor } from "../../rotation/notify";
import { planRotation } from "../../rotation/plan";
import { rotationPolicy } from "../../rotation/policyText";
import { remind } from "../../rotation/reminders";
import { holds, judge } from "../../rotation/status";
import { kvMinterCell } from "../../rotation/stores/kv";
import { minterRecord } from "../../rotation/stores/minterSecrets";
import { KvCell } from "../../rotation/stores/kv";
import { comparePermissions } from "../../rotation/verify";
import { request } from "../../rotation/wire";
import type { Effects, Fetch } from "../../rotation/effects";
import type { TokenRecord } from "../../rotation/record";
import { nextGateKey } from "../../cli/token/gateKey";
import { appKey, KINDS, planFor, World } from "./support/world";

const DAY = 86_400_000;
const now = Date.UTC(2026, 5, 1);
const record = (expiresAt: string): TokenRecord => ({
  token: "t",
  sha256: "s",
  kind: "personal-access-token",
  login: "claude-bot",
  expires_at: expiresAt,
  rotation_id: "r",
});
const rotatedAt = (at: number) => ({
  ...emptyJournal,
  history: [
    {
      id: "r",
      reason: "",
      startedAt: "",
      endedAt: new Date(at).toISOString(),
      outcome: "finished" as const,
      notes: [],
      phases: {},
    },
  ],
});
const iso = (ms: number): string => new Date(ms).toISOString();

describe("status", () => {
  const plan = planFor("personal-access-token");
  const level = (endsIn: number, age = 0): string =>
    judge(record(iso(now + endsIn)), rotatedAt(now - age), plan, now).level;
  it("is ok, then a reminder from the declared days before, then louder, then a failure", () => {
    expect([level(20 * DAY), level(6 * DAY), level(2 * DAY), level(-1)]).toEqual(["ok", "soon", "urgent", "expired"]);
    expect(["ok", "soon", "urgent", "expired", "missing", "interrupted"].map((l) => holds(l as never))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
  it("counts the schedule too, not only the expiry", () => {
    expect(level(300 * DAY, 31 * DAY)).toBe("urgent");
  });
  it("is missing without a token, whatever the journal says", () => {
    expect(judge(undefined, rotatedAt(now), plan, now).level).toBe("missing");
  });
  it("notices a rotation that stands still", () => {
    const journal = {
      ...rotatedAt(now),
      phase: "stored" as const,
      rotation: { id: "x", reason: "", startedAt: now - 10 * 60_000, base: 1, mints: 0, notes: [], times: {} },
    };
    expect(judge(record(iso(now + 20 * DAY)), journal, plan, now)).toMatchObject({
      level: "interrupted",
      todo: ["gatehouse token rotate --resume"],
    });
  });
  it("wants an hour's token at two thirds of its life", () => {
    const hourly = planFor("app-installation");
    const at = (left: number) =>
      judge({ ...record(iso(now + left * 60_000)), kind: "app-installation" }, emptyJournal, hourly, now).level;
    expect([at(30), at(19)]).toEqual(["ok", "urgent"]);
  });
});

describe("reminders", () => {
  const setUp = () => {
    const issues: { number: number; title: string; body: string; state: string; comments: number }[] = [];
    const told: unknown[] = [];
    const fetcher: Fetch = (url, init) => {
      const path = new URL(url).pathname;
      const body = init.body ? (JSON.parse(init.body) as Record<string, string>) : {};
      const reply = (status: number, value: unknown) =>
        Promise.resolve({ status, headers: new Headers(), text: () => Promise.resolve(JSON.stringify(value)) });
      if (init.method === "GET")
        return reply(
          200,
          issues.filter((i) => i.state === "open"),
        );
      if (path.endsWith("/comments")) {
        issues[0]!.comments += 1;
        return reply(201, {});
      }
      if (init.method === "PATCH") {
        issues[0]!.state = body.state ?? "";
        return reply(200, {});
      }
      issues.push({ number: 1, title: body.title ?? "", body: body.body ?? "", state: "open", comments: 0 });
      return reply(201, { number: 1 });
    };
    const effects: Effects = {
      fetch: fetcher,
      now: () => now,
      sleep: () => Promise.resolve(),
      report: () => undefined,
    };
    const plan = planFor("personal-access-token", { repository: "docs" });
    const deps = {
      effects,
      plan,
      issueToken: "model",
      adapters: [
        {
          name: "hook",
          deliver: (m: unknown) => {
            told.push(m);
            return Promise.resolve();
          },
        },
      ],
    };
    const at = (endsIn: number, stage: number) =>
      remind(deps, judge(record(iso(now + endsIn)), rotatedAt(now), plan, now), stage);
    return { issues, told, at };
  };
  it("open one issue, comment it once a stage, and close it when the token is replaced", async () => {
    const { issues, told, at } = setUp();
    let { stage } = await at(20 * DAY, 0);
    expect(issues).toHaveLength(0);
    ({ stage } = await at(6 * DAY, stage));
    ({ stage } = await at(5 * DAY, stage)); // the same stage says nothing again
    expect([issues.length, issues[0]?.comments, told.length]).toEqual([1, 0, 1]);
    ({ stage } = await at(1 * DAY, stage));
    ({ stage } = await at(-1, stage));
    expect([issues.length, issues[0]?.comments, told.length]).toEqual([1, 2, 3]);
    expect(issues[0]?.body).toContain("/settings/personal-access-tokens/new?");
    expect(issues[0]?.body).toContain("Never paste the token into this issue");
    ({ stage } = await at(30 * DAY, stage));
    expect([issues[0]?.state, stage]).toEqual(["closed", 0]);
  });
});

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

describe("repository_dispatch", () => {
  it("names the message's type, carries its data in one property, and is not confirmed by anything but a 204", async () => {
    const sent: { url: string; body: unknown }[] = [];
    let status = 204;
    const effects: Effects = {
      fetch: (url, init) => {
        sent.push({ url, body: JSON.parse(init.body ?? "") });
        return Promise.resolve({ status, headers: new Headers(), text: () => Promise.resolve("") });
      },
      now: () => now,
      sleep: () => Promise.resolve(),
      report: () => undefined,
    };
    const [adapter] = adaptersFor(effects, planFor("personal-access-token", { repository: "docs" }), {
      dispatchToken: "model",
    });
    const message = { id: "m", type: "token.rotated", at: iso(now), data: { login: "claude-bot" } };
    await adapter?.deliver(message);
    expect(sent).toEqual([
      {
        url: "http://github/api/v3/repos/acme/docs/dispatches",
        body: {
          event_type: "gatehouse-token-rotated",
          client_payload: { id: "m", at: iso(now), data: { login: "claude-bot" } },
        },
      },
    ]);
    status = 404;
    await expect(adapter?.deliver(message)).rejects.toThrow("refused to start a workflow");
  });
  it("is delivered again by the next run when it was not confirmed, and the rotation holds all the same", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    const told: string[] = [];
    const deps = world.rotator().deps();
    const deaf = { name: "runtime", deliver: () => Promise.reject(new Error("away")) };
    expect(await rotate({ ...deps, adapters: [deaf] }, world.start())).toMatchObject({ result: "finished" });
    expect((await world.journal()).outbox).toHaveLength(1);
    await resume({
      ...deps,
      adapters: [
        {
          name: "runtime",
          deliver: (m) => {
            told.push(m.type);
            return Promise.resolve();
          },
        },
      ],
    });
    expect([told, (await world.journal()).outbox]).toEqual([["token.rotated"], []]);
  });
});

describe("an App's signature, and a seal whose key is gone", () => {
  it.each(["pkcs1", "pkcs8"] as const)("makes an App's JWT from a %s key", async (type) => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type, format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const [head = "", body = "", signature = ""] = (await appJwt(7, privateKey, now)).split(".");
    expect(
      createVerify("RSA-SHA256").update(`${head}.${body}`).verify(publicKey, Buffer.from(signature, "base64url")),
    ).toBe(true);
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as { iat: number; exp: number; iss: string };
    expect(claims).toMatchObject({ iss: "7" });
    expect(claims.exp - now / 1000).toBeLessThanOrEqual(600);
  });
  it("takes what was sealed under a key that is gone for deleted, and puts the next value in its place", async () => {
    const [lost, key] = [base64(randomBytes(32)), base64(randomBytes(32))];
    let stored = { version: 7, value: await sealRecord(await sealingKey(lost), 7, { token: "x" }) };
    const storage = {
      get: () => Promise.resolve(stored),
      put: (_name: string, value: string, cas: number) => {
        expect(cas).toBe(stored.version);
        stored = { version: cas + 1, value };
        return Promise.resolve();
      },
    };
    const cell = new KvCell(storage, "token", key);
    expect(await cell.read()).toEqual({ version: 7 });
    expect(await cell.write({ token: "y" }, 7)).toBe(8);
    expect(await cell.read()).toEqual({ version: 8, data: { token: "y" } });
    stored = { version: 8, value: "no seal" };
    await expect(cell.read()).rejects.toThrow();
  });
});

describe("small readings", () => {
  it.each([
    ["2026-01-31 10:00:00 UTC", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31 10:00:00 +0130", "2026-01-31T08:30:00.000Z"],
    ["soon", ""],
    [undefined, ""],
  ])("expiry header %s", (header, expected) => {
    expect(readExpiry(header)).toBe(expected);
  });
  it("compares permissions both ways", () => {
    expect(
      comparePermissions(
        { contents: "write", issues: "read" },
        { contents: "read", issues: "write", metadata: "read", secrets: "read" },
      ),
    ).toEqual([
      "too few: contents is read, declared write",
      "too many: issues is write, declared read",
      "too many: secrets is read, declared none",
    ]);
  });
  it("refuses a journal of another version rather than guess", () => {
    expect(() => readJournal({ journal: '{"v":2,"phase":"idle"}' })).toThrow("the version that wrote it");
  });
});

describe("bounded retries", () => {
  it("never waits longer than allowed, and tells the wish of a long one", async () => {
    let slept = 0;
    let calls = 0;
    const effects: Effects = {
      fetch: () => {
        calls += 1;
        return Promise.resolve({
          status: 429,
          headers: new Headers({ "retry-after": "3600" }),
          text: () => Promise.resolve(""),
        });
      },
      now: () => 0,
      sleep: (ms) => {
        slept += ms;
        return Promise.resolve();
      },
      report: () => undefined,
    };
    await expect(
      request(effects, { system: "GitHub", what: "answer", method: "GET", url: "http://x/" }),
    ).rejects.toMatchObject({ name: "Unavailable", retryAfterMs: 3_600_000 });
    expect([slept, calls]).toEqual([0, 1]);
  });
});

describe("docs/rotation.md", () => {
  const root = resolve(__dirname, "../..");
  it("is what the production environment says", () => {
    const plan = planRotation(
      parseStackFile(readFileSync(resolve(root, "Pulumi.prod.yaml"), "utf8"), "Pulumi.prod.yaml"),
    );
    expect(readFileSync(resolve(root, "docs/rotation.md"), "utf8")).toBe(rotationPolicy(plan, "Pulumi.prod.yaml"));
  });
  it.each(KINDS)("is the same twice, and names what %s needs and cannot", (kind) => {
    const text = rotationPolicy(planFor(kind), "x");
    expect(rotationPolicy(planFor(kind), "x")).toBe(text);
    expect(text).toContain(`| Kind | ${kind} |`);
    expect(text).not.toContain("undefined");
  });
});

describe("the gate key's generations", () => {
  const file = "config:\n  gatehouse:gate: # the gate\n    name: g # its name\n";
  it("adds a generation and the end of the overlap, and keeps the rest", () => {
    const { text, change } = nextGateKey(file, "f", 24, now);
    expect(change).toEqual({ generation: 2, previousUntil: "2026-06-02T00:00:00Z" });
    expect(text).toContain("# its name");
    expect(() => nextGateKey(text, "f", 24, now + 1000)).toThrow("overlaps until");
    expect(nextGateKey(text, "f", 24, now + 2 * DAY).change.generation).toBe(3);
  });
});
