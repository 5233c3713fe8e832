import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { AGENT_CHANGE_CHECK } from "../../../cli/check/agentChange";
import { ROOT } from "../../support/sandbox";

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
  "working-directory"?: string;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: unknown;
  jobs: Record<string, { name: string; permissions: Record<string, string>; steps: Step[]; if?: unknown }>;
}

const text = readFileSync(join(ROOT, "docs", "ci", "agent-change.yml"), "utf8");
const workflow = parse(text) as Workflow;
const action = parse(readFileSync(join(ROOT, "docs", "ci", "agent-change", "action.yml"), "utf8")) as {
  runs: { steps: Step[] };
};
const [job] = Object.values(workflow.jobs);
const steps = [...(job?.steps ?? []), ...action.runs.steps];

describe("the workflow that people copy", () => {
  it("has the check's name as its job's name, and answers every pull request", () => {
    expect(job?.name).toBe(AGENT_CHANGE_CHECK);
    expect(job?.if).toBeUndefined();
    expect(Object.keys(workflow.on)).toEqual(["pull_request_target"]);
    expect(workflow.on.pull_request_target).not.toHaveProperty("paths");
    expect(workflow.on.pull_request_target).not.toHaveProperty("branches");
  });

  it("may read, and nothing more", () => {
    expect(workflow.permissions).toEqual({});
    expect(job?.permissions).toEqual({ contents: "read", "pull-requests": "read" });
  });

  it("holds no secret and takes nothing of the change into a shell, a checkout or a cache", () => {
    expect(text).not.toMatch(/secrets\./);
    expect(steps.map(({ uses }) => uses).filter((uses) => uses !== undefined && /checkout|cache/.test(uses))).toEqual(
      [],
    );
    for (const { run = "", with: inputs = {}, env = {} } of steps) {
      expect(run).not.toContain("${{");
      for (const value of [...Object.values(inputs), ...Object.values(env)].map(String))
        expect(value).not.toMatch(/github\.(event|head_ref)/);
    }
  });

  it("works in the trusted repository alone", () => {
    for (const step of action.runs.steps.filter(({ run }) => run !== undefined))
      expect(step["working-directory"]).toBe("${{ github.action_path }}/../../..");
  });
});
