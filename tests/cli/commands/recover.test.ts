import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatehouse, type Running } from "../../support/sandbox";

jest.setTimeout(180_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-recover-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** No other program is on PATH than the ones of the folder. */
const run = (args: readonly string[], input?: string): Running =>
  gatehouse(["recover", "--stack", "dev", ...args], {
    env: { PATH: folder },
    ...(input === undefined ? {} : { input }),
  });
const NONE = JSON.stringify({ version: 3, deployment: { pending_operations: [] } });

it("says which command to give it where there is no pulumi", async () => {
  const asked = run([]);
  expect(await asked.exited).toBe(2);
  expect(asked.stderr()).toMatch(/no `pulumi` on PATH.*--state/);
});

it("asks pulumi for the state, or reads it from a file or standard input", async () => {
  const pulumi = join(folder, "pulumi");
  writeFileSync(pulumi, `#!/bin/sh\n[ "$*" = "stack export --stack dev --non-interactive" ] && echo '${NONE}'\n`);
  chmodSync(pulumi, 0o755);
  const file = join(folder, "state.json");
  writeFileSync(file, NONE);
  for (const found of [run([]), run(["--state", file]), run(["--state", "-"], NONE)]) {
    expect([await found.exited, found.stderr()]).toEqual([0, ""]);
    expect(found.stdout()).toContain("No creation is pending");
  }
  writeFileSync(pulumi, `#!/bin/sh\necho "error: no stack named 'dev' found" >&2\nexit 255\n`);
  const failed = run([]);
  expect([await failed.exited, failed.stderr()]).toEqual([2, expect.stringContaining("no stack named 'dev' found")]);
});

it("refuses what is no stack export, without a stack trace", async () => {
  for (const [args, input, words] of [
    [["--state", join(folder, "absent.json")], "", "the file cannot be read: no such file"],
    [["--state", "-"], "{", "this is no JSON document"],
    [["--state", "-"], "[]", "this is no stack export"],
  ] as const) {
    const refused = run(args, input);
    expect(await refused.exited).toBe(2);
    expect(refused.stderr()).toContain(words);
    expect(refused.stderr()).not.toMatch(/\n\s+at /);
  }
});
