import { randomBytes } from "node:crypto";
import { names } from "../../infra/model";
import { GateControl } from "../../rotation/gateControl";
import { ambientEffects, type Fetch } from "../../rotation/effects";
import { rotate, type Outcome, type RotationDeps } from "../../rotation/machine";
import { minterFor } from "../../rotation/minters";
import { tokenHash } from "../../edge/encoding";
import { vaultStore } from "../../rotation/stores/vault";
import { VaultSession } from "../../rotation/stores/vaultSession";
import { startReal, type Real } from "../rotation/support/real";

let real: Real;
beforeAll(async () => {
  real = await startReal();
}, 120_000);
afterAll(async () => {
  await real?.stop();
});

interface Disturbance {
  before?: (n: number, url: string, method: string) => Promise<"kill" | "lose" | undefined>;
}

/** A rotator process with the rotator's own Vault policy and nothing else. */
async function rotator(
  disturbance: Disturbance = {},
  vaultToken?: string,
): Promise<RotationDeps & { calls: string[] }> {
  const calls: string[] = [];
  let dead = false;
  const fetcher: Fetch = async (url, init) => {
    if (dead) throw new TypeError("the process is dead");
    calls.push(
      `${init.method} ${url.replace(real.vault.addr, "vault").replace(real.github.url, "github").replace(real.gateUrl, "gate")}`,
    );
    const verdict = await disturbance.before?.(calls.length - 1, url, init.method);
    if (verdict === "kill") {
      dead = true;
      throw new TypeError("killed");
    }
    const answer = await fetch(url, init);
    if (verdict === "lose") {
      dead = true;
      await answer.text();
      throw new TypeError("killed before the answer");
    }
    return answer;
  };
  const ambient = ambientEffects(undefined, fetcher);
  const effects = { ...ambient, sleep: (ms: number) => (dead ? Promise.resolve() : ambient.sleep(ms)) };
  const { plan } = real;
  const session = new VaultSession(effects, real.vault.addr, {
    kind: "token",
    token: vaultToken ?? (await real.partyToken("rotator")),
  });
  return {
    calls,
    effects,
    plan,
    minter: minterFor(effects, plan),
    store: vaultStore(session, "agents", "github/claude-bot"),
    gate: new GateControl(effects, real.gateUrl, real.operatorKey),
    rotatorId: randomBytes(4).toString("hex"),
    leaseMs: 100,
  };
}

const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms);
  });
const supplied = async (): Promise<string> => (await real.personMakes()).token;

/** The agent at 50 requests a second, until the work is done. */
async function underLoad<T>(
  work: () => Promise<T>,
): Promise<{ result: T; sent: number; failed: Record<number, number> }> {
  const failed: Record<number, number> = {};
  let sent = 0;
  const pending: Promise<void>[] = [];
  const timer = setInterval(() => {
    sent += 1;
    pending.push(
      real.ask().then(
        (status) => {
          if (status !== 200) failed[status] = (failed[status] ?? 0) + 1;
        },
        () => {
          failed[0] = (failed[0] ?? 0) + 1;
        },
      ),
    );
  }, 20);
  try {
    return { result: await work(), sent, failed };
  } finally {
    clearInterval(timer);
    await Promise.all(pending);
  }
}

async function stored(): Promise<Record<string, string>> {
  return ((await real.admin("GET", "agents/data/github/claude-bot")).json.data as { data: Record<string, string> })
    .data;
}

describe("on real OpenBao and the real gate in workerd", () => {
  it("places the first token with the rotator's policy alone, and tells auditors by metadata", async () => {
    const token = await supplied();
    const outcome = await rotate(await rotator(), { reason: "first", supplied: token });
    expect(outcome).toMatchObject({
      result: "finished",
      notes: expect.arrayContaining([
        expect.stringMatching(/^proven by audit record /),
        "accepted the invitation of claude-bot to acme",
      ]),
    });
    expect(await stored()).toMatchObject({ token, kind: "personal-access-token", login: "claude-bot" });
    const { custom_metadata: notes } = (await real.admin("GET", "agents/metadata/github/claude-bot")).json.data as {
      custom_metadata: Record<string, string>;
    };
    expect(notes).toMatchObject({ state: "current", token_sha256: outcome.newSha256 });
    expect(JSON.stringify(notes)).not.toContain(token);
    expect(await real.ask()).toBe(200);
  }, 30_000);

  it("replaces it under 50 requests a second without a failure, and no version of it is left", async () => {
    const before = (await stored()).token ?? "";
    const next = await supplied();
    const { result, sent, failed } = await underLoad(async () =>
      rotate(await rotator(), { reason: "test", supplied: next }),
    );
    expect(result).toMatchObject({ result: "finished" });
    expect(failed).toEqual({});
    expect(sent).toBeGreaterThan(40);
    expect(await real.alive()).toEqual([await tokenHash(next)]);
    for (const path of ["github/claude-bot", "github/claude-bot-rotation"]) {
      const { versions, current_version: current } = (await real.admin("GET", `agents/metadata/${path}`)).json.data as {
        versions: Record<string, { destroyed: boolean }>;
        current_version: number;
      };
      for (const [n, v] of Object.entries(versions)) if (Number(n) < current - 1) expect(v.destroyed).toBe(true);
      for (const n of Object.keys(versions))
        expect(JSON.stringify((await real.admin("GET", `agents/data/${path}?version=${n}`)).json)).not.toContain(
          before,
        );
    }
  }, 30_000);

  // The points between which something changes in the world; every single call is disturbed in faults.test.ts.
  const points: [string, RegExp, number][] = [
    ["recording the new token", /POST vault\/v1\/agents\/data\/github\/claude-bot-rotation/, 1],
    ["verifying it", /GET github\/api\/v3\/user$/, 1],
    ["storing it", /POST vault\/v1\/agents\/data\/github\/claude-bot$/, 1],
    ["annotating it", /PATCH vault/, 1],
    ["switching the gate", /_gate\/refresh/, 1],
    ["proving it", /_gate\/probe/, 1],
    ["revoking the old", /credentials\/revoke/, 1],
    ["destroying old versions", /destroy\/github\/claude-bot$/, 1],
  ];
  const ways = (name: string): readonly ("kill" | "lose")[] =>
    /storing|switching/.test(name) || process.env.GATEHOUSE_ALL_POINTS ? ["kill", "lose"] : ["lose"];
  it.each(
    points.flatMap(([name, at, nth]) =>
      ways(name).map((how) => [how === "kill" ? "before" : "after", name, how, at, nth] as const),
    ),
  )(
    "is killed %s %s, and the next one finishes",
    async (_when, _name, how, at, nth) => {
      const next = await supplied();
      let seen = 0;
      const { result, failed } = await underLoad(async () => {
        const first = await rotate(
          await rotator({
            before: (_n, url, method) => {
              const call = `${method} ${url.replace(real.vault.addr, "vault").replace(real.github.url, "github").replace(real.gateUrl, "gate")}`;
              return Promise.resolve(at.test(call) && (seen += 1) === nth ? how : undefined);
            },
          }),
          { reason: "test", supplied: next },
        );
        const rest: Outcome[] = [];
        do {
          await pause(200); // the lease of the dead one
          rest.push(await rotate(await rotator(), { reason: "test", supplied: next }));
        } while (rest.length < 30 && (rest.at(-1)?.result === "stopped" || rest.at(-1)?.result === "busy"));
        return { first, rest };
      });
      expect(seen).toBeGreaterThan(0);
      expect(["finished", "nothing"]).toContain(result.rest.at(-1)?.result);
      expect(failed).toEqual({});
      expect((await stored()).token).toBe(next);
      expect(await real.alive()).toEqual([await tokenHash(next)]);
    },
    30_000,
  );

  it("stops when Vault is sealed under it, says so, and goes on once it is unsealed", async () => {
    const next = await supplied();
    const outcome = await rotate(
      await rotator({
        before: async (_n, url, method) => {
          if (method === "POST" && url.endsWith("/agents/data/github/claude-bot")) await real.vault.seal();
          return undefined;
        },
      }),
      { reason: "test", supplied: next },
    );
    expect(outcome).toMatchObject({
      result: "stopped",
      says: expect.stringContaining("sealed; unseal it and run the command again"),
    });
    await real.vault.unseal();
    expect(await rotate(await rotator(), { reason: "test", supplied: next })).toMatchObject({ result: "finished" });
    expect(await real.alive()).toEqual([await tokenHash(next)]);
    expect(await real.ask()).toBe(200);
  }, 60_000);

  it("stops when its Vault token ends under it, says what to do, and the next one goes on", async () => {
    const token = await real.partyToken("rotator", "1s");
    const next = await supplied();
    const outcome = await rotate(
      await rotator(
        {
          before: async (_n, url) => {
            if (url.includes("/_gate/refresh")) await pause(1_500);
            return undefined;
          },
        },
        token,
      ),
      { reason: "test", supplied: next },
    );
    expect(outcome).toMatchObject({ result: "stopped", says: expect.stringContaining("the Vault token has expired") });
    await pause(200);
    expect(await rotate(await rotator(), { reason: "test", supplied: next })).toMatchObject({ result: "finished" });
  }, 60_000);
});

describe("how late a change of the store reaches the gate", () => {
  it("within the declared cache time, without anybody telling it", async () => {
    const next = await supplied();
    const { metadata, data } = (await real.admin("GET", "agents/data/github/claude-bot")).json.data as {
      metadata: { version: number };
      data: Record<string, string>;
    };
    expect(await real.ask()).toBe(200);
    await real.admin("POST", "agents/data/github/claude-bot", {
      options: { cas: metadata.version },
      data: { ...data, token: next, sha256: await tokenHash(next) },
    });
    const began = Date.now();
    const wanted = await tokenHash(next);
    let seen = "";
    while (seen !== wanted && Date.now() - began < 10_000) {
      await pause(50);
      await real.ask();
      const requests = (await (await fetch(`${real.github.api}/_sandbox/requests`)).json()) as {
        path: string;
        headers: Record<string, string>;
      }[];
      seen =
        requests
          .filter((r) => r.path.includes("/pulls"))
          .at(-1)
          ?.headers.authorization?.replace("sha256:", "") ?? "";
    }
    expect(seen).toBe(wanted);
    expect(Date.now() - began).toBeLessThan(real.environment.gate.tokenCacheSeconds * 1000 + 1_000);
  }, 30_000);

  it("at once for a token that the operator refuses by its hash", async () => {
    const gate = new GateControl(ambientEffects(), real.gateUrl, real.operatorKey);
    expect(await real.ask()).toBe(200);
    await gate.deny({ tokenSha256: (await gate.refresh()).tokenSha256 });
    const began = Date.now();
    let status = 200;
    while (status === 200 && Date.now() - began < 10_000) status = await real.ask();
    expect(status).toBe(503);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await rotate(await rotator(), { reason: "test", supplied: await supplied() })).toMatchObject({
      result: "finished",
    });
    expect(await real.ask()).toBe(200);
  }, 30_000);
});

describe("a CI job without a stored secret", () => {
  it("signs in to Vault with its identity token, and only the declared repository's default branch may", async () => {
    const ci = names(real.environment).vault!.ci;
    const { issuer } = real.github.oidc;
    expect((await real.admin("POST", `sys/auth/${ci.mount}`, { type: "jwt" })).status).toBe(204);
    expect(
      (await real.admin("POST", `auth/${ci.mount}/config`, { oidc_discovery_url: issuer, bound_issuer: issuer }))
        .status,
    ).toBe(204);
    expect(
      (
        await real.admin("POST", `auth/${ci.mount}/role/${ci.rotatorRole}`, {
          role_type: "jwt",
          user_claim: "sub",
          bound_audiences: [ci.audience],
          bound_claims: { repository: "acme/docs", ref: "refs/heads/main" },
          token_policies: ["gatehouse-claude-bot-rotator"],
          token_no_default_policy: true,
          token_ttl: "15m",
        })
      ).status,
    ).toBe(204);
    const store = (claims: Record<string, unknown>) => {
      const session = new VaultSession(ambientEffects(), real.vault.addr, {
        kind: "jwt",
        mount: ci.mount,
        role: ci.rotatorRole,
        jwt: () =>
          Promise.resolve(
            real.github.oidc.mint({
              aud: ci.audience,
              repository: "acme/docs",
              ref: "refs/heads/main",
              sub: "repo:acme/docs:ref:refs/heads/main",
              ...claims,
            }),
          ),
      });
      return vaultStore(session, "agents", "github/claude-bot");
    };
    expect((await store({}).token.read()).data?.login).toBe("claude-bot");
    await expect(store({ repository: "acme/api" }).token.read()).rejects.toThrow("refused to log in");
    await expect(store({ ref: "refs/heads/claude/x" }).token.read()).rejects.toThrow("refused to log in");
    await expect(store({ aud: "another" }).token.read()).rejects.toThrow("refused to log in");
  }, 30_000);
});

describe("Vault's roles, by what OpenBao really answers", () => {
  const as = async (party: Parameters<Real["partyToken"]>[0]) => {
    const token = await real.partyToken(party);
    return async (method: string, path: string, body?: unknown) =>
      (
        await fetch(`${real.vault.addr}/v1/${path}`, {
          method,
          headers: {
            "x-vault-token": token,
            ...(method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {}),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
      ).status;
  };
  const token = "agents/data/github/claude-bot";
  const meta = "agents/metadata/github/claude-bot";

  it("the gate reads the token, and nothing beside it", async () => {
    const gate = await as("gate");
    expect(await gate("GET", token)).toBe(200);
    for (const [method, path] of [
      ["POST", token],
      ["GET", `${token}-rotation`],
      ["GET", `${token}-operator`],
      ["GET", meta],
      ["GET", "agents/metadata/?list=true"],
      ["DELETE", token],
      ["GET", "agents/data/break-glass/claude-bot"],
      ["GET", "sys/mounts"],
    ] as const) {
      expect([
        method,
        path,
        await gate(method, path, method === "POST" ? { data: { token: "x" } } : undefined),
      ]).toEqual([method, path, 403]);
    }
  });
  it("the rotator writes the token, and reads no other secret", async () => {
    const rotatorToken = await as("rotator");
    expect(await rotatorToken("GET", token)).toBe(200);
    expect(await rotatorToken("POST", token, { options: { cas: 0 }, data: { token: "x" } })).toBe(400); // check-and-set, not the policy, says no
    expect(await rotatorToken("POST", token, { data: { token: "x" } })).toBe(400); // and without it nothing is taken
    for (const [method, path] of [
      ["GET", "agents/data/github/another"],
      ["POST", "agents/data/github/another"],
      ["GET", "agents/data/break-glass/claude-bot"],
      ["POST", `${token}-operator`],
      ["DELETE", meta],
      ["PUT", "sys/policies/acl/mine"],
      ["POST", "auth/token/create"],
    ] as const) {
      expect([
        method,
        path,
        await rotatorToken(method, path, method === "GET" || method === "DELETE" ? undefined : { data: {} }),
      ]).toEqual([method, path, 403]);
    }
  });
  it("the auditor reads metadata, and no content", async () => {
    const auditor = await as("auditor");
    expect(await auditor("GET", meta)).toBe(200);
    expect(await auditor("GET", "sys/policies/acl/gatehouse-claude-bot-gate")).toBe(200);
    for (const [method, path] of [
      ["GET", token],
      ["GET", `${token}-rotation`],
      ["GET", `${token}-operator`],
      ["POST", token],
      ["PATCH", meta],
      ["DELETE", meta],
      ["GET", "agents/data/break-glass/claude-bot"],
    ] as const) {
      expect([
        method,
        path,
        await auditor(method, path, method === "POST" || method === "PATCH" ? {} : undefined),
      ]).toEqual([method, path, 403]);
    }
  });
  it("the deployer owns the store and its policies, and cannot read the token or what it placed", async () => {
    const deployer = await as("deployer");
    expect(await deployer("GET", "agents/config")).toBe(200);
    expect(await deployer("GET", "sys/policies/acl/gatehouse-claude-bot-gate")).toBe(200);
    for (const [method, path] of [
      ["GET", token],
      ["POST", token],
      ["GET", `${token}-rotation`],
      ["GET", `${token}-operator`],
      ["GET", "agents/data/break-glass/claude-bot"],
      ["PUT", "sys/policies/acl/mine"],
    ] as const) {
      expect([
        method,
        path,
        await deployer(method, path, method === "GET" ? undefined : { policy: "", data: {} }),
      ]).toEqual([method, path, 403]);
    }
  });
});
