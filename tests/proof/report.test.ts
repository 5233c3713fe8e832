import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildReport, type Report } from "../../cli/report/report";
import { readSnapshot } from "../../cli/report/snapshot";
import { gatehouse, ROOT, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(400_000);

/** The configuration of the recorded change, as overrides of Pulumi.dev.yaml. */
const WIDE = [
  'gatehouse:repositories=[{"name":"api","access":"write","reviewers":["backend"]},{"name":"docs","access":"write"}]',
  "gatehouse:gate.requestsPerMinute=240",
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
const recorded = (name: string): string => readFileSync(join(ROOT, "tests/fixtures/report/real", name), "utf8");
/** The stand-ins listen elsewhere in each run. */
const PORT = /127\.0\.0\.1:\d+/g;
/** So do the ids that they give out: by the order in which they appear. */
function numbered(text: string): string {
  const ids = new Map<string, string>();
  return text.replace(/\b1000\d{5}\b/g, (id) => ids.get(id) ?? ids.set(id, `#${ids.size}`).get(id)!);
}
/** A whole report but for versions, times, ports and ids. */
function told(before: string, after: string): Report {
  const {
    inputs: _,
    resources,
    ...rest
  } = buildReport({
    title: "x",
    before: readSnapshot(before, "before"),
    after: readSnapshot(after, "after"),
  });
  // The program has moved on since the recording: what does not change may be more.
  const report = { ...rest, resources: resources.filter(({ change }) => change !== "same") };
  return JSON.parse(numbered(JSON.stringify(report).replace(PORT, "127.0.0.1:1"))) as Report;
}

it("says of the sandbox's previews and exports what it says of the real engine's for the same changes", async () => {
  await run(["up"]);
  const created = await run(["export"]);
  const same = told(created, await run(["preview", "--json"]));
  expect(same.changes).toEqual([]);
  // The real engine's state and the sandbox's mean the same.
  expect(same.facts).toEqual(told(recorded("create.export.json"), recorded("create.export.json")).facts);

  const wider = told(recorded("create.export.json"), recorded("widen.preview.json"));
  expect(wider.verdict).toBe("both");
  expect(told(created, await run(["preview", "--json"], WIDE))).toEqual(wider);
  await run(["up"], WIDE);
  expect(told(created, await run(["export"]))).toEqual(wider);
});
