import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { ROOT } from "./support/sandbox";
import { gitHubSteps, gitLabScripts } from "./support/workflows";

interface Job {
  name?: string;
  permissions?: unknown;
  env?: Record<string, unknown>;
  "timeout-minutes"?: number;
  "runs-on"?: string;
}
interface Workflow {
  name?: string;
  permissions?: unknown;
  env?: Record<string, unknown>;
  jobs: Record<string, Job>;
}

const CI = join(ROOT, "docs", "ci");
const read = (path: string): string => readFileSync(path, "utf8");
const named = (folder: string, pattern: RegExp): [string, string][] =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => [name, join(folder, name)]);

const WORKFLOWS = [
  ...named(CI, /^(github-actions-.*|agent-change)\.yml$/),
  ...named(join(ROOT, ".github", "workflows"), /\.yml$/),
];
const GITLAB = named(CI, /^gitlab-.*\.yml$/);

it("every template is listed, and one exists for both services", () => {
  const page = read(join(CI, "README.md"));
  for (const name of readdirSync(CI)) if (name.endsWith(".yml")) expect(page).toContain(`(${name})`);
  const kinds = (of: [string, string][], prefix: string): string[] =>
    of.filter(([name]) => name.startsWith(prefix)).map(([name]) => name.slice(prefix.length));
  expect(kinds(GITLAB, "gitlab-")).toEqual(kinds(WORKFLOWS, "github-actions-"));
});

describe.each([...WORKFLOWS, ["agent-change/action.yml", join(CI, "agent-change", "action.yml")]])("%s", (_, path) => {
  const text = read(path);
  const steps = gitHubSteps(text);

  it("pins every action by commit, with its version beside it", () => {
    const uses = text.split("\n").filter((line) => /^\s*(?:- )?uses:/.test(line));
    expect(uses).toHaveLength(steps.filter(({ uses: action }) => action !== undefined).length);
    for (const line of uses)
      expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # (?:v\d+\.\d+\.\d+|your commit)$/);
  });

  it("leaves no credential of a checkout behind, and takes no cache that a pull request may have written", () => {
    for (const { uses = "", with: inputs = {} } of steps) {
      if (uses.startsWith("actions/checkout@")) expect(inputs["persist-credentials"]).toBe(false);
      if (uses.startsWith("actions/setup-node@")) expect(inputs["package-manager-cache"]).toBe(false);
    }
  });

  it("pastes nothing into a shell", () => {
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });

  it("has shell that bash can read", () => {
    for (const { run } of steps)
      if (run !== undefined) expect(spawnSync("bash", ["-n"], { input: run, encoding: "utf8" }).stderr).toBe("");
  });
});

describe.each(WORKFLOWS)("%s", (_, path) => {
  const workflow = parse(read(path)) as Workflow;
  const jobs = Object.values(workflow.jobs);

  it("grants nothing as a whole, and names what each job may do and how long", () => {
    expect(workflow.name).toEqual(expect.any(String));
    expect(workflow.permissions).toEqual({});
    for (const job of jobs) {
      expect(job.permissions).toEqual(expect.any(Object));
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job["runs-on"]).toBe("ubuntu-24.04");
    }
  });

  it("gives secrets to the steps that need them alone", () => {
    for (const { env = {} } of [workflow, ...jobs]) expect(JSON.stringify(env)).not.toContain("secrets.");
  });
});

describe("github-actions-preview.yml", () => {
  const { jobs } = parse(read(join(CI, "github-actions-preview.yml"))) as Workflow;

  it("lets no job write that runs code of the pull request", () => {
    for (const [name, { permissions }] of Object.entries(jobs))
      if (name !== "publish") expect(permissions).toEqual({ contents: "read" });
    const { publish } = jobs;
    const ran = gitHubSteps(JSON.stringify({ jobs: { publish } }));
    expect(ran.some(({ uses = "", run = "" }) => uses.includes("checkout") || /\b(?:npm|npx|node)\b/.test(run))).toBe(
      false,
    );
  });

  it("gives a fork no secret", () => {
    const { rehearse } = jobs;
    expect(JSON.stringify(rehearse)).not.toMatch(/secrets\.|environment/);
  });
});

describe("GitLab", () => {
  // GitLab's app/assets/javascripts/editor/schema/ci.json (MIT), as check-jsonschema 0.39.0 vendors it.
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(
    JSON.parse(read(join(ROOT, "tests/fixtures/gitlab/ci-schema.json"))) as object,
  );

  it("refuses what GitLab's schema refuses", () => {
    expect(validate({ job: { script: ["true"], timeout: 10, id_tokens: { A: {} } } })).toBe(false);
  });

  it.each(GITLAB)("%s is what GitLab's schema asks for", (_, path) => {
    const file: unknown = parse(read(path));
    expect(validate(file) ? [] : validate.errors).toEqual([]);
    // Not in the schema: lib/gitlab/ci/config/entry/artifacts.rb.
    for (const [, name] of read(path).matchAll(/expose_as: (.*)/g)) expect(name).toMatch(/^\w[-\w ]*$/);
  });

  it.each(GITLAB)("%s has shell that sh and Node can read", (_, path) => {
    for (const { job, script } of gitLabScripts(read(path))) {
      expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" }).stderr).toBe("");
      for (const [, program = ""] of script.matchAll(/<<'EOF'\n([\s\S]*?)\nEOF\n/g))
        expect([job, spawnSync("node", ["--check", "-"], { input: program, encoding: "utf8" }).stderr]).toEqual([
          job,
          "",
        ]);
    }
  });

  it.each(GITLAB)("%s holds no secret, and bounds every job", (_, path) => {
    const jobs = Object.entries(parse(read(path)) as Record<string, Record<string, unknown>>).filter(
      ([name, job]) => !name.startsWith(".") && "script" in job,
    );
    for (const [, job] of jobs) expect(job.timeout).toEqual(expect.any(String));
    expect(read(path)).not.toMatch(/_TOKEN: +\S/);
  });
});
