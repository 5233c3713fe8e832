import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gatehouse } from "../../../tests/support/sandbox";
import { makeWorkspace, type Workspace } from "./support/workspace";

jest.setTimeout(180_000);

const PROGRAM = `
  const random = require("@pulumi/random");
  const size = new pulumi.Config().getNumber("size") ?? 12;
  const secret = new random.RandomPassword("secret", { length: size });
  module.exports = { secret: secret.result, size };`;

let workspace: Workspace;
beforeEach(() => {
  workspace = makeWorkspace();
  workspace.program(PROGRAM);
});
afterEach(() => {
  workspace.remove();
});

const run = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
  const running = gatehouse(["sandbox", ...args, "--project", workspace.dir], {
    env: { PULUMI_CONFIG_PASSPHRASE: "x", NO_COLOR: "1" },
  });
  return { code: await running.exited, stdout: running.stdout(), stderr: running.stderr() };
};

describe("gatehouse sandbox", () => {
  it("previews, brings up, exports, imports and destroys a project, and its exit code says what came of it", async () => {
    const preview = await run("preview", "--json");
    expect(preview).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(preview.stdout)).toMatchObject({
      changeSummary: { create: 2 },
      steps: [
        { op: "create" },
        { op: "create", provider: expect.stringContaining("random::default_4_21_1::04da6b54") as string },
      ],
    });
    const up = await run("up", "--yes", "--config", "size=20");
    expect(up.code).toBe(0);
    // How often a sign of life comes depends on the machine.
    expect(up.stdout.replace(/^@ updating\.*\n/gm, "")).toMatch(
      /^Updating \(dev\):\n\n \+ {2}pulumi:pulumi:Stack test-dev creating \(0s\) \n/,
    );
    expect(up.stdout).toContain("Outputs:\n    secret: [secret]\n    size  : 20\n\nResources:\n    + 2 created\n");
    expect((await run("preview", "--expect-no-changes")).code).toBe(1);
    expect((await run("preview", "--expect-no-changes", "--config", "size=20")).code).toBe(0);
    const exported = await run("export");
    const deployment = JSON.parse(exported.stdout) as { version: number; deployment: { resources: { urn: string }[] } };
    expect(exported.stdout.startsWith('{\n    "version": 3,\n    "deployment": {\n        "manifest": {')).toBe(true);
    expect(deployment.deployment.resources).toHaveLength(3);
    expect((await run("destroy")).stdout).toMatch(
      /Resources:\n {4}- 2 deleted\n\nDuration: \d+s\n\nThe resources in the stack have been deleted/,
    );
    const file = join(workspace.dir, "exported.json");
    writeFileSync(file, exported.stdout);
    expect(await run("import", "--file", file)).toMatchObject({ code: 0, stdout: "Import complete.\n" });
    expect((await run("preview", "--expect-no-changes", "--config", "size=20")).code).toBe(0);
    expect((await run("export", "--show-secrets")).stdout).toMatch(/"plaintext": "\\"[^"]{20}/);
  });

  it.each([
    [
      "a missing project",
      ["preview"],
      () => {
        workspace.file("Pulumi.yaml", "");
      },
      2,
      /name: the project needs a name/,
    ],
    [
      "a mistake in the configuration",
      ["up"],
      () => {
        workspace.program(`throw new pulumi.RunError("gatehouse:agent: wrong");`);
      },
      2,
      /error: gatehouse:agent: wrong/,
    ],
    [
      "a program that breaks",
      ["up"],
      () => {
        workspace.program(`throw new Error("boom");`);
      },
      1,
      /boom/,
    ],
    ["nothing to destroy", ["destroy"], () => undefined, 2, /has no state/],
    ["a deployment that is none", ["import", "--file", "/dev/null"], () => undefined, 2, /is not a deployment in JSON/],
    ["an unknown option", ["up", "--nonsense"], () => undefined, 2, /unknown option/],
  ])("%s: exit code and sentence", async (_what, args, spoil, code, message) => {
    spoil();
    const result = await run(...args);
    expect({ code: result.code, text: result.stdout + result.stderr }).toEqual({
      code,
      text: expect.stringMatching(message) as string,
    });
    expect(result.stderr).not.toContain("defect");
  });

  it("stops in good order on Ctrl-C, and leaves no process behind when it is killed the hard way", async () => {
    workspace.program(`setInterval(() => undefined, 1000); console.log("the program waits");`);
    for (const [signal, code] of [
      ["SIGINT", 1],
      ["SIGKILL", 137],
    ] as const) {
      const running = gatehouse(["sandbox", "up", "--project", workspace.dir], {
        env: { PULUMI_CONFIG_PASSPHRASE: "x" },
      });
      await running.line((line) => line.includes("the program waits"));
      running.child.kill(signal);
      expect(await running.exited).toBe(code);
      for (let wait = 0; wait < 100 && running.survivors().length > 0; wait += 1)
        await new Promise((done) => setTimeout(done, 100));
      expect(running.survivors()).toEqual([]);
    }
  });
});
