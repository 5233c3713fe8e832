import { spawn } from "node:child_process";
import { KeptProcess } from "../../../cli/gate/keptProcess";
import { until } from "../../support/until";

const started: number[] = [];
const ends: [string, number][] = [];
let kept: KeptProcess | undefined;
afterEach(() => kept?.stop());

const program =
  (command: string, ...args: string[]) =>
  () => {
    const child = spawn(command, args, { stdio: "ignore" });
    started.push(child.pid ?? 0);
    return child;
  };
const heard = (how: string, delayMs: number): void => void ends.push([how, delayMs]);

beforeEach(() => {
  started.length = 0;
  ends.length = 0;
});

it("starts a killed process again, until it is stopped", async () => {
  kept = new KeptProcess(program("sleep", "60"), heard);
  process.kill(started[0] ?? 0, "SIGKILL");
  await until("a second one", () => started.length === 2);
  expect(ends).toEqual([["SIGKILL", 100]]);
  await kept.stop();
  expect(() => process.kill(started[1] ?? 0, 0)).toThrow("ESRCH");
  expect([started.length, ends.length]).toEqual([2, 1]);
});

it("says with which code one ended, and why one cannot be started", async () => {
  kept = new KeptProcess(program("sh", "-c", "exit 3"), heard);
  await until("its end", () => ends.length > 0);
  await kept.stop();
  expect(ends[0]).toEqual(["code 3", 100]);
  ends.length = 0;
  kept = new KeptProcess(program("/nowhere/workerd"), heard);
  await until("its end", () => ends.length > 0);
  expect(ends[0]?.[0]).toContain("ENOENT");
});

it("can be stopped while it waits for its next start", async () => {
  kept = new KeptProcess(program("sh", "-c", "exit 1"), heard);
  await until("its end", () => ends.length > 0);
  await kept.stop();
  const count = started.length;
  await until("the time of a next start", () => new Promise((resolve) => setTimeout(() => resolve(true), 400)));
  expect(started.length).toBe(count);
});
