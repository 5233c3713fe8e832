import { join } from "node:path";
import { buildReport, type Report } from "../../cli/report/report";
import { readSnapshot } from "../../cli/report/snapshot";
import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";
import { recorded } from "../cli/report/support/recorded";

jest.setTimeout(400_000);

/** The configuration of the recorded changes, as overrides of Pulumi.dev.yaml. */
const WIDE = [
  'gatehouse:repositories=[{"name":"api","access":"write","reviewers":["backend"]},{"name":"docs","access":"write"}]',
  "gatehouse:gate.requestsPerMinute=240",
  "gatehouse:rotation.repository=infrastructure",
];
const NARROW = [
  "gatehouse:gate.requestsPerMinute=60",
  "gatehouse:review.approvals=2",
  "gatehouse:rotation.repository=infrastructure",
];

let ready: Ready;
let running: Running;
beforeAll(async () => {
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const run = async (args: string[], overrides: readonly string[] = []): Promise<string> => {
  const command = gatehouse(["sandbox", ...args, "--stack", "dev", ...overrides.flatMap((one) => ["--config", one])], {
    env: { ...ready.env, GATEHOUSE_STATE_DIR: join(ready.stateDir, "..", "report") },
  });
  const code = await command.exited;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${command.stdout()}\n${command.stderr()}`);
  return command.stdout();
};
/**
 * Without the list of protected paths: how it is written out is the program's, which has moved on since the recording.
 */
const changes = (before: string, after: string): Report["changes"] =>
  buildReport({
    title: "x",
    before: readSnapshot(before, "before"),
    after: readSnapshot(after, "after"),
  }).changes?.filter(({ id }) => !id.endsWith("/filePathRestriction"));

it("says of the sandbox's previews and exports what it says of the real engine's for the same changes", async () => {
  await run(["up"]);
  const created = await run(["export"]);
  expect(changes(created, await run(["preview", "--json"]))).toEqual([]);
  // The real engine's state and the sandbox's mean the same, in either direction.
  expect(changes(recorded("1-create.export.json"), created)).toEqual([]);
  expect(changes(created, recorded("1-create.export.json"))).toEqual([]);

  const wider = changes(recorded("1-create.export.json"), recorded("3-widen.preview.json"));
  expect(wider).not.toEqual([]);
  expect(changes(created, await run(["preview", "--json"], WIDE))).toEqual(wider);
  await run(["up"], WIDE);
  const widened = await run(["export"]);
  expect(changes(created, widened)).toEqual(wider);
  expect(changes(widened, await run(["preview", "--json"], NARROW))).toEqual(
    changes(recorded("3-widen.export.json"), recorded("4-narrow.preview.json")),
  );
});
