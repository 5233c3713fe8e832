import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCUMENTS } from "../../../cli/documents";
import { ROOT } from "../../support/sandbox";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-documents-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const gatehouse = (...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, "cli/bin.js"), "documents", ...args], { cwd: ROOT, encoding: "utf8" });

it("writes every document, leaves what is up to date, and checks what somebody changed", () => {
  const out = join(folder, "new", "docs");
  const made = gatehouse("--stack", "dev", "--out", out);
  expect([made.status, made.stderr]).toEqual([0, ""]);
  expect(readdirSync(out).sort()).toEqual(Object.keys(DOCUMENTS).sort());
  expect(gatehouse("--stack", "dev", "--out", out, "--check").status).toBe(0);

  writeFileSync(join(out, "controls.md"), "changed by hand\n");
  const stale = gatehouse("--stack", "dev", "--out", out, "--check");
  expect(stale.status).toBe(1);
  expect(stale.stderr).toContain(
    "controls.md: not what Pulumi.dev.yaml says; write it again: gatehouse documents --stack dev",
  );
  expect(readFileSync(join(out, "controls.md"), "utf8")).toBe("changed by hand\n");

  const again = gatehouse("--stack", "dev", "--out", out, "--only", "controls.md");
  expect(again.stdout).toBe(`Wrote ${join(out, "controls.md")}.\n`);
});

it.each([
  ["no folder", [], "required option '--out <dir>'"],
  ["a file that there is not", ["--out", folder, "--only", "secrets.md"], "secrets.md"],
  ["a stack that there is not", ["--out", folder, "--stack", "staging"], "Pulumi.staging.yaml: no such file"],
  ["a folder that cannot be made", ["--out", join(ROOT, "package.json", "docs")], "the folder cannot be made"],
])("says what is wrong with %s", (_, args, says) => {
  const { status, stderr } = gatehouse(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain("    at ");
});
