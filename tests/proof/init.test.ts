import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStackFile } from "../../infra/config";
import { gatehouse, ROOT, serve, type Ready, type Running } from "../support/sandbox";
import { itWhen } from "../support/skip";

jest.setTimeout(240_000);

let ready: Ready;
let running: Running;
/** A project like this one, with no environment file yet. */
const project = mkdtempSync(join(tmpdir(), "gatehouse-init-"));
beforeAll(async () => {
  for (const name of readdirSync(ROOT))
    if (!/^Pulumi\.\w+\.yaml$|^\.(?:git|gatehouse)$/.test(name)) symlinkSync(join(ROOT, name), join(project, name));
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  running.child.kill("SIGTERM");
  await running.exited;
});

const run = async (env: Record<string, string>, ...args: string[]) => {
  const child = gatehouse(args, { env: { GITHUB_TOKEN: "", CLOUDFLARE_API_TOKEN: "", ...env }, cwd: project });
  const code = await child.exited;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
};
const file = (stack: string): string => join(project, `Pulumi.${stack}.yaml`);
const read = (stack: string): string => readFileSync(file(stack), "utf8");
const secrets = (): string[] => [ready.github.token, ready.cloudflare.token, ready.vault.token];
const OPTIONS = [
  "--machine-user",
  "claude-bot",
  "--write",
  "api",
  "--read",
  "docs",
  "--review-team",
  "agent-reviewers",
];

it("--yes takes what the systems say, and the file that it writes previews", async () => {
  const made = await run(ready.env, "init", "--yes", "--stack", "fresh", ...OPTIONS, "--check", "ci");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toContain("Wrote Pulumi.fresh.yaml.");
  expect(parseStackFile(read("fresh"), "Pulumi.fresh.yaml")).toMatchObject({
    organization: "acme",
    plan: "team",
    gate: { accountId: ready.cloudflare.accountId, workersDev: "acme-dev" },
  });
  for (const secret of secrets()) expect(`${read("fresh")}${made.stdout}${made.stderr}`).not.toContain(secret);

  const preview = await run(
    { ...ready.env, GATEHOUSE_STATE_DIR: join(project, ".state") },
    "sandbox",
    "preview",
    "--json",
    "--stack",
    "fresh",
  );
  expect([preview.code, preview.stderr]).toEqual([0, ""]);
  const { changeSummary } = JSON.parse(preview.stdout) as { changeSummary: Record<string, number> };
  expect(Object.keys(changeSummary)).toEqual(["create"]);
  expect(changeSummary.create).toBeGreaterThan(40);

  const doctor = await run(ready.env, "doctor", "--json", "--stack", "fresh");
  const { findings } = JSON.parse(doctor.stdout) as { findings: { system: string; result: string }[] };
  expect(findings.filter(({ system, result }) => system !== "This machine" && result === "problem")).toEqual([]);
});

it("never overwrites: the file stays byte for byte", async () => {
  writeFileSync(file("mine"), "config: {}\n");
  const again = await run(ready.env, "init", "--yes", "--stack", "mine", ...OPTIONS);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/^Pulumi\.mine\.yaml is there already, and is not overwritten; .*\n$/);
  expect(read("mine")).toBe("config: {}\n");
});

it.each<[string, string[], RegExp]>([
  [
    "too little",
    ["--yes", "--stack", "bad"],
    /^Nothing is written; these are needed:\n {2}--machine-user: .*\n {2}--review-team: .*: .*agent-reviewers.*\n {2}--write or --read: .*: api, docs/m,
  ],
  [
    "a repository that is not there",
    ["--yes", "--stack", "bad", ...OPTIONS, "--read", "apy"],
    /--read apy: not there; there are: api, docs/,
  ],
  [
    "a value that preview would refuse",
    ["--yes", "--stack", "bad", ...OPTIONS, "--retention-days", "1"],
    /gatehouse:audit\.retentionDays/,
  ],
  ["no terminal", ["--stack", "bad"], /^There is no terminal to ask in; give --yes/],
  ["a name that is a path", ["--yes", "--stack", "../bad"], /^--stack: "\.\.\/bad" is no name of a stack/],
  [
    "a number that is none",
    ["--yes", "--stack", "bad", "--approvals", "two"],
    /^--approvals: "two" is not a whole number/,
  ],
])("%s: exit 2, one clear message, and no file", async (_, args, message) => {
  const { code, stderr } = await run(ready.env, "init", ...args);
  expect([code, existsSync(file("bad"))]).toEqual([2, false]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});

it("works without any credential, from options alone", async () => {
  const { code, stderr } = await run(
    {},
    "init",
    "--yes",
    "--stack",
    "offline",
    "--organization",
    "acme",
    ...OPTIONS,
    "--account-id",
    "f".repeat(32),
  );
  expect([code, stderr]).toEqual([
    0,
    "GITHUB_TOKEN is not set: organization, repositories and teams are not looked up.\nCLOUDFLARE_API_TOKEN is not set: the account is not looked up.\n",
  ]);
  expect(parseStackFile(read("offline"), "Pulumi.offline.yaml").repositories).toHaveLength(2);
});

/** Answers by the question that is on the screen; the keys are those that a person presses. */
const DOWN = "\u001b[B";
const SCRIPT: readonly (readonly [question: string, ...keys: string[]])[] = [
  ["Which organization?", "\r"],
  ["the agent's own GitHub account", "\r"],
  ["How is its token made?", "\r"],
  ["may the agent write to?", " ", "\r"],
  ["may it read?", " ", "\r"],
  ["Which team reviews", DOWN, "\r"],
  ["owns CODEOWNERS", DOWN, "\r"],
  ["Checks that must pass", "ci", "\r"],
  ["Where does the GitHub token lie?", "\r"],
  ["Where does the gate reach Vault?", "\r"],
  ["Which Cloudflare account?", "\r"],
  ["Host name of the gate", "\r"],
  ["R2 bucket", "\r"],
];
const hasScript = spawnSync("script", ["--version"]).status === 0;
/** The command in a terminal, as a person starts it. */
const inTerminal = (stack: string) =>
  spawn("script", ["-qec", `node ${join(ROOT, "cli/bin.js")} init --stack ${stack}`, "/dev/null"], {
    cwd: project,
    env: { ...process.env, ...ready.env, TERM: "xterm" },
  });

itWhen(hasScript, "the program `script`, which gives a terminal, is not on this machine")(
  "in a terminal it asks, with the systems' answers as choices",
  async () => {
    const terminal = inTerminal("asked");
    let screen = "";
    const left = [...SCRIPT];
    const ended = new Promise<number | null>((resolve) => terminal.on("close", resolve));
    terminal.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      screen += chunk;
      const [next] = left;
      if (next === undefined || !screen.includes(next[0])) return;
      left.shift();
      screen = "";
      // As a person does: the question has to be there before a key counts.
      setTimeout(() => {
        for (const key of next.slice(1)) terminal.stdin.write(key);
      }, 200);
    });
    expect([await ended, left]).toEqual([0, []]);
    expect(parseStackFile(read("asked"), "Pulumi.asked.yaml")).toMatchObject({
      organization: "acme",
      plan: "team",
      agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token" } },
      repositories: [
        { name: "api", access: "write" },
        { name: "docs", access: "read" },
      ],
      review: { requiredChecks: [{ context: "ci" }] },
      gate: { workersDev: "acme-dev" },
    });
    for (const secret of secrets()) expect(read("asked")).not.toContain(secret);
  },
);

itWhen(hasScript, "the program `script`, which gives a terminal, is not on this machine")(
  "Ctrl-C writes nothing and ends with 2",
  async () => {
    const terminal = inTerminal("stopped");
    let screen = "";
    terminal.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (!screen.includes("Which organization?") && `${screen}${chunk}`.includes("Which organization?"))
        setTimeout(() => terminal.stdin.write("\u0003"), 300);
      screen += chunk;
    });
    expect(await new Promise<number | null>((resolve) => terminal.on("close", resolve))).toBe(2);
    expect(screen).toContain("Interrupted; nothing is written.");
    expect(existsSync(file("stopped"))).toBe(false);
  },
);
