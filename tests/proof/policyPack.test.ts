import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/sandbox";
import { itWhen } from "../support/skip";

const RECORDED = join(ROOT, "tests/fixtures/real-run/1-create.export.json");
const real = spawnSync("pulumi", ["version"], { encoding: "utf8" });

interface State {
  urn: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** What the real command line says of a state, changed or not. */
function analyze(change: (resources: State[]) => void, config?: (resources: State[]) => object) {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-policy-"));
  try {
    const state = JSON.parse(readFileSync(RECORDED, "utf8")) as { deployment: { resources: State[] } };
    change(state.deployment.resources);
    const file = join(directory, "state.json");
    writeFileSync(file, JSON.stringify(state));
    const more: string[] = [];
    if (config) {
      const name = join(directory, "config.json");
      writeFileSync(name, JSON.stringify(config(state.deployment.resources)));
      more.push("--policy-pack-config", name);
    }
    const { status, stdout, stderr } = spawnSync(
      "pulumi",
      ["policy", "analyze", "--policy-pack", join(ROOT, "policy"), "--file", file, "--color", "never", ...more],
      {
        encoding: "utf8",
        env: { ...process.env, PULUMI_BACKEND_URL: `file://${directory}`, PULUMI_SKIP_UPDATE_CHECK: "true" },
      },
    );
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
const access = (resources: State[]): State =>
  resources.find(({ type, inputs }) => type.endsWith(":TeamRepository") && inputs.repository === "api") as State;
const maintain = (resources: State[]): void => {
  const { inputs, outputs } = access(resources);
  inputs.permission = "maintain";
  if (outputs) outputs.permission = "maintain";
};

itWhen(real.status === 0, "there is no pulumi on PATH")(
  "the real command line loads the pack, passes what the real engine made, and stops what a rule forbids",
  () => {
    expect(analyze(() => undefined)).toMatchObject({ status: 0 });
    const { status, said } = analyze(maintain);
    expect(status).toBe(1);
    expect(said).toContain("[severity: critical]  machine-user-no-admin");
    expect(said).toContain("The machine user has the role maintain on api.");
    const excepted = analyze(maintain, (resources) => ({
      version: 2,
      policies: {},
      exceptions: {
        "EXC-1": {
          reason: "a trial (platform, until 2027-01-01)",
          match: [{ policies: ["machine-user-no-admin"], targets: [access(resources).urn] }],
        },
      },
    }));
    expect(excepted.status).toBe(0);
    expect(excepted.said).toContain("[exempted]");
  },
  300_000,
);
