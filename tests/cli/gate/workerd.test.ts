import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workerdAt } from "../../../cli/gate/workerd";
import { workerd } from "../../../sandbox/cloudflare/runtime/workerd";

const folder = mkdtempSync(join(tmpdir(), "find-workerd-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("takes the given program, or the first on PATH", () => {
  expect(workerdAt(workerd, "")).toBe(workerd);
  mkdirSync(join(folder, "bin"));
  symlinkSync(workerd, join(folder, "bin", "workerd"));
  expect(workerdAt(undefined, `:/nowhere:${folder}/bin`)).toBe(join(folder, "bin", "workerd"));
});

it("goes past the script of the npm package, which passes on neither signals nor sockets", () => {
  const script = join(folder, "package", "bin", "workerd");
  for (const part of ["bin", "lib"]) mkdirSync(join(folder, "package", part), { recursive: true });
  writeFileSync(script, "#!/usr/bin/env node\n", { mode: 0o755 });
  writeFileSync(join(folder, "package", "package.json"), '{"main":"lib/main.js"}');
  writeFileSync(join(folder, "package", "lib", "main.js"), `exports.default = ${JSON.stringify(workerd)};`);
  expect(workerdAt(script)).toBe(workerd);
});

it("tells of another release than the tested one", () => {
  const other = join(folder, "workerd-of-another-day");
  writeFileSync(other, "#!/bin/sh\necho workerd 2099-01-01\n", { mode: 0o755 });
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(workerdAt(other)).toBe(other);
  expect(write.mock.calls.join("")).toMatch(/^This workerd is of 20990101; the gate is tested under 1\.\d{8}\.\d+\.\n/);
  write.mockRestore();
});

it.each([
  [
    undefined,
    /^workerd is not on PATH: install it \(npm install --global workerd@1\.\d+\.\d+\), or give its path by --workerd$/,
  ],
  ["/nowhere/workerd", /^--workerd \/nowhere\/workerd: no such program; give the path of workerd 1\./],
  ["/etc/passwd", /^--workerd \/etc\/passwd: it does not run here; give the path of workerd 1\./],
  ["/bin/echo", /^--workerd \/bin\/echo is another program; give the path of workerd$/],
])("says what would be right: %j", (given, words) => {
  expect(() => workerdAt(given, "/nowhere")).toThrow(words);
});
