import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inventory } from "../support/inventory";
import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(400_000);

let ready: Ready;
let running: Running;
const REPOSITORIES = ["api", "docs"];
const STACK = ["--stack", "dev"];

beforeAll(async () => {
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

/** Each test deploys with a state of its own against the same systems. */
const env = (state: string): Record<string, string> => ({
  ...ready.env,
  GATEHOUSE_STATE_DIR: join(ready.stateDir, "..", state),
});
const run = async (args: string[], state: string): Promise<string> => {
  const command = gatehouse(["sandbox", ...args, ...STACK], { env: env(state) });
  const code = await command.exited;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${command.stdout()}\n${command.stderr()}`);
  return command.stdout();
};
const checkpointed = (state: string): number => {
  const file = join(env(state).GATEHOUSE_STATE_DIR ?? "", "stacks", "dev.json");
  if (!existsSync(file)) return 0;
  return (
    (
      JSON.parse(readFileSync(file, "utf8")) as {
        deployment?: { resources?: unknown[] };
        checkpoint?: { latest?: { resources?: unknown[] } };
      }
    ).checkpoint?.latest?.resources ??
    (JSON.parse(readFileSync(file, "utf8")) as { deployment?: { resources?: unknown[] } }).deployment?.resources ??
    []
  ).length;
};

/** Kills `up` with SIGKILL as soon as the checkpoint holds so many resources. */
async function killedAfter(resources: number, state: string): Promise<void> {
  const up = gatehouse(["sandbox", "up", ...STACK], { env: env(state) });
  let over = false;
  void up.exited.then(() => {
    over = true;
  });
  while (!over && checkpointed(state) < resources)
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  for (const pid of up.survivors())
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      /* it ended by itself */
    }
  await up.exited;
}

it("ends where an undisturbed run ends when killed and run again, and destroy leaves the systems as they were", async () => {
  const before = await inventory(ready, REPOSITORIES);
  await run(["up"], "undisturbed");
  const up = await inventory(ready, REPOSITORIES);
  expect(up).not.toEqual(before);
  await run(["destroy"], "undisturbed");
  expect(await inventory(ready, REPOSITORIES)).toEqual(before);

  for (const resources of [5, 17, 29, 41, 52]) await killedAfter(resources, "killed");
  await run(["up"], "killed");
  expect(await inventory(ready, REPOSITORIES)).toEqual(up);
  const again = await run(["preview", "--json"], "killed");
  expect(Object.keys((JSON.parse(again) as { changeSummary: object }).changeSummary)).toEqual(["same"]);
  await run(["destroy"], "killed");
  expect(await inventory(ready, REPOSITORIES)).toEqual(before);
});
