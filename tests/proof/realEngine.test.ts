import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Deployment } from "../../sandbox/engine/state";
import { lacking, printedBy, pulumiEnv, runPulumi } from "../support/realPulumi";
import { differences, resourcesOf, unexplained } from "../support/realRun";
import { ROOT, gatehouse, serve } from "../support/sandbox";
import { findInClear, secretTexts } from "../support/secretsInClear";
import { itWhen } from "../support/skip";

const lack = lacking();
/** Where the recording goes; by default it is compared and thrown away. */
const OUT = process.env.REAL_ENGINE_OUT;

itWhen(lack === undefined, lack ?? "")(
  "the real engine makes of the dev stack what ours makes of it, and leaves no secret in clear",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-real-"));
    const { ready, running } = await serve("--bare");
    try {
      // `stack init` writes into the stack's file, so it gets a copy.
      const project = join(directory, "project");
      for (const name of readdirSync(ROOT).filter((name) => name !== "node_modules" && !name.startsWith(".")))
        cpSync(join(ROOT, name), join(project, name), { recursive: true });
      symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
      const state = join(directory, "state");
      mkdirSync(state);
      const env = {
        ...process.env,
        ...ready.env,
        ...pulumiEnv(state),
        GATEHOUSE_STATE_DIR: join(directory, "ours"),
      };
      const printed: Record<string, string> = {};
      const pulumi = async (name: string, ...args: string[]): Promise<string> => {
        const run = await runPulumi(project, env, [...args, "--stack", "dev"]);
        printed[name] = run.out;
        if (OUT) {
          mkdirSync(OUT, { recursive: true });
          writeFileSync(join(OUT, name), run.out);
        }
        return printedBy(run, args);
      };
      await runPulumi(project, env, ["stack", "init", "dev"]);
      await pulumi("1-create.preview.json", "preview", "--json");
      await pulumi("1-create.up.txt", "up", "--yes", "--skip-preview");
      const exported = JSON.parse(await pulumi("1-create.export.json", "stack", "export")) as Deployment;
      await pulumi("2-same.preview.txt", "preview", "--expect-no-changes");
      await pulumi("2-same.refresh.txt", "refresh", "--preview-only", "--diff");
      const changed = [
        "config",
        "set",
        "--path",
        "gatehouse:audit.alertWebhook",
        "https://alerts.acme.dev/hooks/other",
      ];
      await pulumi("3-change.config.txt", ...changed);
      const change = await pulumi("3-change.preview-diff.txt", "preview", "--diff");
      expect(change).toMatch(/gateSettings[\s\S]*ALERTS/);
      await pulumi("6-destroy.preview-diff.txt", "destroy", "--preview-only", "--diff");

      const real = await resourcesOf(exported, "x");
      const secrets = new Set<string>();
      for (const { inputs, outputs } of real) {
        secretTexts(inputs, false, secrets);
        secretTexts(outputs, false, secrets);
      }
      expect(secrets.size).toBeGreaterThan(12);
      expect(findInClear(exported, secrets)).toEqual([]);
      for (const [name, text] of Object.entries(printed))
        expect([name, findInClear(text, secrets)]).toEqual([name, []]);
      await pulumi("6-destroy.txt", "destroy", "--yes", "--skip-preview");

      const ours = async (...args: string[]): Promise<string> => {
        const command = gatehouse(["sandbox", ...args, "--stack", "dev"], { env });
        expect([basename(args[0] ?? ""), await command.exited, command.stderr()]).toEqual([args[0], 0, ""]);
        return command.stdout();
      };
      await ours("up");
      const made = new Map(
        (await resourcesOf(JSON.parse(await ours("export")) as Deployment, "x")).map((one) => [one.urn, one]),
      );
      const found = real
        .filter(({ custom, type }) => custom && !type.startsWith("pulumi:"))
        .flatMap((one) => {
          const mine = made.get(one.urn);
          return mine ? differences(one, mine) : [{ type: one.type, path: "", real: one.urn, ours: "nothing" }];
        });
      expect(unexplained(found)).toEqual([]);
    } finally {
      running.child.kill("SIGTERM");
      await running.exited;
      rmSync(directory, { recursive: true, force: true });
    }
  },
  900_000,
);
