import { Rotator } from "../../../infra";
import { embedRotation, planRotation } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy, inClear, type Deployment } from "../../support/pulumi";
import { ACCOUNT, SCRIPTS, SECRET_ID, bytes, types } from "./support/mocks";

describe("Rotator", () => {
  const KEYS = {
    operatorKey: "gop_raw-operator-of-the-test",
    alertSecret: "whsec_raw-alert-of-the-test",
    tokenKey: "raw-token-key-of-the-test",
  };
  const rotator = (changes: Record<string, unknown> = {}, signIn = true): Promise<Deployment<Rotator>> => {
    const posture = environment(changes);
    return deploy(
      { types },
      (opts) =>
        new Rotator(
          "rotator",
          {
            environment: posture,
            script: SCRIPTS.rotator,
            vaultAddress: "https://vault.acme.dev:8200/",
            vaultSignIn: signIn ? { roleId: "role-id", secretId: SECRET_ID } : undefined,
            gate: { scriptName: "github-gate", ...KEYS },
          },
          opts,
        ),
    );
  };
  const boundIn = (run: Deployment<unknown>) =>
    run.one("rotator-script").inputs.bindings as {
      name: string;
      type: string;
      json?: string;
      text?: string;
      service?: string;
    }[];

  it("has no address and no route; only its schedule starts it", async () => {
    const run = await rotator();
    expect(run.one("rotator-script").inputs).toMatchObject({
      scriptName: "github-gate-rotator",
      mainModule: "rotator.js",
      content: embedRotation(SCRIPTS.rotator, planRotation(environment())),
      compatibilityDate: "2026-03-01",
    });
    expect(run.one("rotator-subdomain").inputs).toEqual({
      accountId: ACCOUNT,
      scriptName: "github-gate-rotator",
      enabled: false,
      previewsEnabled: false,
    });
    expect(run.one("rotator-cron").inputs).toEqual({
      accountId: ACCOUNT,
      scriptName: "github-gate-rotator",
      schedules: [{ cron: "*/5 * * * *" }],
    });
    expect(run.resources.map(({ name }) => name).sort()).toEqual([
      "rotator",
      "rotator-cron",
      "rotator-script",
      "rotator-subdomain",
    ]);
  });

  it("holds with Vault nothing but its own sign-in, and reaches the gate alone", async () => {
    const run = await rotator();
    expect(boundIn(run).map(({ name, type }) => [name, type])).toEqual([
      ["GATE", "service"],
      ["TOKEN_STORE", "json"],
      ["VAULT_SECRET_ID", "secret_text"],
      ["WEBHOOK_SECRET", "secret_text"],
    ]);
    const by = Object.fromEntries(boundIn(run).map((entry) => [entry.name, entry]));
    expect(by.GATE).toEqual({ name: "GATE", type: "service", service: "github-gate" });
    expect(JSON.parse(by.TOKEN_STORE!.json!)).toEqual({
      kind: "vault",
      address: "https://vault.acme.dev:8200",
      mount: "agents",
      path: "github/claude-bot",
      operator: "github/claude-bot-operator",
      minter: "github/claude-bot-minter",
      authMount: "gatehouse-gate",
      roleId: "role-id",
    });
  });

  it("has keys of its own with Workers KV, one of which the gate does not have", async () => {
    const run = await rotator({ tokenStore: { kind: "kv" } }, false);
    const texts = Object.fromEntries(
      boundIn(run)
        .filter(({ type }) => type === "secret_text")
        .map(({ name, text }) => [name, text]),
    );
    expect(texts).toEqual({
      OPERATOR_KEY: KEYS.operatorKey,
      ROTATOR_KEY: bytes("rotator-key"),
      TOKEN_KEY: KEYS.tokenKey,
      WEBHOOK_SECRET: KEYS.alertSecret,
    });
    expect(inClear(run, bytes("rotator-key"))).toEqual([]);
  });

  it("has no secret in clear", async () => {
    const run = await rotator();
    expect(run.one("rotator-script").secrets).toContain("bindings");
    for (const secret of [SECRET_ID, KEYS.alertSecret]) expect(inClear(run, secret)).toEqual([]);
  });

  it("needs a way to sign in when the store is Vault", async () => {
    await expect(rotator({}, false)).rejects.toThrow("vaultSignIn is needed");
  });
});
