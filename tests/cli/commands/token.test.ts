import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { tokenHash } from "../../../edge/encoding";
import { verifyWebhook } from "../../../edge/webhookSignature";
import { startReal, type Real } from "../../rotation/support/real";

let real: Real;
let folder: string;
let rotatorToken: string;
const hooks: { headers: Record<string, string | string[] | undefined>; body: string }[] = [];
const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (part: Buffer) => {
    body += part.toString();
  });
  request.on("end", () => {
    hooks.push({ headers: request.headers, body });
    response.end();
  });
});
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

beforeAll(async () => {
  real = await startReal();
  rotatorToken = await real.partyToken("rotator", "30m"); // the rotator's policy and nothing else
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  folder = mkdtempSync(join(tmpdir(), "gatehouse-token-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
  writeFileSync(
    join(folder, "Pulumi.dev.yaml"),
    `# kept
config:
  gatehouse:organization: acme
  gatehouse:agent: { machineUser: claude-bot, credential: { kind: personal-access-token, expiryDays: 30 } }
  gatehouse:repositories:
    - { name: api, access: write, reviewers: [backend] } # kept too
    - { name: docs, access: read }
  gatehouse:review: { team: agent-reviewers, securityTeam: security, approvals: 1, requiredChecks: [{ context: ci }] }
  gatehouse:tokenStore: { kind: vault, mount: agents, path: github/claude-bot }
  gatehouse:gate: { accountId: "${"0".repeat(32)}", tokenCacheSeconds: 1 }
  gatehouse:audit: { retentionDays: 90, sinks: [{ kind: r2, bucket: audit-trail }] }
  gatehouse:rotation: { everyDays: 30, repository: docs, notify: ["http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook"] }
`,
  );
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  receiver.close();
  await real?.stop();
});

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  argv: string[];
}

/** Runs the command line as a process of its own; secrets go by standard input and environment, never by argument. */
const ran: Ran[] = [];
async function gatehouse(
  argv: string[],
  options: { input?: string; env?: Record<string, string | undefined> } = {},
): Promise<Ran> {
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: folder,
    GITHUB_BASE_URL: `${real.github.url}/`,
    VAULT_ADDR: real.vault.addr,
    VAULT_TOKEN: rotatorToken,
    GATEHOUSE_GATE_URL: real.gateUrl,
    GATEHOUSE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ...options.env,
  };
  const child = spawn(process.execPath, [resolve(__dirname, "../../../cli/bin.js"), "token", ...argv], {
    cwd: folder,
    env: env as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    stderr += part.toString();
  });
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number>((done) => child.on("close", (status) => done(status ?? -1)));
  const result = { code, stdout, stderr, argv };
  ran.push(result);
  return result;
}

const secrets: string[] = [];
async function fresh(change: Record<string, unknown> = {}): Promise<string> {
  const { token } = await real.personMakes(change);
  secrets.push(token);
  return token;
}
const shows = (ran: Ran): string => ran.stdout + ran.stderr;

describe("gatehouse token, from the first token to the emergency", () => {
  it("status fails while there is no token, and says what to do", async () => {
    const ran = await gatehouse(["status"]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("there is no token for claude-bot yet".replace("there", "There"));
    expect(ran.stderr).toContain("gatehouse token mint-link");
  }, 30_000);

  it("mint-link fills in everything that GitHub lets a link fill in", async () => {
    const { code, stdout } = await gatehouse(["mint-link", "--json"]);
    expect(code).toBe(0);
    const { link } = JSON.parse(stdout) as { link: string };
    const url = new URL(link);
    expect(url.pathname).toBe("/settings/personal-access-tokens/new");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      target_name: "acme",
      expires_in: "30",
      contents: "write",
      pull_requests: "write",
    });
    expect(url.searchParams.has("workflows")).toBe(false);
    expect(url.searchParams.has("administration")).toBe(false);
  }, 30_000);

  it("put takes the token from standard input, accepts the invitation, and proves it through the gate", async () => {
    const token = await fresh();
    const ran = await gatehouse(["put"], { input: `${token}\n` });
    expect(shows(ran)).toContain("accepted the invitation of claude-bot to acme");
    expect(ran.code).toBe(0);
    const status = await gatehouse(["status", "--json"]);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      level: "ok",
      login: "claude-bot",
      sha256: await tokenHash(token),
      phase: "idle",
    });
    expect(await real.ask()).toBe(200);
  }, 30_000);

  it("rotate reads the new token from standard input, ends the old one, and tells the webhook, signed", async () => {
    const before = await real.alive();
    const token = await fresh();
    hooks.length = 0;
    const ran = await gatehouse(["rotate", "--from-stdin", "--json"], { input: `${token}\n` });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      result: "finished",
      newSha256: await tokenHash(token),
      oldSha256: before[0],
    });
    expect(await real.alive()).toEqual([await tokenHash(token)]);
    expect(hooks).toHaveLength(1);
    const { headers, body } = hooks[0]!;
    expect(JSON.parse(body)).toMatchObject({
      type: "token.rotated",
      data: { newSha256: await tokenHash(token), login: "claude-bot" },
    });
    const signed = {
      id: String(headers["webhook-id"]),
      timestamp: String(headers["webhook-timestamp"]),
      signature: String(headers["webhook-signature"]),
    };
    expect(await verifyWebhook(WEBHOOK_SECRET, signed, body, Date.now())).toBe(true);
    expect(await verifyWebhook(WEBHOOK_SECRET, signed, `${body} `, Date.now())).toBe(false);
  }, 30_000);

  it("rotate without a token and without a terminal names the person's steps, and fails", async () => {
    const ran = await gatehouse(["rotate"]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("GitHub lets only a person create a token for claude-bot");
    expect(ran.stderr).toContain("/settings/personal-access-tokens/new?");
  }, 30_000);

  it("refuses a token with more than was declared, and keeps the one in use", async () => {
    const before = await real.alive();
    const wide = await fresh({ repositories: ["api", "docs", "secrets"] });
    // The account must reach the repository for the token to show it.
    await fetch(`${real.github.api}/repos/acme/secrets/collaborators/claude-bot`, {
      method: "PUT",
      headers: { authorization: `Bearer ${real.github.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ permission: "pull" }),
    });
    const ran = await gatehouse(["rotate", "--from-stdin"], { input: wide });
    expect(ran.code).toBe(1);
    expect(shows(ran)).toContain("too many: it reaches secrets, which is not declared");
    expect(await real.alive()).toEqual(expect.arrayContaining(before));
    expect(await real.ask()).toBe(200);
  }, 30_000);

  it("history lists what happened, newest first", async () => {
    const { code, stdout } = await gatehouse(["history", "--json"]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { outcome: string }[]).map((h) => h.outcome)).toEqual([
      "rolled-back",
      "finished",
      "finished",
    ]);
  }, 30_000);

  it("policy writes the same text twice, and --check notices another environment", async () => {
    expect((await gatehouse(["policy", "--write", "rotation.md"])).stdout).toContain("Wrote");
    expect((await gatehouse(["policy", "--write", "rotation.md"])).stdout).toContain("up to date");
    expect((await gatehouse(["policy", "--check", "rotation.md"])).code).toBe(0);
    const other = await gatehouse(["policy", "--check", "rotation.md", "--config", "gatehouse:rotation.everyDays=14"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("--write rotation.md");
    expect(readFileSync(join(folder, "rotation.md"), "utf8")).toContain("every 30 days");
  }, 30_000);

  it("gate-key begins a generation, keeps the file's comments, and refuses a third key", async () => {
    const first = await gatehouse(["gate-key", "--json"]);
    expect(JSON.parse(first.stdout)).toMatchObject({ generation: 2 });
    const text = readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8");
    expect(text).toContain("# kept too");
    expect(text).toMatch(/key: \{ generation: 2, previousUntil: .+Z/);
    const again = await gatehouse(["gate-key"]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("overlaps until");
  }, 30_000);

  it("revoke asks for --now, and then ends the token in seconds", async () => {
    expect((await gatehouse(["revoke"])).code).toBe(2);
    const began = Date.now();
    const ran = await gatehouse(["revoke", "--now", "--json"]);
    expect(ran.code).toBe(0);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(JSON.parse(ran.stdout)).toMatchObject({ dead: true, contained: true });
    expect(await real.ask()).not.toBe(200);
    const status = await gatehouse(["status"]);
    expect(status.code).toBe(1);
    expect(status.stderr).toContain("The token was revoked at");
  }, 30_000);

  it("a new token ends the emergency", async () => {
    const ran = await gatehouse(["put"], { input: await fresh() });
    expect(shows(ran)).toContain("is in use");
    expect(ran.code).toBe(0);
    expect(await real.ask()).toBe(200);
  }, 30_000);

  it("revoke --now works while Vault is sealed: the gate is closed by the operator key, the token ended by itself", async () => {
    const token = await fresh();
    expect((await gatehouse(["rotate", "--from-stdin"], { input: token })).code).toBe(0);
    await real.vault.seal();
    try {
      const contained = await gatehouse(["revoke", "--now"], { env: { GATEHOUSE_OPERATOR_KEY: real.operatorKey } });
      expect(contained.code).toBe(1);
      expect(contained.stderr).toContain("The gate is closed");
      expect(await real.ask()).not.toBe(200);
      const dead = await gatehouse(["revoke", "--now", "--from-stdin"], {
        input: token,
        env: { GATEHOUSE_OPERATOR_KEY: real.operatorKey },
      });
      expect(dead.stdout).toContain("The token is dead");
      expect(dead.code).toBe(0);
      expect(await real.alive()).not.toContain(await tokenHash(token));
    } finally {
      await real.vault.unseal();
    }
  }, 90_000);
});

describe("wrong use", () => {
  it.each([
    [["status", "--stack", "nowhere"], {}, "Pulumi.nowhere.yaml"],
    [["put"], { VAULT_TOKEN: undefined }, "There is no credential for Vault"],
    [["status"], { VAULT_ADDR: undefined }, "Vault's address is not known"],
    [["put", "--config", "gatehouse:nonsense=1"], {}, "gatehouse:nonsense"],
  ] as [string[], Record<string, string | undefined>, string][])(
    "%j with %j says what would be right, and exits 2",
    async (argv, env, says) => {
      const ran = await gatehouse(argv, { env, input: "github_pat_not_used" });
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(says);
      expect(ran.stderr).not.toContain("Unexpected");
    },
    30_000,
  );

  it("a Vault that is not there is a sentence, not a stack", async () => {
    const ran = await gatehouse(["status"], { env: { VAULT_ADDR: "http://127.0.0.1:9" } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("Vault did not");
  }, 30_000);
});

it("no token was ever shown or given as an argument", () => {
  expect(secrets.length).toBeGreaterThan(3);
  const all = JSON.stringify([hooks, ran]);
  for (const secret of secrets) expect(all).not.toContain(secret);
  expect(all).not.toContain(real.operatorKey);
});
