import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import { startAnthropic } from "../../sandbox/anthropic";
import { lacking, printedBy, pulumiEnv, runPulumi } from "../support/realPulumi";
import { itWhen } from "../support/skip";

const ROOT = join(__dirname, "../..");
const PROVIDER = join(ROOT, "providers/claude");
const SECRET = "ghk_0123456789abcdefghijklmnopqrstuv";

/** What the program declares; a test changes it, and the program reads it. */
const WANTED = {
  environment: { type: "cloud", networking: { type: "limited", allowedHosts: ["gate.acme.dev"] } } as object,
  agents: { coder: "Work." } as Record<string, string>,
  vault: "The gate",
  secretName: "GATE_KEY",
  secret: SECRET,
};
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import * as claude from "${PROVIDER}/resources";
const wanted = JSON.parse(readFileSync("wanted.json", "utf8"));
new claude.Environment("agents", { name: "agents", config: wanted.environment });
for (const [name, system] of Object.entries(wanted.agents as Record<string, string>))
  new claude.Agent(name, {
    name,
    system,
    model: { id: "claude-opus-5-5" },
    tools: [{ type: "agent_toolset_20260401", defaultConfig: { enabled: true, permissionPolicy: { type: "always_ask" } } }],
  });
const vault = new claude.Vault("gate", { displayName: wanted.vault });
const key = new claude.VaultCredential("key", {
  vaultId: vault.id,
  auth: {
    type: "environment_variable",
    secretName: wanted.secretName,
    secretValue: pulumi.secret(wanted.secret),
    networking: { type: "limited", allowedHosts: ["gate.acme.dev"] },
  },
});
export const credentialId = key.credentialId;
`;

const work = mkdtempSync(join(tmpdir(), "claude-provider-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const missing = lacking([], []);
itWhen(missing === undefined, missing ?? "")(
  "the real engine: create, no change, update, replace, a change by hand, a lost update, a kill, import, destroy",
  async () => {
    const standIn = await startAnthropic();
    const { beta } = new Anthropic({ apiKey: standIn.key, baseURL: standIn.api, maxRetries: 0 });
    const state = join(work, "state");
    mkdirSync(state);
    symlinkSync(join(ROOT, "node_modules"), join(work, "node_modules"));
    writeFileSync(join(work, "package.json"), '{ "name": "claude-provider-test" }');
    writeFileSync(
      join(work, "Pulumi.yaml"),
      `name: claude-test\nruntime: nodejs\nplugins:\n  providers:\n    - { name: claude, path: ${PROVIDER} }\n`,
    );
    writeFileSync(join(work, "index.ts"), PROGRAM);
    const env = {
      ...pulumiEnv(state),
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      ANTHROPIC_BASE_URL: standIn.api,
      ANTHROPIC_API_KEY: standIn.key,
    };
    const wanted = structuredClone(WANTED);
    const run = async (...args: string[]) => {
      writeFileSync(join(work, "wanted.json"), JSON.stringify(wanted));
      return runPulumi(work, env, [...args, ...(args[0] === "stack" ? [] : ["--stack", "dev"])]);
    };
    const pulumi = async (...args: string[]): Promise<string> => printedBy(await run(...args), args);
    const up = () => pulumi("up", "--yes", "--skip-preview");
    const noChanges = () => pulumi("preview", "--expect-no-changes");
    const exported = async () => {
      const text = await pulumi("stack", "export", "--stack", "dev");
      expect(text).not.toContain(SECRET);
      return (JSON.parse(text) as { deployment: { resources: { type: string; urn: string; id: string }[] } }).deployment
        .resources;
    };
    const idOf = async (name: string): Promise<string> =>
      (await exported()).find(({ urn }) => urn.endsWith(`::${name}`))?.id ?? "";

    try {
      await pulumi("stack", "init", "dev");
      expect(await up()).toContain("+ 5 created");
      await noChanges();
      const before = { environment: await idOf("agents"), agent: await idOf("coder"), key: await idOf("key") };

      wanted.agents.coder = "Work carefully.";
      wanted.vault = "Our gate";
      wanted.secretName = "GITHUB_GATE_KEY";
      wanted.environment = { type: "self_hosted" };
      const preview = await pulumi("preview", "--diff");
      expect(preview).toMatch(/system\s*: "Work." => "Work carefully."/);
      expect(preview).not.toContain(SECRET);
      expect(await up()).toMatch(/~ 2 updated\s+\+-2 replaced/);
      await noChanges();
      expect(await idOf("agents")).not.toBe(before.environment);
      expect(await idOf("key")).not.toBe(before.key);
      expect(await beta.agents.retrieve(before.agent)).toMatchObject({ version: 2, system: "Work carefully." });

      // Somebody changes the agent by hand: an update that has not seen it is refused, a refresh shows it.
      await beta.agents.update(before.agent, { description: "By hand.", version: 2 });
      wanted.agents.coder = "Work more carefully.";
      const lost = await run("up", "--yes", "--skip-preview");
      expect([lost.status, lost.out + lost.err]).toEqual([
        expect.any(Number),
        expect.stringContaining(
          "was changed by somebody else (version 2 became 3): description. Nothing was overwritten.",
        ),
      ]);
      expect(lost.status).not.toBe(0);
      expect(await pulumi("refresh", "--yes", "--skip-preview", "--diff")).toContain('description: "By hand."');
      await up();
      expect(await beta.agents.retrieve(before.agent)).toMatchObject({ version: 4, description: null });
      await noChanges();

      // A run is killed after the service has made an agent and before it could say so.
      wanted.agents.second = "Review.";
      await fetch(`${standIn.api}/_sandbox/faults`, {
        method: "POST",
        body: JSON.stringify({ method: "POST", pathPrefix: "/v1/agents", delayMs: 10_000, times: 1, when: "after" }),
      });
      writeFileSync(join(work, "wanted.json"), JSON.stringify(wanted));
      const killed = spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive"], {
        cwd: work,
        env: { ...process.env, ...env },
        stdio: "ignore",
        detached: true,
      });
      const count = async (): Promise<number> => (await beta.agents.list()).data.length;
      while ((await count()) < 2) await new Promise((resolve) => setTimeout(resolve, 100));
      process.kill(-(killed.pid ?? 0), "SIGKILL");
      await pulumi("cancel", "--yes");
      const second = (await beta.agents.list()).data.find(({ name }) => name === "second")?.id ?? "";
      const again = await run("up", "--yes", "--skip-preview");
      const remedy = `pulumi import claude:index:Agent second ${second}`;
      expect([again.status, again.out + again.err]).toEqual([expect.any(Number), expect.stringContaining(remedy)]);
      expect(again.status).not.toBe(0);
      expect(await count()).toBe(2);
      await pulumi(...remedy.split(" ").slice(1), "--yes", "--protect=false", "--generate-code=false");
      await noChanges();

      await pulumi("destroy", "--yes", "--skip-preview");
      const left = [beta.agents.list(), beta.environments.list(), beta.vaults.list()] as const;
      for (const list of left) expect((await list).data).toEqual([]);
    } finally {
      await standIn.stop();
    }
  },
  1_200_000,
);

const noPython = lacking(["python"], []);
itWhen(noPython === undefined, noPython ?? "")(
  "an SDK for Python is made from the schema, and it compiles",
  () => {
    const sdk = join(work, "sdk");
    execFileSync("pulumi", ["package", "gen-sdk", PROVIDER, "--language", "python", "--out", sdk], {
      timeout: 120_000,
    });
    execFileSync("python3", ["-m", "compileall", "-q", sdk]);
    expect(readdirSync(join(sdk, "python/pulumi_claude"))).toEqual(
      expect.arrayContaining(["agent.py", "environment.py", "vault.py", "vault_credential.py", "get_session.py"]),
    );
  },
  300_000,
);
