import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildReport, type Report } from "../../cli/report/report";
import { readSnapshot } from "../../cli/report/snapshot";
import { lacking } from "../support/realPulumi";
import { ROOT } from "../support/sandbox";
import { itWhen } from "../support/skip";

jest.setTimeout(600_000);

const lack = lacking([], ["random"]);

/** A stack with a gate's policy, and a guarded resource that STEP makes anew; with a password, which no report shows. */
const PROGRAM = `
const random = require("@pulumi/random");
const second = process.env.STEP === "2";
new random.RandomPassword("password", { length: 32 });
new random.RandomId("audit", { byteLength: second ? 8 : 4 }, { protect: !process.env.LOOSE });
exports.gatePolicy = {
  mode: { kind: "enforce" },
  limits: { requestsPerMinute: second ? 240 : 120 },
  routes: { read: second ? ["a", "b"] : ["b"] },
  repositories: [{ name: "api", access: "write" }],
};
exports.controls = {};
`;

itWhen(lack === undefined, lack ?? "")(
  "the real command line's preview, plan, stream and state tell one change in the same words",
  () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-real-report-"));
    try {
      mkdirSync(join(directory, "state"));
      symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
      writeFileSync(
        join(directory, "Pulumi.yaml"),
        "name: gatehouse\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
      );
      writeFileSync(join(directory, "package.json"), '{"name": "x", "main": "index.js"}');
      writeFileSync(join(directory, "index.js"), PROGRAM);
      const pulumi = (args: string[], env: Record<string, string> = {}): string => {
        const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--stack", "dev", "--non-interactive"], {
          cwd: directory,
          encoding: "utf8",
          env: {
            ...process.env,
            PULUMI_BACKEND_URL: `file://${directory}/state`,
            PULUMI_CONFIG_PASSPHRASE: "x",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            ...env,
          },
        });
        if (status !== 0)
          throw new Error(`pulumi ${args.join(" ")} ended with ${String(status)}\n${stdout}\n${stderr}`);
        return stdout;
      };
      spawnSync("pulumi", ["stack", "init", "dev", "--non-interactive"], {
        cwd: directory,
        env: { ...process.env, PULUMI_BACKEND_URL: `file://${directory}/state`, PULUMI_CONFIG_PASSPHRASE: "x" },
      });
      pulumi(["up", "--yes", "--skip-preview"]);
      const before = pulumi(["stack", "export"]);
      const plan = join(directory, "plan.json");
      const loose = { STEP: "2", LOOSE: "1" };
      pulumi(["preview", "--save-plan", plan], loose);
      const stream = pulumi(["preview", "--json"], { ...loose, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" });
      pulumi(["up", "--yes", "--skip-preview"], loose);
      const forms = { plan: readFileSync(plan, "utf8"), stream, state: pulumi(["stack", "export"]) };
      const told = Object.entries(forms).map(([name, after]): Report => {
        const report = buildReport({
          title: "x",
          before: readSnapshot(before, "before"),
          after: readSnapshot(after, name),
        });
        return { ...report, inputs: [] };
      });
      const [first, ...others] = told;
      expect(first).toMatchObject({
        verdict: "widened",
        losses: [{ name: "audit", how: "replaced" }],
        changes: [{ id: "gate/limit/requestsPerMinute" }, { id: "gate/routes/read", details: ["now a"] }],
      });
      for (const other of others) expect(other).toEqual(first);
      // A file with its secrets in clear is refused, whichever command wrote it.
      const shown = pulumi(["stack", "export", "--show-secrets"]);
      expect(() => readSnapshot(shown, "shown")).toThrow(/shows secrets in clear/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
