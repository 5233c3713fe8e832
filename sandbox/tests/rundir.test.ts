import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, openRunDir } from "../rundir";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gatehouse-rundir-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** No process can have this id: it is above the kernel's largest. */
const DEAD = 4_194_305;

it("makes a folder that only its owner can read, and removes it", () => {
  const run = openRunDir(root);
  expect(statSync(run.dir).mode & 0o777).toBe(0o700);
  run.remove();
  expect(existsSync(run.dir)).toBe(false);
});

it("sweeps what killed runs left, and nothing of runs that live or of other names", () => {
  const left = join(root, "run", `${DEAD}-abcd`);
  const living = join(root, "run", `${process.ppid}-abcd`);
  const foreign = join(root, "run", "notes");
  for (const dir of [left, living, foreign]) mkdirSync(dir, { recursive: true });
  openRunDir(root);
  expect([left, living, foreign].map((dir) => existsSync(dir))).toEqual([false, true, true]);
});

it("tells the living from the dead, also where the process belongs to somebody else", () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(1)).toBe(true);
  expect(isAlive(DEAD)).toBe(false);
});
