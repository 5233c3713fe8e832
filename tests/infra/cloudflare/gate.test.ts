import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { Gate, Posture } from "../../../infra";
import { ed25519PublicKey, keyHash, keyText } from "../../../infra/cloudflare";
import { type Environment } from "../../../infra/model";
import { EMBEDDED_POLICY, embedPolicy } from "../../../gate/policy/embed";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { endpoints } from "../../../infra/model/endpoints";
import { environment } from "../../support/environment";
import { postureMocks } from "../../support/postureMocks";
import { deploy, inClear, known, type Deployment } from "../../support/pulumi";
import { ACCOUNT, SCRIPTS, SECRET_ID, bytes, password, types } from "./support/mocks";

const ZONE = "fedcba9876543210fedcba9876543210";
const LEDGER_TAG = createHash("sha256").update(SCRIPTS.ledger).digest("hex").slice(0, 16);

const github = {
  repositories: [
    { name: "api", id: 1, nodeId: "R_1", demandsPullRequest: false },
    { name: "docs", id: 2, nodeId: "R_2", demandsPullRequest: false },
  ],
};
function policyOf(posture: Environment) {
  return compilePolicy(posture, { ...github, endpoints: endpoints() });
}
function up(changes: Record<string, unknown> = {}, deployedLedgerTag?: string): Promise<Deployment<Gate>> {
  const posture = environment(changes);
  return deploy(
    { types },
    (opts) =>
      new Gate(
        "gate",
        {
          environment: posture,
          github,
          scripts: SCRIPTS,
          deployedLedgerTag,
          vaultAddress: "https://vault.acme.dev:8200/",
          vaultSignIn: posture.tokenStore.kind === "vault" ? { roleId: "role-id", secretId: SECRET_ID } : undefined,
          auditBucket: "acme-agent-audit",
        },
        opts,
      ),
  );
}
const bindingsOf = (run: Deployment<unknown>) =>
  run.one("gate-script").inputs.bindings as { name: string; type: string; json?: string; text?: string }[];
const binding = (run: Deployment<unknown>, name: string) => bindingsOf(run).find((entry) => entry.name === name);

describe("Gate", () => {
  it("gives the Worker its source, its date, and logs without request headers", async () => {
    const { inputs } = (await up()).one("gate-script");
    expect(inputs).toMatchObject({
      accountId: ACCOUNT,
      scriptName: "github-gate",
      mainModule: "gate.js",
      content: embedPolicy(SCRIPTS.gate, policyOf(environment())),
      compatibilityDate: "2026-03-01",
      logpush: false,
      observability: {
        enabled: true,
        headSamplingRate: 1,
        logs: { enabled: true, headSamplingRate: 1, invocationLogs: false },
      },
    });
  });

  it("binds what the gate expects, sorted by name", async () => {
    const run = await up();
    expect(bindingsOf(run).map(({ name, type }) => [name, type])).toEqual([
      ["ALERTS", "json"],
      ["ALERT_SECRET", "secret_text"],
      ["AUDIT", "r2_bucket"],
      ["CHECKPOINT_KEY", "secret_text"],
      ["GATE_KEYS", "json"],
      ["LEDGER", "durable_object_namespace"],
      ["OPERATOR_KEYS", "json"],
      ["PUBLIC_URL", "plain_text"],
      ["TOKENS", "kv_namespace"],
      ["TOKEN_STORE", "json"],
      ["VAULT_SECRET_ID", "secret_text"],
    ]);
    expect(binding(run, "LEDGER")).toEqual({
      name: "LEDGER",
      type: "durable_object_namespace",
      className: "Ledger",
      scriptName: "github-gate-ledger",
    });
    expect(binding(run, "TOKENS")).toMatchObject({ namespaceId: "kv-id" });
    expect(binding(run, "AUDIT")).toMatchObject({ bucketName: "acme-agent-audit" });
    expect(JSON.parse(binding(run, "ALERTS")!.json!)).toEqual({ webhook: "https://alerts.acme.dev/hook" });
    expect(JSON.parse(binding(run, "TOKEN_STORE")!.json!)).toEqual({
      kind: "vault",
      address: "https://vault.acme.dev:8200",
      mount: "agents",
      path: "github/claude-bot",
      authMount: "gatehouse-gate",
      roleId: "role-id",
    });
  });

  it("carries its policy in its module, readable, and no binding is near Cloudflare's limit of 5 KB", async () => {
    const repositories = Array.from({ length: 200 }, (_, i) => ({ name: `service-${i}`, access: "read" as const }));
    const run = await up({
      repositories,
      audit: {
        retentionDays: 400,
        alertWebhook: `https://alerts.acme.dev/${"x".repeat(1000)}`,
        sinks: [{ kind: "r2", bucket: "audit-trail" }],
      },
    });
    const content = String(run.one("gate-script").inputs["content"]);
    const carried = content.slice(`const ${EMBEDDED_POLICY} = `.length, content.indexOf(";\n"));
    expect((JSON.parse(carried) as { repositories: unknown[] }).repositories).toHaveLength(200);
    expect(content).toContain('\n      "name": "service-7",\n');
    for (const entry of bindingsOf(run))
      expect([entry.name, Buffer.byteLength(entry.json ?? entry.text ?? "") < 4096]).toEqual([entry.name, true]);
  });

  it("knows keys by their hash alone", async () => {
    const run = await up();
    const key = await known(run.value.agentKey);
    expect(key).toMatch(/^ghk_[A-Za-z0-9_-]{43}$/);
    expect(JSON.parse(binding(run, "GATE_KEYS")!.json!)).toEqual([
      { agent: "agent", sha256: createHash("sha256").update(key).digest("base64url") },
    ]);
    const operator = await known(run.value.operatorKey);
    expect(operator).toMatch(/^gop_[A-Za-z0-9_-]{43}$/);
    expect(JSON.parse(binding(run, "OPERATOR_KEYS")!.json!)).toEqual([
      { sha256: createHash("sha256").update(operator).digest("base64url") },
    ]);
    expect(await known(run.value.alertSecret)).toBe(`whsec_${bytes("gate-alert-secret")}`);
  });

  it("makes the key of an issuer of session keys only where the posture has such keys, and knows it by its hash", async () => {
    const without = await up();
    expect([without.value.sessionIssuerKey, binding(without, "SESSION_ISSUERS")]).toEqual([undefined, undefined]);
    expect(without.value.policy).not.toHaveProperty("sessionKeys");
    const run = await up({ "gate.sessionKeys": { maxHours: 2 } });
    const key = await known(run.value.sessionIssuerKey!);
    expect(key).toMatch(/^gsi_[A-Za-z0-9_-]{43}$/);
    expect(JSON.parse(binding(run, "SESSION_ISSUERS")?.json ?? "")).toEqual([{ sha256: keyHash(key) }]);
    expect(run.value.policy.sessionKeys).toEqual({ maxHours: 2, maxSessions: 20 });
    expect(inClear(run, key)).toEqual([]);
  });

  it("shows the public half of the checkpoints' key, and the gate alone has the private one", async () => {
    const run = await up();
    const seed = bytes("gate-checkpoint-key");
    expect(binding(run, "CHECKPOINT_KEY")).toMatchObject({ type: "secret_text", text: seed });
    expect(await known(run.value.checkpointPublicKey)).toBe(ed25519PublicKey(seed));
    expect(await pulumi.isSecret(run.value.checkpointPublicKey)).toBe(false);
    expect(inClear(run, seed)).toEqual([]);
  });

  it("shows what its plain bindings hold beside them, since one secret hides a script's whole list", async () => {
    const posture = environment();
    const run = await up();
    const shown = (await known(run.value.settings)) as Record<string, unknown>;
    expect(Object.keys(shown).sort()).toEqual(
      bindingsOf(run)
        .filter(({ type }) => type === "json" || type === "plain_text")
        .map(({ name }) => name),
    );
    expect(shown.PUBLIC_URL).toBe("https://github-gate.acme-dev.workers.dev");
    for (const name of ["GATE_KEYS", "OPERATOR_KEYS", "TOKEN_STORE"])
      expect(shown[name]).toEqual(JSON.parse(binding(run, name)!.json!));
    // The address of an alert receiver often carries a credential.
    const webhook = posture.audit.alertWebhook!;
    expect(shown.ALERTS).toEqual({ origin: new URL(webhook).origin, sha256: keyHash(webhook) });
    expect(JSON.stringify(shown)).not.toContain(webhook);
    for (const name of ["gate-agent-key-1", "gate-operator-key", "gate-alert-secret"])
      expect(JSON.stringify(shown)).not.toContain(password(name));
    expect(await pulumi.isSecret(run.value.settings)).toBe(false);
    const other = (await known(
      (await up({ "audit.alertWebhook": "https://alerts.acme.dev/other" })).value.settings,
    )) as {
      ALERTS: object;
    };
    expect(other.ALERTS).not.toEqual(shown.ALERTS);
  });

  it("has no secret in clear", async () => {
    const run = await up();
    const kv = await up({ tokenStore: { kind: "kv" } });
    expect(run.one("gate-script").secrets).toContain("bindings");
    for (const secret of [
      SECRET_ID,
      bytes("gate-alert-secret"),
      await known(run.value.agentKey),
      await known(run.value.operatorKey),
    ])
      expect(inClear(run, secret)).toEqual([]);
    expect(inClear(kv, bytes("gate-token-key"))).toEqual([]);
    for (const output of [run.value.agentKey, run.value.operatorKey, run.value.alertSecret])
      expect(await (output as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });

  it("seals the token itself when Workers KV is the store", async () => {
    const run = await up({ tokenStore: { kind: "kv" } });
    expect(binding(run, "TOKEN_KEY")).toMatchObject({ type: "secret_text", text: bytes("gate-token-key") });
    expect(JSON.parse(binding(run, "TOKEN_STORE")!.json!)).toEqual({ kind: "kv" });
    expect(binding(run, "VAULT_SECRET_ID")).toBeUndefined();
  });

  it("takes two keys while one replaces the other, and makes no new key for a generation that has one", async () => {
    const first = await up();
    const both = await up({ "gate.key": { generation: 2, previousUntil: "2026-06-16T10:00:00Z" } });
    const keys = JSON.parse(binding(both, "GATE_KEYS")!.json!) as { sha256: string; notAfter?: string }[];
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatchObject({ sha256: keyHash(await known(both.value.agentKey)) });
    expect(keys[0]?.notAfter).toBeUndefined();
    expect(keys[1]).toEqual({
      agent: "agent",
      sha256: keyHash(await known(first.value.agentKey)),
      notAfter: "2026-06-16T10:00:00Z",
    });
    const after = await up({ "gate.key": { generation: 2 } });
    expect(await known(after.value.agentKey)).toBe(await known(both.value.agentKey));
    expect(JSON.parse(binding(after, "GATE_KEYS")!.json!)).toHaveLength(1);
  });

  it("writes keys that are URL-safe whatever the bytes", () => {
    expect(keyText("ghk_", Buffer.alloc(32, 0xff).toString("base64"))).toBe(`ghk_${"_".repeat(42)}8`);
    expect(keyText("gop_", Buffer.from("fb".repeat(32), "hex").toString("base64"))).toMatch(/^gop_[A-Za-z0-9_-]{43}$/);
  });

  describe("its ledger", () => {
    it("is a script of its own that nobody can reach", async () => {
      const run = await up();
      expect(run.one("gate-ledger").inputs).toMatchObject({
        scriptName: "github-gate-ledger",
        mainModule: "ledger.js",
        content: SCRIPTS.ledger,
      });
      expect(run.one("gate-ledger-subdomain").inputs).toEqual({
        accountId: ACCOUNT,
        scriptName: "github-gate-ledger",
        enabled: false,
        previewsEnabled: false,
      });
    });

    it.each([
      ["is not deployed", undefined, { newTag: LEDGER_TAG, newSqliteClasses: ["Ledger"] }, []],
      ["is deployed from another source", "1111111111111111", { oldTag: "1111111111111111", newTag: LEDGER_TAG }, []],
      ["is deployed as it is", LEDGER_TAG, undefined, ["migrations"]],
    ])("migrates when it %s", async (_title, tag, migrations, ignored) => {
      const ledger = (await up({}, tag)).one("gate-ledger");
      expect(ledger.inputs.migrations).toEqual(migrations);
      expect(ledger.options.ignoreChanges).toEqual(ignored);
    });
  });

  describe("its address", () => {
    const domain = { "gate.hostname": "gate.acme.dev", "gate.zoneId": ZONE };

    it("is workers.dev without a host name", async () => {
      const run = await up();
      expect(run.value.url).toBe("https://github-gate.acme-dev.workers.dev");
      expect(run.one("gate-subdomain").inputs).toEqual({
        accountId: ACCOUNT,
        scriptName: "github-gate",
        enabled: true,
        previewsEnabled: false,
      });
    });

    it("is unknown on workers.dev when the account's name there is not given", async () => {
      const run = await up({ "gate.workersDev": undefined });
      expect(run.value.url).toBeUndefined();
      // The Worker then takes the host that was asked.
      expect(binding(run, "PUBLIC_URL")).toBeUndefined();
      expect(await known(run.value.settings)).not.toHaveProperty("PUBLIC_URL");
    });

    it.each([
      [{}, "https://github-gate.acme-dev.workers.dev"],
      [domain, "https://gate.acme.dev"],
      [{ ...domain, "gate.attach": "route" }, "https://gate.acme.dev"],
      [{ "gate.name": "other-gate" }, "https://other-gate.acme-dev.workers.dev"],
    ])("is told to the Worker: %j", async (change, url) => {
      const run = await up(change);
      expect(binding(run, "PUBLIC_URL")).toEqual({ name: "PUBLIC_URL", type: "plain_text", text: url });
      expect(run.value.url).toBe(url);
    });

    it("is a custom domain, and workers.dev is closed", async () => {
      const run = await up(domain);
      expect(run.value.url).toBe("https://gate.acme.dev");
      expect(run.one("gate-domain").inputs).toEqual({
        accountId: ACCOUNT,
        hostname: "gate.acme.dev",
        service: "github-gate",
        zoneId: ZONE,
      });
      expect(run.one("gate-subdomain").inputs.enabled).toBe(false);
    });

    it("is a route where domain and certificate exist already", async () => {
      const run = await up({ ...domain, "gate.attach": "route" });
      expect(run.one("gate-route").inputs).toEqual({ zoneId: ZONE, pattern: "gate.acme.dev/*", script: "github-gate" });
      expect(run.resources.some(({ name }) => name === "gate-domain")).toBe(false);
    });
  });

  it("looks after itself every ten minutes", async () => {
    expect((await up()).one("gate-cron").inputs).toEqual({
      accountId: ACCOUNT,
      scriptName: "github-gate",
      schedules: [{ cron: "*/10 * * * *" }],
    });
  });

  it("needs a way to sign in when the store is Vault", async () => {
    const posture = environment();
    await expect(
      deploy(
        { types },
        (opts) =>
          new Gate(
            "gate",
            {
              environment: posture,
              github,
              scripts: SCRIPTS,
              auditBucket: "b-1",
            },
            opts,
          ),
      ),
    ).rejects.toThrow("vaultSignIn is needed");
  });
});

it("fits the bindings of a Worker, 5 KB each, however many repositories there are", async () => {
  // A list of their names alone would be larger than a binding.
  const many = environment({
    repositories: Array.from({ length: 80 }, (_, i) => ({ name: `repository-${i}-`.padEnd(100, "x"), access: "read" })),
    "rotation.repository": undefined,
  });
  const run = await deploy(
    postureMocks,
    (opts) =>
      new Posture(
        "gatehouse",
        {
          environment: many,
          github: {
            repositories: many.repositories.map(({ name }, i) => ({
              name,
              id: i + 1,
              nodeId: `R_${i}`,
              demandsPullRequest: false,
            })),
            teamIds: { "agent-reviewers": 1, security: 2 },
          },
          scripts: SCRIPTS,
          vaultAddress: "https://vault.acme.dev:8200",
        },
        opts,
      ),
  );
  const bindings = run.resources.flatMap(
    ({ inputs }) => (inputs.bindings ?? []) as { name: string; json?: string; text?: string }[],
  );
  expect(bindings.length).toBeGreaterThan(5);
  for (const { name, json, text } of bindings)
    expect([name, Buffer.byteLength(json ?? text ?? "") <= 5 * 1024]).toEqual([name, true]);
});
