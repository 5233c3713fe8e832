import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installActionlint, installZizmor } from "../support/linters";
import { copyProject } from "../support/projectCopy";
import { serve, ROOT, type Ready, type Running } from "../support/sandbox";
import { itWhen } from "../support/skip";
import { gitHubSteps, gitLabScripts } from "../support/workflows";

jest.setTimeout(600_000);

const tracked = spawnSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).stdout.split("\n");
const WORKFLOWS = tracked.filter((file) =>
  /^(?:\.github\/workflows\/.*|docs\/ci\/(?:github-actions-.*|agent-change))\.yml$/.test(file),
);

describe("linters", () => {
  const tool = (install: () => string): { path: string; why: string } => {
    try {
      return { path: install(), why: "" };
    } catch (error) {
      return { path: "", why: (error as Error).message };
    }
  };
  const actionlint = tool(installActionlint);
  const zizmor = tool(installZizmor);

  itWhen(actionlint.path !== "", actionlint.why)("actionlint finds nothing", () => {
    const { status, stdout, stderr } = spawnSync(actionlint.path, WORKFLOWS, { cwd: ROOT, encoding: "utf8" });
    expect([status, stdout, stderr]).toEqual([0, "", ""]);
  });

  itWhen(zizmor.path !== "", zizmor.why)("zizmor finds nothing, by its strictest rules", () => {
    const { status, stdout, stderr } = spawnSync(
      zizmor.path,
      ["--offline", "--persona", "auditor", "--color", "never", ...WORKFLOWS, "docs/ci/agent-change/action.yml"],
      { cwd: ROOT, encoding: "utf8" },
    );
    expect([status, stdout.trim()]).toEqual([0, expect.stringMatching(/^No findings to report/)]);
    for (const file of WORKFLOWS) expect(stderr).toContain(`completed ${file}`);
  });
});

/** `pulumi` for the templates: the sandbox's engine, with the same options. */
const PULUMI = `#!/bin/sh
[ "$1" = stack ] && shift
exec "${process.execPath}" "${join(ROOT, "cli", "bin.js")}" sandbox "$@"
`;
const NPM = `#!/bin/sh
exit 0
`;
/** `gh api`: keeps what is asked, and answers a list with what the test has put there. */
const GH = `#!/bin/sh
echo "$@" >> "$GH_LOG"
case "$*" in *--paginate*) cat "$GH_LIST";; *--input*) for last; do :; done; cp "$last" "$GH_LOG.body";; esac
`;

describe("the shell of the templates", () => {
  let ready: Ready;
  let running: Running;
  let folder: string;
  let project: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    ({ ready, running } = await serve("--bare"));
    folder = mkdtempSync(join(tmpdir(), "gatehouse-workflows-"));
    project = copyProject(join(folder, "project"));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const [name, text] of Object.entries({ pulumi: PULUMI, npm: NPM, gh: GH })) {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    }
    env = {
      ...ready.env,
      GATEHOUSE_STATE_DIR: join(folder, "state"),
      PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
      STACK: "dev",
      GH_LOG: join(folder, "gh.log"),
      GH_LIST: join(folder, "gh.json"),
      GITHUB_REPOSITORY: "acme/agent-access",
      NUMBER: "7",
    };
  });
  afterAll(async () => {
    running.child.kill("SIGTERM");
    await running.exited;
    rmSync(folder, { recursive: true, force: true });
  });

  const change = (from: string, to: string): void => {
    const file = join(project, "Pulumi.dev.yaml");
    const text = readFileSync(file, "utf8");
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  };

  /** Runs a script as the runner does: GitHub's `shell: bash`, GitLab's shell. */
  async function shell(
    script: string,
    { cwd = project, more = {} }: { cwd?: string; more?: Record<string, string> } = {},
  ) {
    for (const name of ["output", "summary"]) rmSync(join(folder, name), { force: true });
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
      cwd,
      env: {
        ...process.env,
        ...env,
        GITHUB_OUTPUT: join(folder, "output"),
        GITHUB_STEP_SUMMARY: join(folder, "summary"),
        ...more,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    const left = (name: string): string =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
    return { status, said, output: left("output"), summary: left("summary") };
  }

  /** A step of a template by its name; of the job that has one of that name first. */
  function step(template: string, name: string, at = 0): string {
    const found = gitHubSteps(readFileSync(join(ROOT, "docs", "ci", template), "utf8")).filter(
      (one) => one.name === name,
    );
    return found[at]?.run ?? "";
  }
  const gitLab = (template: string, job: string): string =>
    gitLabScripts(readFileSync(join(ROOT, "docs", "ci", template), "utf8")).find((one) => one.job === job)?.script ??
    "";
  const asked = (): string[] => {
    const log = env.GH_LOG ?? "";
    const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    rmSync(log, { force: true });
    return lines;
  };
  const body = (): string => (JSON.parse(readFileSync(`${env.GH_LOG}.body`, "utf8")) as { body: string }).body;

  it("deploys with the policy pack", async () => {
    const { status, said } = await shell(step("github-actions-up.yml", "Up"));
    expect([status, said]).toEqual([0, expect.stringContaining("✅ gatehouse@v0.1.0 (local: policy)")]);
  });

  it("says in a preview what a change does, and which rule forbids it", async () => {
    change("requestsPerMinute: 120", "requestsPerMinute: 240");
    expect(await shell(step("github-actions-preview.yml", "Preview"))).toMatchObject({ status: 0 });
    const report = step("github-actions-preview.yml", "Report");
    const widened = await shell(report);
    expect([widened.status, widened.said]).toEqual([0, ""]);
    expect(widened.output).toBe("written=true\n");
    expect(widened.summary).toMatch(/^# Access widened\n/);
    expect(widened.summary).toContain("requestsPerMinute: 240 (before: ");
    for (const format of ["html", "json", "sarif"])
      expect(readFileSync(join(project, "report", `gatehouse.${format}`), "utf8").length).toBeGreaterThan(100);

    change("expiryDays: 30", "expiryDays: 60");
    rmSync(join(project, "report"), { recursive: true });
    await shell(step("github-actions-preview.yml", "Preview"));
    const forbidden = await shell(report);
    expect([forbidden.status, forbidden.output]).toEqual([1, "written=true\n"]);
    expect(forbidden.summary).toContain("token-life-bounded");

    // The same for GitLab.
    rmSync(join(project, "report"), { recursive: true });
    expect(await shell(gitLab("gitlab-preview.yml", "preview"))).toMatchObject({ status: 1 });
    expect(readFileSync(join(project, "report", "gatehouse.md"), "utf8")).toContain("token-life-bounded");
    change("expiryDays: 60", "expiryDays: 30");
  });

  it("writes one comment and edits it afterwards", async () => {
    const comment = step("github-actions-preview.yml", "Comment, edited in place");
    writeFileSync(
      env.GH_LIST ?? "",
      `[{"id":1,"user":{"login":"mallory"},"body":"<!-- gatehouse report dev --> mine"}][]`,
    );
    expect(await shell(comment)).toMatchObject({ status: 0 });
    expect(asked().at(-1)).toBe(
      "api --silent --method POST repos/acme/agent-access/issues/7/comments --input comment.json",
    );
    expect(body()).toMatch(/^<!-- gatehouse report dev -->\n# /);
    writeFileSync(
      env.GH_LIST ?? "",
      `[{"id":1,"user":{"login":"mallory"},"body":"x"}][{"id":22,"user":{"login":"github-actions[bot]"},"body":"<!-- gatehouse report dev -->"}]`,
    );
    expect(await shell(comment)).toMatchObject({ status: 0 });
    expect(asked().at(-1)).toBe(
      "api --silent --method PATCH repos/acme/agent-access/issues/comments/22 --input comment.json",
    );
  });

  it("shows why a configuration is refused, and fails", async () => {
    change("approvals: 1", "approvals: 0");
    const preview = await shell(step("github-actions-preview.yml", "Preview"));
    expect([preview.status, preview.said]).toEqual([
      expect.any(Number),
      expect.stringContaining("gatehouse:review.approvals"),
    ]);
    expect(preview.status).toBeGreaterThan(0);
    const onGitLab = await shell(gitLab("gitlab-preview.yml", "preview"));
    expect([onGitLab.status, onGitLab.said]).toEqual([1, expect.stringContaining("gatehouse:review.approvals")]);
    change("approvals: 0", "approvals: 1");
  });

  it("opens one issue while something drifts, and closes it afterwards", async () => {
    const rulesets = `${ready.github.api}/repos/${ready.organization}/api/rulesets`;
    const headers = {
      authorization: `Bearer ${ready.github.token}`,
      "content-type": "application/json",
      connection: "close",
    };
    const [{ id = 0 } = {}] = (await (await fetch(rulesets, { headers })).json()) as { id?: number }[];
    const enforce = async (enforcement: string): Promise<void> => {
      const answer = await fetch(`${rulesets}/${id}`, {
        method: "PUT",
        headers,
        body: JSON.stringify({ enforcement }),
      });
      expect(answer.status).toBe(200);
    };
    const look = async (): Promise<string> => {
      expect(await shell(step("github-actions-drift.yml", "Read back"))).toMatchObject({ status: 0 });
      return (await shell(step("github-actions-drift.yml", "Report"))).output;
    };
    const issue = (changed: boolean, list: string): ReturnType<typeof shell> => {
      writeFileSync(env.GH_LIST ?? "", list);
      return shell(step("github-actions-drift.yml", "One issue"), { more: { CHANGED: String(changed) } });
    };
    const OPEN = `[{"number":4,"title":"Drift of the stack dev"}]`;

    expect(await look()).toBe("changed=false\n");
    expect(await issue(false, "[]")).toMatchObject({ status: 0 });
    expect(asked()).toHaveLength(1);
    await enforce("disabled");
    expect(await look()).toBe("changed=true\n");
    expect(await issue(true, "[]")).toMatchObject({ status: 1 });
    expect(asked().at(-1)).toBe("api --silent --method POST repos/acme/agent-access/issues --input issue.json");
    expect(body()).toContain("disabled");
    expect(await issue(true, OPEN)).toMatchObject({ status: 1 });
    expect(asked().at(-1)).toBe("api --silent --method PATCH repos/acme/agent-access/issues/4 --input issue.json");
    // GitLab's script, against its API as far as it asks it.
    const service = await gitLabService();
    const drifted = await shell(gitLab("gitlab-drift.yml", "drift"), { more: service.env });
    expect([drifted.status, drifted.said]).toEqual([1, expect.stringContaining("no longer as it was deployed")]);
    await shell(gitLab("gitlab-drift.yml", "drift"), { more: service.env });
    await enforce("active");
    expect(await shell(gitLab("gitlab-drift.yml", "drift"), { more: service.env })).toMatchObject({ status: 0 });
    expect(service.changes()).toEqual([
      "POST /projects/1/issues",
      "PUT /projects/1/issues/3",
      "PUT /projects/1/issues/3",
    ]);
    service.close();

    expect(await look()).toBe("changed=false\n");
    expect(await issue(false, OPEN)).toMatchObject({ status: 0 });
    expect(asked().at(-1)).toContain("issues/4 --field state=closed");
  });

  it("writes one note on GitLab and edits it afterwards", async () => {
    const service = await gitLabService();
    const publish = gitLab("gitlab-preview.yml", "publish-report");
    for (let i = 0; i < 2; i += 1)
      expect(await shell(publish, { more: service.env })).toMatchObject({ status: 0, said: "" });
    expect(service.changes()).toEqual([
      "POST /projects/1/merge_requests/2/notes",
      "PUT /projects/1/merge_requests/2/notes/3",
    ]);
    service.close();
  });

  it("compares a fork with what is there, without a credential", async () => {
    const fork = join(folder, "fork");
    for (const side of ["base", "head"]) copyProject(join(fork, side));
    const file = join(fork, "head", "Pulumi.dev.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("maxPushBytes: 10485760", "maxPushBytes: 20971520"));
    const alone = { GITHUB_TOKEN: "", VAULT_TOKEN: "", CLOUDFLARE_API_TOKEN: "", GATEHOUSE_STATE_DIR: "" };
    const deployed = await shell(step("github-actions-preview.yml", "Deploy both to a sandbox"), {
      cwd: fork,
      more: alone,
    });
    expect([deployed.status, deployed.said]).toEqual([0, expect.stringContaining("Wrote ../head.json.")]);
    const { status, said, summary } = await shell(step("github-actions-preview.yml", "Report by the present rules"), {
      cwd: fork,
    });
    expect([status, said, summary]).toEqual([0, "", expect.stringContaining("maxPushBytes: 20971520 (before: ")]);
  });
});

/** GitLab's API as far as the templates ask it: one issue or note, 3, that is there once it has been made. */
async function gitLabService(): Promise<{ env: Record<string, string>; changes: () => string[]; close: () => void }> {
  const changes: string[] = [];
  let kept: Record<string, unknown> | undefined;
  const read = async (request: IncomingMessage): Promise<Record<string, string>> => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += String(part);
    return JSON.parse(text || "{}") as Record<string, string>;
  };
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? "", "http://x");
      const given = await read(request);
      response.setHeader("content-type", "application/json");
      if (request.headers["private-token"] !== "notes-token") response.statusCode = 401;
      if (request.method !== "GET") {
        changes.push(`${request.method ?? ""} ${pathname}`);
        kept = given.state_event === "close" ? undefined : { id: 3, iid: 3, author: { id: 9 }, ...kept, ...given };
      }
      response.end(
        JSON.stringify(
          pathname === "/user" ? { id: 9 } : request.method === "GET" ? (kept ? [kept] : []) : (kept ?? {}),
        ),
      );
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A test that fails before it closes this must not keep the run from ending.
  server.unref();
  return {
    env: {
      CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      CI_PROJECT_ID: "1",
      CI_MERGE_REQUEST_PROJECT_ID: "1",
      CI_MERGE_REQUEST_IID: "2",
      GATEHOUSE_NOTES_TOKEN: "notes-token",
      GATEHOUSE_ISSUES_TOKEN: "notes-token",
    },
    changes: () => changes,
    close: () => server.close(),
  };
}
