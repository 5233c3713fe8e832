import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { oscalComponentDefinition } from "../../cli/documents/oscal";
import { environment } from "../support/environment";
import { installPythonProgram } from "../support/python";
import { itWhen } from "../support/skip";

/** The newest release whose OSCAL is 1.2.1. */
const TRESTLE = "compliance-trestle==5.2.0";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-oscal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trestle = installPythonProgram(folder, "trestle", [TRESTLE]);
const here = itWhen(trestle !== undefined, `pip could not install ${TRESTLE}`);
const run = (...args: string[]) => spawnSync(trestle ?? "", args, { cwd: join(folder, "work"), encoding: "utf8" });

function validate(name: string, text: string): { status: number | null; says: string } {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, text);
  const imported = run("import", "--file", file, "--output", name);
  if (imported.status !== 0) return { status: imported.status, says: imported.stdout + imported.stderr };
  const { status, stdout, stderr } = run("validate", "--type", "component-definition", "--name", name);
  return { status, says: stdout + stderr };
}

beforeAll(() => {
  if (trestle === undefined) return;
  mkdirSync(join(folder, "work"));
  expect(run("init").status).toBe(0);
});

here(
  "compliance-trestle accepts the component definition of each kind of posture",
  () => {
    const kinds = {
      vault: environment(),
      kv: environment({ tokenStore: { kind: "kv" } }),
      reading: environment({ plan: "enterprise", repositories: [{ name: "docs", access: "read" }] }),
    };
    for (const [name, posture] of Object.entries(kinds)) {
      const { status, says } = validate(name, oscalComponentDefinition({ stack: "prod", environment: posture }));
      expect([name, status, says]).toEqual([name, 0, expect.stringContaining("VALID")]);
    }
  },
  300_000,
);

here(
  "compliance-trestle refuses what is no token, an unknown key, and two things of one id",
  () => {
    const whole = oscalComponentDefinition({ stack: "prod", environment: environment() });
    const [first = "", second = ""] = [...whole.matchAll(/"uuid": "([^"]+)"/g)].slice(2).map(([, id]) => id ?? "");
    const spoiled = {
      token: whole.replace('"control-id": "ac-6.5"', '"control-id": "AC 6(5)"'),
      key: whole.replace('"control-id": "ac-6.5"', '"control-name": "ac-6.5"'),
      twice: whole.replace(second, first),
    };
    for (const [name, text] of Object.entries(spoiled)) {
      expect([name, text === whole]).toEqual([name, false]);
      expect([name, validate(name, text).status]).not.toEqual([name, 0]);
    }
  },
  300_000,
);
