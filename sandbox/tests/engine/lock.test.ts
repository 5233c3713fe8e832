import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireLock } from "../../engine/lock";

const folder = (): string => mkdtempSync(join(tmpdir(), "gatehouse-state-"));

describe("the lock", () => {
  it("is held by one at a time, told by whom, and leaves nothing behind", () => {
    const dir = folder();
    const file = join(dir, "dev.lock");
    const lock = acquireLock(file, "up");
    expect(() => acquireLock(file, "destroy")).toThrow(`process ${process.pid} has been running "up"`);
    lock.release();
    lock.release();
    acquireLock(file, "destroy").release();
    expect(readdirSync(dir)).toEqual([]);
    rmSync(dir, { recursive: true });
  });

  it.each([
    ["a process that is gone", { pid: 2 ** 22 - 3, token: "t", since: "", command: "up" }],
    ["a recycled process id", { pid: process.pid, started: "1", token: "t", since: "", command: "up" }],
    ["something unreadable", undefined],
  ])("of %s is taken over", (_what, holder) => {
    const dir = folder();
    const file = join(dir, "dev.lock");
    writeFileSync(file, holder ? JSON.stringify(holder) : "{");
    acquireLock(file, "up").release();
    expect(existsSync(file)).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
