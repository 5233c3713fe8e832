import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacking, printedBy, pulumiEnv, runPulumi } from "../support/realPulumi";
import { ROOT, serve } from "../support/sandbox";
import { itWhen } from "../support/skip";

/* Pulumi's own `transforms` on a whole posture. They run in the engine, so the real one is needed; mocks have none. */

const lack = lacking();

interface Step {
  readonly urn: string;
  readonly newState?: { readonly type: string; readonly inputs?: Record<string, unknown>; readonly protect?: boolean };
}

/** Changes one input of the agent's team, protects every ruleset, and notes what it was asked about. */
const PROGRAM = `
require("tsx/cjs");
const { appendFileSync } = require("node:fs");
const { createPosture, postureOutputs, stackEnvironment } = require(${JSON.stringify(join(ROOT, "infra"))});
const transform = async ({ type, name, props, opts }) => {
  appendFileSync("seen.txt", type + " " + name + "\\n");
  if (type === "github:index/team:Team") return { props: { ...props, description: "changed by a transform" }, opts };
  if (type.endsWith("epositoryRuleset")) return { props, opts: { ...opts, protect: true } };
  return undefined;
};
module.exports = async () =>
  postureOutputs(await createPosture("agents", stackEnvironment(), process.env.WITH ? { transforms: [transform] } : {}));
`;

itWhen(lack === undefined, lack ?? "")(
  "transforms see every resource of the posture, and what they change is what is declared",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-transforms-"));
    const { ready, running } = await serve("--bare");
    try {
      const project = join(directory, "project");
      for (const folder of [project, join(directory, "state")]) mkdirSync(folder);
      writeFileSync(
        join(project, "Pulumi.yaml"),
        "name: gatehouse\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      );
      writeFileSync(join(project, "package.json"), '{ "main": "index.js" }\n');
      writeFileSync(join(project, "index.js"), PROGRAM);
      copyFileSync(join(ROOT, "Pulumi.dev.yaml"), join(project, "Pulumi.dev.yaml"));
      symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
      const env = { ...ready.env, ...pulumiEnv(join(directory, "state")) };
      await runPulumi(project, env, ["stack", "init", "dev"]);
      const preview = async (
        more: Record<string, string>,
      ): Promise<ReadonlyMap<string, NonNullable<Step["newState"]>>> => {
        const args = ["preview", "--json", "--stack", "dev"];
        const { steps } = JSON.parse(printedBy(await runPulumi(project, { ...env, ...more }, args), args)) as {
          steps: readonly Step[];
        };
        return new Map(steps.flatMap(({ urn, newState }) => (newState === undefined ? [] : [[urn, newState]])));
      };
      const plain = await preview({});
      const changed = await preview({ WITH: "1" });

      // The same resources, each of which was seen: Pulumi's own stack and providers are no part of the posture.
      expect([...changed.keys()].sort()).toEqual([...plain.keys()].sort());
      const seen = new Set(readFileSync(join(project, "seen.txt"), "utf8").trim().split("\n"));
      const declared = [...plain].filter(([, { type }]) => !type.startsWith("pulumi:"));
      expect(declared.length).toBeGreaterThan(30);
      expect(declared.filter(([urn, { type }]) => !seen.has(`${type} ${urn.split("::").at(-1)}`))).toEqual([]);

      const differing = [...changed].filter(
        ([urn, state]) =>
          JSON.stringify([state.inputs, state.protect]) !==
          JSON.stringify([plain.get(urn)?.inputs, plain.get(urn)?.protect]),
      );
      const team = differing.find(([, { type }]) => type === "github:index/team:Team");
      expect(team?.[1].inputs).toMatchObject({ name: "agents", description: "changed by a transform" });
      const rulesets = differing.filter(([, { type }]) => /repositoryRuleset$/i.test(type));
      expect(rulesets.length).toBeGreaterThan(0);
      expect(rulesets.map(([, { protect }]) => protect)).toEqual(rulesets.map(() => true));
      // Nothing else changed.
      expect(differing.length).toBe(1 + rulesets.length);
    } finally {
      running.child.kill("SIGTERM");
      await running.exited;
      rmSync(directory, { recursive: true, force: true });
    }
  },
  600_000,
);
