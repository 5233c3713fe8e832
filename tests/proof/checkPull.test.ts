import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChangeVerdict } from "../../cli/check/agentChange";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(240_000);

let ready: Ready;
let running: Running;
const dirs: string[] = [];
beforeAll(async () => {
  ({ ready, running } = await serve("--config", "gatehouse:gate.requestsPerMinute=5000"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-pull-"));
  dirs.push(dir);
  return dir;
};
const call = async (
  base: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${base}${path}`, {
    method,
    // git runs without giving way to anything, so a connection that the server closes meanwhile would still look open.
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
};

/** A branch with one change, pushed through the gate as the agent does or straight to GitHub as an owner does. */
function pushed(
  through: "gate" | "github",
  branch: string,
  files: Record<string, string>,
  email = "1+claude-bot@users.noreply.github.com",
): string {
  const dir = folder();
  const url = new URL(through === "gate" ? ready.gate.url : ready.github.git);
  url.username = "agent";
  url.password = through === "gate" ? ready.gate.key : ready.github.token;
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", dir, "-c", "user.name=x", "-c", `user.email=${email}`, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  git("clone", "--quiet", `${url.href}acme/api.git`, ".");
  git("checkout", "--quiet", "-b", branch);
  for (const [path, content] of Object.entries(files)) writeFileSync(join(dir, path), content);
  git("add", "--all");
  git("commit", "--quiet", "-m", "change");
  git("push", "--quiet", "origin", branch);
  return git("rev-parse", "HEAD");
}
const open = async (through: "gate" | "github", branch: string, base = "main"): Promise<number> =>
  Number(
    (
      await (through === "gate"
        ? call(ready.gate.url, ready.gate.key, "POST", "/repos/acme/api/pulls", {
            title: "t",
            head: branch,
            base,
            body: "What and why.",
          })
        : call(ready.github.api, ready.github.token, "POST", "/repos/acme/api/pulls", {
            title: "t",
            head: branch,
            base,
          }))
    ).number,
  );

async function check(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; verdict: ChangeVerdict | undefined; stdout: string; stderr: string }> {
  const ran = gatehouse(["check", "agent-change", "--stack", "dev", ...args], {
    env: { GITHUB_BASE_URL: String(ready.env.GITHUB_BASE_URL), GITHUB_TOKEN: ready.github.token, ...env },
  });
  const code = await ran.exited;
  let verdict: ChangeVerdict | undefined;
  try {
    verdict = JSON.parse(ran.stdout()) as ChangeVerdict;
  } catch {
    verdict = undefined;
  }
  return { code, verdict, stdout: ran.stdout(), stderr: ran.stderr() };
}
const rules = (verdict: ChangeVerdict | undefined): string[] =>
  verdict?.agent
    ? verdict.findings.filter(({ severity }) => severity === "refuse").map(({ rule }) => rule)
    : ["not judged"];

it("passes what the agent proposes through the gate", async () => {
  pushed("gate", "claude/good", { "src-new.ts": "export const one = 1;\n" });
  const number = await open("gate", "claude/good");
  const { code, verdict } = await check(["--repository", "api", "--pull", String(number), "--json"]);
  expect([rules(verdict), code]).toEqual([[], 0]);
  expect(verdict).toMatchObject({ agent: true, files: 1, lines: 1 });
});

it("refuses what somebody smuggles onto the agent's branch past the gate", async () => {
  pushed("gate", "claude/mixed", { "a.ts": "1\n" });
  const number = await open("gate", "claude/mixed");
  const head = pushed(
    "github",
    "claude/mixed-2",
    { "key.txt": `ghp_${"a1B2c3D4e5F6".repeat(3)}\n`, CODEOWNERS: "* @acme/backend\n" },
    "acme-admin@users.noreply.github.com",
  );
  const owned = await open("github", "claude/mixed-2");
  const { code, verdict } = await check(["--repository", "api", "--pull", String(owned), "--json"]);
  expect(code).toBe(1);
  expect(rules(verdict).sort()).toEqual(["commit-by-other", "protected-path", "secret"]);
  expect(verdict).toMatchObject({
    findings: expect.arrayContaining([
      expect.objectContaining({ rule: "secret", path: "key.txt", line: 1, commit: head }),
    ]),
  });
  expect(rules((await check(["--repository", "api", "--pull", String(number), "--json"])).verdict)).toEqual([]);
});

it("refuses one that lies on another agent branch, and passes it once it lies on a branch of people", async () => {
  pushed("gate", "claude/lower", { "lower.ts": "1\n" });
  pushed("gate", "claude/upper", { "upper.ts": "2\n" });
  const number = await open("gate", "claude/upper", "claude/lower");
  const judged = () => check(["--repository", "api", "--pull", String(number), "--json"]);
  const stacked = await judged();
  expect([rules(stacked.verdict), stacked.code]).toEqual([["onto-agent-branch"], 1]);
  await call(ready.github.api, ready.github.token, "PATCH", `/repos/acme/api/pulls/${number}`, { base: "main" });
  const alone = await judged();
  expect([rules(alone.verdict), alone.code]).toEqual([[], 0]);
});

it("passes a person's pull request at once, without fetching anything", async () => {
  pushed("github", "feature/by-a-person", { CODEOWNERS: "anything\n" }, "reviewer@acme.dev");
  const number = await open("github", "feature/by-a-person");
  const { code, stdout } = await check(["--repository", "api", "--pull", String(number)]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("not the agent's")]);
});

describe("in GitHub Actions", () => {
  const event = (content: unknown): string => {
    const file = join(folder(), "event.json");
    writeFileSync(file, JSON.stringify(content));
    return file;
  };
  const actions = (more: Record<string, string>): Record<string, string> => ({
    GITHUB_ACTIONS: "true",
    GITHUB_REPOSITORY: "acme/api",
    GITHUB_EVENT_NAME: "pull_request_target",
    ...more,
  });

  it("judges the commits of the event, with the label that the pull request has now", async () => {
    pushed("gate", "claude/event", { "e.ts": "1\n" });
    const number = await open("gate", "claude/event");
    const pull = (await call(ready.github.api, ready.github.token, "GET", `/repos/acme/api/pulls/${number}`)) as {
      head: { sha: string };
      labels: unknown[];
    };
    const summary = join(folder(), "summary.md");
    const stale = { pull_request: { ...pull, labels: [], body: "" } }; // as it was before the gate had put its marks
    const { code, stdout } = await check(
      [],
      actions({ GITHUB_EVENT_PATH: event(stale), GITHUB_STEP_SUMMARY: summary }),
    );
    expect([stdout, code]).toEqual([expect.stringContaining("passes"), 0]);
    expect(readFileSync(summary, "utf8")).toContain("gatehouse/agent-change: passes");
    const bad = pushed("github", "claude/event-bad", { "k.txt": `ghp_${"z9Y8x7W6v5U4".repeat(3)}\n` });
    const { code: second, stdout: shown } = await check(
      [],
      actions({ GITHUB_EVENT_PATH: event({ pull_request: { ...pull, head: { ...pull.head, sha: bad } } }) }),
    );
    expect(second).toBe(1);
    expect(shown).toMatch(/^::error file=k\.txt,line=1,title=gatehouse\/agent-change secret::/m);
  });

  it("does not work from an event whose workflow comes from the change", async () => {
    const { code, stderr } = await check(
      [],
      actions({ GITHUB_EVENT_NAME: "pull_request", GITHUB_EVENT_PATH: event({}) }),
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining("pull_request_target")]);
  });

  it("passes in the merge queue, and refuses to run for another organization", async () => {
    expect((await check([], actions({ GITHUB_EVENT_NAME: "merge_group", GITHUB_EVENT_PATH: event({}) }))).code).toBe(0);
    expect((await check([], actions({ GITHUB_REPOSITORY: "other-org/api", GITHUB_EVENT_PATH: event({}) }))).code).toBe(
      2,
    );
  });
});

it("says when it cannot run, and shows no token", async () => {
  for (const args of [
    ["--repository", "api"],
    ["--repository", "api", "--pull", "9999"],
    ["--repository", "api", "--base", "main", "--head", "x"],
    ["--pull", "1"],
    ["--repository", "api", "--base", "a".repeat(40), "--head", "b".repeat(40), "--git", tmpdir()],
  ]) {
    const { code, stdout, stderr } = await check(args);
    expect([args, code]).toEqual([args, 2]);
    expect(stdout + stderr).not.toContain(ready.github.token);
  }
});
