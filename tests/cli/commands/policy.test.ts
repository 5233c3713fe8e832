import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RULES } from "../../../policy/library";

const ROOT = join(__dirname, "../../..");
const RECORDED = join(ROOT, "tests/fixtures/real-run/1-create.export.json");

let directory = "";
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "gatehouse-policy-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const gatehouse = (...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, "cli/bin.js"), "policy", ...args], { encoding: "utf8", cwd: directory });

/** A recorded state in which the agent's team may maintain a repository. */
function widened(): string {
  const state = JSON.parse(readFileSync(RECORDED, "utf8")) as {
    deployment: { resources: { type: string; inputs: Record<string, unknown> }[] };
  };
  for (const { type, inputs } of state.deployment.resources)
    if (type.endsWith(":TeamRepository") && inputs.repository === "api") inputs.permission = "maintain";
  const file = join(directory, "widened.json");
  writeFileSync(file, JSON.stringify(state));
  return file;
}
const exceptions = (text: string): string => {
  const file = join(directory, "exceptions.yaml");
  writeFileSync(file, text);
  return file;
};
const UNTIL = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

it("passes what the real engine made", () => {
  expect(gatehouse("check", RECORDED)).toMatchObject({ status: 0, stdout: "Every rule holds.\n", stderr: "" });
});

it("stops what a rule forbids, and says where and what to do", () => {
  const { status, stdout, stderr } = gatehouse("check", widened());
  expect(status).toBe(1);
  expect(stdout).toContain(
    "critical  machine-user-no-admin  (mandatory)\n    The machine user has the role maintain on api.",
  );
  expect(stdout).toContain("gatehouse-access-api-team");
  expect(stderr).toContain("1 finding stops the update.");
});

it("lets an exception pass, marks it, and writes it as Pulumi takes it", () => {
  const file = exceptions(
    `- { id: EXC-1, rule: machine-user-no-admin, target: "urn:pulumi:dev::*", owner: platform, reason: a trial of some weeks, until: ${UNTIL} }\n`,
  );
  const checked = gatehouse("check", widened(), "--exceptions", file, "--json");
  expect(checked.status).toBe(0);
  expect(JSON.parse(checked.stdout)).toMatchObject({ findings: [{ exception: { id: "EXC-1", owner: "platform" } }] });
  const config = JSON.parse(gatehouse("config", widened(), "--exceptions", file).stdout) as {
    version: number;
    exceptions: Record<string, { reason: string; match: { policies: string[]; targets: string[] }[] }>;
  };
  expect(config.version).toBe(2);
  expect(config.exceptions["EXC-1"]?.reason).toBe(`a trial of some weeks (platform, until ${UNTIL})`);
  expect(config.exceptions["EXC-1"]?.match[0]?.targets.length).toBeGreaterThan(10);
});

it.each([
  [
    "a file that is not there",
    ["check", "no-such-file.json"],
    "no-such-file.json: the file cannot be read: no such file",
  ],
  ["a file that is none of Pulumi's", ["check", join(ROOT, "package.json")], "neither a stack export nor a preview"],
])("says what is wrong with %s", (_, args, says) => {
  const { status, stderr } = gatehouse(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain("    at ");
});

it("refuses exceptions that nobody answers for", () => {
  const { status, stderr } = gatehouse("check", RECORDED, "--exceptions", exceptions("- { id: EXC-1 }\n"));
  expect([status, stderr]).toEqual([2, expect.stringContaining("exceptions.yaml: [0] owner ")]);
});

it("has every rule on its page", () => {
  const page = readFileSync(join(ROOT, "docs/policy.md"), "utf8");
  for (const { id, severity, description, remediation } of RULES)
    expect(page).toContain(`| \`${id}\` | ${severity} | ${description} | ${remediation} |`);
});
