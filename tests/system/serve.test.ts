import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(240_000);

let ready: Ready;
let running: Running;

beforeAll(async () => {
  ({ ready, running } = await serve("--config", "gatehouse:gate.requestsPerMinute=5000"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const writable = (): string => ready.repositories.find((r) => r.access === "write")?.name ?? "";
const json = async <T>(url: string, init?: RequestInit): Promise<T> => (await (await fetch(url, init)).json()) as T;
const files = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });

it("prints one line with every key that others rely on", () => {
  expect(Object.keys(ready)).toEqual(
    expect.arrayContaining([
      "ready",
      "gate",
      "github",
      "vault",
      "cloudflare",
      "claude",
      "env",
      "organization",
      "machineUser",
      "repositories",
      "stateDir",
    ]),
  );
  expect(running.stdout().trim().split("\n")).toHaveLength(1);
});

it("names the stand-in of Claude Managed Agents, also in the environment of whoever asks it", async () => {
  expect(ready.env).toMatchObject({ ANTHROPIC_BASE_URL: ready.claude.api, ANTHROPIC_API_KEY: ready.claude.key });
  const agents = await json<{ data: unknown[] }>(`${ready.claude.api}/v1/agents`, {
    headers: {
      authorization: `Bearer ${ready.claude.key}`,
      "anthropic-version": "2026-10-21",
      "anthropic-beta": "managed-agents-2026-04-01",
    },
  });
  expect(agents.data).toEqual([]);
});

it("lets octokit read through the gate what the posture lists, and nothing else", async () => {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const octokit = new Octokit({ auth: ready.gate.key, baseUrl: ready.gate.url, log });
  expect((await octokit.rest.repos.get({ owner: ready.organization, repo: writable() })).data.name).toBe(writable());
  await expect(octokit.rest.repos.get({ owner: ready.organization, repo: "secrets" })).rejects.toMatchObject({
    status: 403,
  });
});

it("asks GitHub with the machine user's token, never with the gate key", async () => {
  await fetch(`${ready.github.api}/_sandbox/requests`, { method: "DELETE" });
  await fetch(`${ready.gate.url}/repos/${ready.organization}/${writable()}`, {
    headers: { authorization: `Bearer ${ready.gate.key}` },
  });
  const seen = await json<{ path: string; headers: Record<string, string>; status: number }[]>(
    `${ready.github.api}/_sandbox/requests`,
  );
  const tokens = await json<{ sha256: string; login: string; revokedAt: string | null }[]>(
    `${ready.github.api}/_sandbox/tokens`,
  );
  const own = tokens.filter((t) => t.login === ready.machineUser && !t.revokedAt).map((t) => `sha256:${t.sha256}`);
  const asked = seen.find((r) => r.path.endsWith(`/repos/${ready.organization}/${writable()}`));
  expect(asked?.status).toBe(200);
  expect(own).toContain(asked?.headers.authorization);
});

it("shows exactly what changes when a repository goes from write to read", async () => {
  const preview = gatehouse(
    [
      "sandbox",
      "preview",
      "--json",
      "--stack",
      "dev",
      "--config",
      "gatehouse:gate.requestsPerMinute=5000",
      "--config",
      "gatehouse:repositories[0].access=read",
    ],
    { env: ready.env },
  );
  expect(await preview.exited).toBe(0);
  const steps = (JSON.parse(preview.stdout()) as { steps: { op: string; urn: string }[] }).steps;
  const changed = steps
    .filter((s) => s.op !== "same")
    .map((s) => `${s.op} ${s.urn.split("::").slice(2).join(" ").replace(/.*\$/, "")}`)
    .sort();
  expect(changed).toMatchSnapshot();
});

it("finds nothing to change when asked again", async () => {
  const preview = gatehouse(
    ["sandbox", "preview", "--json", "--stack", "dev", "--config", "gatehouse:gate.requestsPerMinute=5000"],
    { env: ready.env },
  );
  expect(await preview.exited).toBe(0);
  const { changeSummary } = JSON.parse(preview.stdout()) as { changeSummary: Record<string, number> };
  expect(Object.keys(changeSummary)).toEqual(["same"]);
});

it("passes its own assessment: nothing that was declared fails", async () => {
  const found = gatehouse(["assess", "--json", "--stack", "dev", "--config", "gatehouse:gate.requestsPerMinute=5000"], {
    env: { ...ready.env, GATEHOUSE_GATE_KEY: ready.gate.key },
  });
  const code = await found.exited;
  const { answers, counts } = JSON.parse(found.stdout()) as {
    answers: { question: string; result: string }[];
    counts: { pass: number };
  };
  expect(answers.filter(({ result }) => result === "fail")).toEqual([]);
  expect(code).toBe(0);
  expect(counts.pass).toBeGreaterThan(50);
});

it("keeps token, gate key, password and webhook secret out of state and logs", async () => {
  const outputs = gatehouse(["sandbox", "export", "--stack", "dev", "--show-secrets"], { env: ready.env });
  expect(await outputs.exited).toBe(0);
  const clear = new Set<string>();
  const collect = (value: unknown, secret: boolean): void => {
    if (typeof value === "string" && secret && value.length >= 16) clear.add(value);
    else if (value !== null && typeof value === "object") {
      // A list of bindings is one secret as soon as one of them is; the names in the others are none.
      if (secret && "type" in value && value.type !== "secret_text") return;
      const isSecret = "4dabf18193072939515e22adb298388d" in value;
      if (isSecret && "plaintext" in value) collect(JSON.parse(String(value.plaintext)), true);
      else for (const inner of Object.values(value)) collect(inner, secret);
    }
  };
  collect(JSON.parse(outputs.stdout()), false);
  clear.delete(""); // nothing to look for
  const token = await json<{ data: { data: { token: string } } }>(
    `${ready.vault.addr}/v1/agents/data/github/${ready.machineUser}`,
    { headers: { "x-vault-token": ready.vault.token } },
  );
  const wanted = [
    token.data.data.token,
    ready.gate.key,
    ...[...clear].filter((value) => !/^(?:https?:|\s*[[{])/.test(value)),
  ];
  expect(wanted.length).toBeGreaterThanOrEqual(4);
  const runDir = join(ready.stateDir, "..");
  // The systems' own stores hold secrets by nature: OpenBao's storage is encrypted, workerd's configuration is the
  // edge's memory.
  const searched = files(runDir).filter((file) => !file.endsWith("keys.json") && statSync(file).size < 64 << 20);
  expect(searched.some((file) => file.includes("audit.log"))).toBe(true);
  const found = searched.flatMap((file) => {
    const bytes = readFileSync(file);
    return wanted.filter((secret) => bytes.includes(secret)).map((secret) => `${file}: ${secret.slice(0, 4)}…`);
  });
  expect(found).toEqual([]);
});

it("lets real git clone and push to an agent branch, with the gate key alone", () => {
  const dir = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  const basic = Buffer.from(`x-access-token:${ready.gate.key}`).toString("base64");
  const env = {
    ...process.env,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    GIT_AUTHOR_NAME: "t",
    GIT_AUTHOR_EMAIL: "t@example.invalid",
    GIT_COMMITTER_NAME: "t",
    GIT_COMMITTER_EMAIL: "t@example.invalid",
  };
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: dir, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  git("clone", "--quiet", `${ready.gate.url}/${ready.organization}/${writable()}.git`, ".");
  git("checkout", "--quiet", "-b", "claude/e2e");
  git("commit", "--quiet", "--allow-empty", "--message", "empty");
  git("push", "--quiet", "origin", "HEAD");
  expect(git("ls-remote", "origin", "refs/heads/claude/e2e")).toMatch(/refs\/heads\/claude\/e2e/);
});

it("stops everything it started, and leaves no folder of the run", async () => {
  const runDir = join(ready.stateDir, "..");
  expect(running.survivors().length).toBeGreaterThan(1);
  running.child.kill("SIGINT");
  expect(await running.exited).toBe(130);
  expect(running.survivors()).toEqual([]);
  expect(existsSync(runDir)).toBe(false);
});
