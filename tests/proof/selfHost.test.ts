import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryDeliveries, readDeliveries } from "../../cli/audit/pull/webhooks";
import { Cleanup } from "../../cli/support/cleanup";
import { readProjectStack } from "../../cli/support/project";
import { verifyChain } from "../../gate/policy";
import type { JsonRecord } from "../../infra/config/json";
import { names } from "../../infra/model";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { drillAsDeployed } from "../../sandbox/drill/asDeployed";
import { gateTrail } from "../../sandbox/drill/auditTrail";
import { bringUp, type Deployment } from "../../sandbox/rehearsal/deploy";
import { RAISED } from "../../sandbox/rehearsal/drillLocks";
import { openHarness, type OpenHarness } from "../../sandbox/rehearsal/harness";
import { openSandbox, type Sandbox } from "../../sandbox/rehearsal/sandbox";
import { freePort } from "../../sandbox/tools/ports";
import { installOpenBao } from "../../sandbox/tools/openbao";
import { freshFetch } from "../support/freshFetch";
import { gatehouse, ROOT } from "../support/sandbox";
import { itWhen } from "../support/skip";
import { until } from "../support/until";
import { noNginx } from "./nginx/support";

/* A gate of one's own as the commands render it: nginx in front, the self-hosted gate behind it, the token from OpenBao. */

jest.setTimeout(600_000);

let folder: string;
let sandbox: Sandbox;
let deployment: Deployment;
let open: OpenHarness;
const cleanup = new Cleanup([]);
const children: ChildProcess[] = [];
let gateUrl: string;
let nginxUrl: string;
const [self, front] = ["self", "front"];
/** What the stack is deployed and the files are rendered with. */
let overrides: string[];

function run(command: string, args: readonly string[], cwd: string): ChildProcess {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout?.resume();
  child.stderr?.resume();
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

const answers = (url: string): Promise<boolean> =>
  freshFetch(`${url}/_gate/health`).then(
    ({ status }) => status === 204,
    () => false,
  );

async function render(kind: string, out: string, listen: string, ...more: string[]): Promise<void> {
  const command = gatehouse(
    [
      "render",
      kind,
      "--stack",
      "dev",
      ...overrides.flatMap((override) => ["--config", override]),
      ...["--out", out, "--outputs", join(folder, "outputs.json"), "--listen", listen],
      ...more,
    ],
    { env: sandbox.env },
  );
  expect([await command.exited, command.stderr()]).toEqual([0, ""]);
}

/** As the operator takes it from the stack's outputs. */
async function webhookSecret(): Promise<string> {
  const { githubWebhookSecret } = await sandbox.stack.outputs({ showSecrets: true });
  expect(githubWebhookSecret).toMatch(/^[0-9a-f]{64}$/);
  expect(readFileSync(join(folder, "outputs.json"), "utf8")).not.toContain(githubWebhookSecret as string);
  return githubWebhookSecret as string;
}

/** What an administrator does at GitHub. */
async function asAdmin(method: string, path: string, body?: object): Promise<unknown> {
  const { api, adminToken } = sandbox.systems.github;
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect([path, answer.ok]).toEqual([path, true]);
  return answer.json();
}

async function trail(): Promise<string[]> {
  const answer = await freshFetch(`${gateUrl}/_gate/audit?limit=10000`, {
    headers: { authorization: `Bearer ${deployment.operatorKey}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.text()).trim().split("\n");
}

let gate: ChildProcess;

beforeAll(async () => {
  if (noNginx !== "") return;
  folder = mkdtempSync(join(tmpdir(), "self-host-"));
  execFileSync("chmod", ["755", folder]);
  const [gatePort, nginxPort] = [await freePort(), await freePort()];
  gateUrl = `http://127.0.0.1:${gatePort}`;
  nginxUrl = `http://127.0.0.1:${nginxPort}`;
  overrides = [
    ...RAISED,
    "gatehouse:audit.githubEvents=true",
    `gatehouse:audit.githubEventsUrl=${nginxUrl}`,
    "gatehouse:audit.githubHooks=repositories",
  ];
  sandbox = await openSandbox(readProjectStack("dev", overrides, ROOT), overrides, cleanup, () => undefined);
  deployment = await bringUp(sandbox, () => undefined);
  open = await openHarness(sandbox, deployment, cleanup, "declared");
  writeFileSync(join(folder, "outputs.json"), JSON.stringify(await sandbox.stack.outputs({ showSecrets: false })));
  await render(
    "selfhost",
    join(folder, self),
    `127.0.0.1:${gatePort}`,
    "--workerd",
    workerd,
    "--client-ip-header",
    "X-Real-IP",
    "--url",
    nginxUrl,
  );
  await render("nginx", join(folder, front), `127.0.0.1:${nginxPort}`, "--gate", gateUrl);
  const place = names(sandbox.environment).vault;
  const { addr, token } = sandbox.systems.vault;
  const made = await fetch(`${addr}/v1/auth/${place?.appRole.mount}/role/${place?.appRole.role}/secret-id`, {
    method: "POST",
    headers: { "x-vault-token": token },
  });
  const secretId = ((await made.json()) as { data: { secret_id: string } }).data.secret_id;
  const secrets = join(folder, self, "secrets.env");
  writeFileSync(
    secrets,
    readFileSync(secrets, "utf8")
      .replace("VAULT_SECRET_ID=", `VAULT_SECRET_ID=${secretId}`)
      .replace("ALERT_SECRET=\n", `ALERT_SECRET=whsec_${randomBytes(24).toString("base64")}\n`)
      .replace("CHECKPOINT_KEY=\n", `CHECKPOINT_KEY=${randomBytes(32).toString("base64")}\n`)
      .replace("GITHUB_WEBHOOK_SECRET=\n", `GITHUB_WEBHOOK_SECRET=${await webhookSecret()}\n`),
  );
  writeFileSync(join(folder, front, "secret-id"), secretId);
  gate = run(join(folder, self, "start.sh"), [], join(folder, self));
  await until("the self-hosted gate", () => answers(gateUrl), { ms: 60_000 });
  run("/usr/sbin/nginx", ["-p", join(folder, front), "-c", "nginx.conf", "-g", "daemon off;"], join(folder, front));
  await until("nginx", () => answers(nginxUrl));
});

afterAll(async () => {
  for (const child of children.reverse()) await end(child);
  await open?.close();
  await cleanup.run();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const given = itWhen(noNginx === "", noNginx);

const ask = (target: string): Promise<Response> =>
  freshFetch(nginxUrl + target, { headers: { authorization: `Bearer ${deployment.gateKey}` } });

/** Whether nginx itself answered: its request ids are 32 hexadecimal digits. */
const byNginx = async (): Promise<boolean> => {
  const answer = await ask("/repos/acme/api");
  expect(answer.status).toBe(200);
  return /^[0-9a-f]{32}$/.test(answer.headers.get("x-gatehouse-request-id") ?? "");
};

given("without a token the gate behind answers; Vault Agent brings it and has nginx read it", async () => {
  expect(await byNginx()).toBe(false);
  const agent = join(folder, front, "vault-agent.hcl");
  writeFileSync(agent, readFileSync(agent, "utf8").replace('"30s"', '"1s"'));
  run(
    await installOpenBao({ toolsDir: join(ROOT, ".gatehouse", "tools") }),
    ["agent", "-config=vault-agent.hcl"],
    join(folder, front),
  );
  await until("the token", byNginx, { ms: 60_000, every: 200 });
  const token = open.harness.stored;
  expect(readFileSync(join(folder, front, "token.conf"), "utf8")).toContain(token);
  const forms = readFileSync(join(folder, front, "token-forms.conf"), "utf8");
  const core = Buffer.from(`aa${token}`).toString("base64").slice(3);
  for (const form of [token, Buffer.from(token).toString("hex"), [...token].reverse().join(""), core.slice(0, 26)])
    expect(forms).toContain(form);
  for (const name of readdirSync(join(folder, front)).filter((file) => /\.(?:conf|js|hcl|ctmpl|html)$/.test(file))) {
    const text = readFileSync(join(folder, front, name), "utf8");
    expect(text).not.toContain(deployment.gateKey);
    if (!name.startsWith("token")) expect(text).not.toContain(token);
  }
});

given("the drill holds through nginx with the self-hosted gate behind it", async () => {
  const rows = await drillAsDeployed(
    {
      ...open.harness,
      gate: {
        kind: "gate",
        rest: nginxUrl,
        graphql: `${nginxUrl}/graphql`,
        git: nginxUrl,
        credential: deployment.gateKey,
      },
      trail: gateTrail(gateUrl, deployment.operatorKey),
    },
    () => undefined,
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(readFileSync(join(folder, front, "logs", "audit.log"), "utf8")).toContain('"route":"repo.get"');
  expect(rows.filter(({ holds }) => !holds)).toEqual([]);
});

given("GitHub's webhooks come through nginx to the gate, which keeps what is signed for a pull", async () => {
  const [api] = (await asAdmin("GET", "/repos/acme/api/rulesets")) as readonly { id: number; name: string }[];
  await asAdmin("PUT", `/repos/acme/api/rulesets/${api?.id}`, { name: api?.name, enforcement: "disabled" });
  const archive = join(folder, self, "state", "audit");
  const kept = async (): Promise<JsonRecord[]> => {
    const events: JsonRecord[] = [];
    const deliveries = { client: directoryDeliveries(archive) };
    const missing = await readDeliveries(
      deliveries,
      () => false,
      (_at, _delivery, event) => void events.push(event),
    );
    expect(missing).toEqual([]);
    return events;
  };
  // The stack made the ruleset, so other events of it are older.
  const edited = await until("the ruleset's event", async () =>
    (await kept()).find(
      ({ event, payload }) =>
        event === "repository_ruleset" && (payload as { action?: string } | undefined)?.action === "edited",
    ),
  );
  expect(edited).toMatchObject({ payload: { repository: { full_name: "acme/api" } } });
  await asAdmin("PUT", `/repos/acme/api/rulesets/${api?.id}`, { name: api?.name, enforcement: "active" });
  // A stranger's delivery reaches the gate too, and is nothing there.
  const forged = await freshFetch(`${nginxUrl}/_gate/webhooks/github`, {
    method: "POST",
    headers: {
      "x-github-event": "repository_ruleset",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    },
    body: "{}",
  });
  expect(forged.status).toBe(404);
  expect((await freshFetch(`${nginxUrl}/_gate/webhooks/github`)).status).toBe(404);
});

given("a backup and its restoration keep the audit chain", async () => {
  const before = await trail();
  expect((await verifyChain(before)).problems).toEqual([]);
  const file = join(folder, "backup.tar.gz");
  const script = (name: string): string =>
    execFileSync(join(folder, self, name), [file], {
      encoding: "utf8",
      env: { ...process.env, GATEHOUSE_SERVICE: "" },
    });
  await end(gate);
  script("backup.sh");
  const state = join(folder, self, "state");
  for (const part of ["ledger", "audit"])
    for (const name of readdirSync(join(state, part))) rmSync(join(state, part, name), { recursive: true });
  expect(script("restore.sh")).toMatch(/^what was there is in .*before-restore/);
  gate = run(join(folder, self, "start.sh"), [], join(folder, self));
  await until("the restored gate", () => answers(gateUrl), { ms: 60_000 });
  await freshFetch(`${gateUrl}/repos/acme/secrets`, { headers: { authorization: `Bearer ${deployment.gateKey}` } });
  const after = await until("a record after the restoration", async () => {
    const lines = await trail();
    return lines.some((line) => !before.includes(line) && line.includes("repository-not-listed")) && lines;
  });
  expect(after.slice(0, before.length)).toEqual(before);
  expect((await verifyChain(after)).problems).toEqual([]);
});

const have = (program: string): boolean =>
  ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((place) => existsSync(join(place, program)));

itWhen(
  noNginx === "" && have("nft") && process.getuid?.() === 0,
  "nft is not installed, or this is not root (apt-get install nftables)",
)("the egress rules are what nft takes", () => {
  // The account of the service is not on this machine.
  const rules = readFileSync(join(folder, self, "egress.nft"), "utf8").replace('"gatehouse"', '"nobody"');
  writeFileSync(join(folder, "egress.nft"), rules);
  expect(execFileSync("nft", ["-c", "-f", join(folder, "egress.nft")], { encoding: "utf8" })).toBe("");
  expect(rules).toMatch(/\n +counter reject with icmpx admin-prohibited\n/);
});

itWhen(noNginx === "" && have("systemd-analyze"), "systemd-analyze is not installed")(
  "the unit is what systemd takes, and hardened",
  () => {
    const unit = join(folder, self, "gatehouse-gate.service");
    execFileSync("systemd-analyze", ["verify", unit], { stdio: "pipe" });
    const text = execFileSync("systemd-analyze", ["security", "--offline=true", unit], { encoding: "utf8" });
    expect(Number(/exposure level [^:]*: (\d+\.\d+)/.exec(text)?.[1])).toBeLessThan(2);
  },
);
