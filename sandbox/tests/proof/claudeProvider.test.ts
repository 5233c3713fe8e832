import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import { startAnthropic } from "../../anthropic";
import { claudePackage } from "../../providers/claude";
import { makeWorkspace, messagesOf } from "../engine/support/workspace";

jest.setTimeout(400_000);

const ROOT = resolve(__dirname, "../../..");
const PASSPHRASE = "a test's passphrase";
const SECRET = "ghk_0123456789abcdefghijklmnopqrstuv";

const PROGRAM = (agents: readonly string[], host: string): string => `
  class Resource extends pulumi.CustomResource {
    constructor(type, name, args) { super("claude:index:" + type, name, args); }
  }
  new Resource("Environment", "agents", {
    name: "agents",
    config: { type: "cloud", networking: { type: "limited", allowedHosts: [${JSON.stringify(host)}] } },
  });
  for (const name of ${JSON.stringify(agents)}) new Resource("Agent", name, { name, model: { id: "claude-opus-5-5" } });
  const vault = new Resource("Vault", "gate", { displayName: "The gate" });
  new Resource("VaultCredential", "key", {
    vaultId: vault.id,
    auth: {
      type: "environment_variable",
      secretName: "GATE_KEY",
      secretValue: pulumi.secret(${JSON.stringify(SECRET)}),
      networking: { type: "limited", allowedHosts: [${JSON.stringify(host)}] },
    },
  });`;

it("the sandbox's engine runs the same provider: up, no change, update, a kill after which nothing is made twice, destroy", async () => {
  const standIn = await startAnthropic();
  const { beta } = new Anthropic({ apiKey: standIn.key, baseURL: standIn.api, maxRetries: 0 });
  const workspace = makeWorkspace();
  const env = { ANTHROPIC_BASE_URL: standIn.api, ANTHROPIC_API_KEY: standIn.key };
  const stack = () => workspace.open({ providers: [claudePackage], env });
  const agents = async () => (await beta.agents.list()).data;
  try {
    workspace.program(PROGRAM(["coder"], "gate.acme.dev"));
    const first = await (await stack()).up();
    expect(messagesOf(first)).toEqual([]);
    expect(first.changeSummary).toMatchObject({ create: 5 });
    expect((await (await stack()).preview()).changeSummary).toEqual({ same: 5 });
    expect(JSON.stringify(await (await stack()).export())).not.toContain(SECRET);

    workspace.program(PROGRAM(["coder"], "gate2.acme.dev"));
    expect((await (await stack()).up()).changeSummary).toMatchObject({ update: 2 });

    workspace.program(PROGRAM(["coder", "second"], "gate2.acme.dev"));
    await fetch(`${standIn.api}/_sandbox/faults`, {
      method: "POST",
      body: JSON.stringify({ method: "POST", pathPrefix: "/v1/agents", delayMs: 5_000, times: 1, when: "after" }),
    });
    const killed = spawn(
      process.execPath,
      [join(ROOT, "cli/bin.js"), "sandbox", "up", "--project", workspace.dir, "--stack", "dev"],
      { env: { ...process.env, ...env, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE }, stdio: "ignore", detached: true },
    );
    while ((await agents()).length < 2) await new Promise((done) => setTimeout(done, 50));
    process.kill(-(killed.pid ?? 0), "SIGKILL");
    await new Promise((done) => killed.on("exit", done));
    const again = await (await stack()).up();
    expect(again.failed).toBe(false);
    expect(await agents()).toHaveLength(2);
    expect((await (await stack()).preview()).changeSummary).toEqual({ same: 6 });

    expect((await (await stack()).destroy()).failed).toBe(false);
    expect(await agents()).toEqual([]);
    expect((await beta.vaults.list()).data).toEqual([]);
  } finally {
    workspace.remove();
    await standIn.stop();
  }
});
