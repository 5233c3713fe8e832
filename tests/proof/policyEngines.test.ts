import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUrn } from "../../infra/config/urn";
import type { PolicyFinding } from "../../policy/library";
import { copyProject } from "../support/projectCopy";
import { lacking, pulumiEnv, runPulumi } from "../support/realPulumi";
import { gatehouse, serve, type Running } from "../support/sandbox";
import { itWhen } from "../support/skip";

jest.setTimeout(600_000);

/** A rule and the resource that breaks it, such as `owner-teams-visible hidden`. */
type Violation = string;

const EXPECTED: Violation[] = [
  "audit-retention gatehouse-audit-bucket",
  "machine-user-no-admin chief",
  "owner-teams-visible hidden",
  "token-life-bounded gatehouse-rotator-script",
];

/** Beside the posture: what only a foreign hand writes, with an id that a preview cannot know. */
const FOREIGN = `
import * as github from "@pulumi/github";
const hidden = new github.Team("hidden", { name: "hidden", privacy: "secret" });
new github.TeamMembership("chief", { teamId: hidden.id, username: "claude-bot", role: "maintainer" });
`;

let folder: string;
let project: string;
let running: Running;
let env: Record<string, string>;

beforeAll(async () => {
  const served = await serve("--bare");
  running = served.running;
  folder = mkdtempSync(join(tmpdir(), "gatehouse-policies-"));
  project = copyProject(join(folder, "project"));
  env = { ...served.ready.env, GATEHOUSE_STATE_DIR: join(folder, "state") };
  const file = join(project, "Pulumi.dev.yaml");
  writeFileSync(
    file,
    readFileSync(file, "utf8")
      .replace("retentionDays: 90", "retentionDays: 60")
      .replace("expiryDays: 30", "expiryDays: 60"),
  );
  appendFileSync(join(project, "stacks", "index.ts"), FOREIGN);
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ status: number; out: string }> {
  const command = gatehouse(args, { cwd: project, env });
  const status = await command.exited;
  return { status, out: command.stdout() };
}
const kept = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** What stands under `Policies:` in a run's text. */
const inText = (text: string): Violation[] =>
  [...text.matchAll(/^ +- \[mandatory\](?: \[severity: \w+\])? {2}(\S+) {2}\(\S+: (\S+)\)$/gm)]
    .map(([, rule = "", name = ""]) => `${rule} ${name}`)
    .sort();
const inFindings = (findings: readonly PolicyFinding[]): Violation[] =>
  findings.map(({ rule, urn = "" }) => `${rule} ${parseUrn(urn).name}`).sort();

let exported = "";

it("a broken posture breaks the same rules in the sandbox's engine, on its preview and on its export", async () => {
  const judged = await run("sandbox", "preview", "--stack", "dev", "--policy-pack", "policy");
  expect([judged.status, inText(judged.out)]).toEqual([1, EXPECTED]);

  const preview = await run("sandbox", "preview", "--stack", "dev", "--json");
  expect(preview.status).toBe(0);
  const checked = await run("policy", "check", kept("preview.json", preview.out), "--json");
  expect(checked.status).toBe(1);
  expect(inFindings((JSON.parse(checked.out) as { findings: PolicyFinding[] }).findings)).toEqual(EXPECTED);

  const stopped = await run("sandbox", "up", "--stack", "dev", "--policy-pack", "policy");
  expect(stopped.status).toBe(1);
  expect(inText(stopped.out)).toContain("owner-teams-visible hidden");

  // Without the pack it comes up, and a report on what is there says the same.
  expect((await run("sandbox", "up", "--stack", "dev")).status).toBe(0);
  exported = kept("export.json", (await run("sandbox", "export", "--stack", "dev")).out);
  const report = await run("report", "--after", exported, "--policy", "--format", "json");
  expect(report.status).toBe(1);
  expect(inFindings((JSON.parse(report.out) as { policy: PolicyFinding[] }).policy)).toEqual(EXPECTED);
});

it("destroy takes no policy pack, as Pulumi's", async () => {
  expect((await run("sandbox", "destroy", "--stack", "dev", "--policy-pack", "policy")).status).toBe(2);
});

const lack = lacking();

/** The real command line, with a state of its own. */
async function pulumi(...args: string[]): Promise<{ status: number | null; out: string }> {
  const state = join(folder, "pulumi");
  mkdirSync(state, { recursive: true });
  const streaming = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const { status, out, err } = await runPulumi(project, { ...env, ...pulumiEnv(state), ...streaming }, args);
  return { status, out: out + err };
}

itWhen(lack === undefined, lack ?? "")("Pulumi's own analysis of the export says the same", async () => {
  const { status, out } = await pulumi("policy", "analyze", "--policy-pack", "policy", "--file", exported);
  expect([status, inText(out)]).toEqual([1, EXPECTED]);
});

itWhen(lack === undefined, lack ?? "")(
  "Pulumi's own preview with the pack says the same, and ends with 1",
  async () => {
    await pulumi("stack", "init", "dev");
    const { status, out } = await pulumi("preview", "--stack", "dev", "--json", "--policy-pack", "policy");
    const violations = out.split("\n").flatMap((line): Violation[] => {
      if (!line.includes('"policyEvent"')) return [];
      const { policyEvent } = JSON.parse(line) as { policyEvent: { policyName: string; resourceUrn: string } };
      return [`${policyEvent.policyName} ${parseUrn(policyEvent.resourceUrn).name}`];
    });
    expect([status, violations.sort()]).toEqual([1, EXPECTED]);
  },
);
