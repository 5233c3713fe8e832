import { join } from "node:path";
import type { Deployment, ResourceState } from "../../sandbox/engine/state";
import {
  differences,
  recordedResources,
  resourcesOf,
  unexplained,
  unexplainedCalls,
  type Call,
} from "../support/realRun";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";
import { findInClear, secretTexts } from "../support/secretsInClear";

jest.setTimeout(600_000);

let ready: Ready;
let running: Running;
let env: Record<string, string>;
beforeAll(async () => {
  ({ ready, running } = await serve("--bare"));
  env = {
    ...ready.env,
    GATEHOUSE_STATE_DIR: join(ready.stateDir, "..", "real-run"),
    PULUMI_CONFIG_PASSPHRASE: "x",
  };
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

async function run(...args: string[]): Promise<string> {
  const command = gatehouse(["sandbox", ...args, "--stack", "dev"], { env });
  const code = await command.exited;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${command.stdout()}\n${command.stderr()}`);
  return command.stdout();
}
const exported = async (): Promise<Deployment> => JSON.parse(await run("export")) as Deployment;
/** What reached a stand-in since the last question. */
async function calls({ api }: { api: string }): Promise<Call[]> {
  const url = `${api.replace(/\/client\/v4\/?$/, "")}/_sandbox/requests`;
  const answer = await fetch(url);
  await fetch(url, { method: "DELETE" });
  return (await answer.json()) as Call[];
}
/** What this step sent otherwise than the recorded one, to any of the stand-ins. */
async function sentOtherwise(step: string): Promise<Record<string, string>> {
  return {
    ...unexplainedCalls(step, "cloudflare", await calls(ready.cloudflare)),
    ...unexplainedCalls(step, "github", await calls(ready.github)),
  };
}

it("does for the same program what the real engine and plugins did, and leaves no secret in clear anywhere", async () => {
  const printed: string[] = [];
  printed.push(await run("preview", "--diff"));
  await calls(ready.cloudflare);
  await calls(ready.github);
  printed.push(await run("up"));
  expect(await sentOtherwise("1-create.up")).toEqual({});

  // Every resource, property by property.
  const document = await exported();
  const ours = new Map((await resourcesOf(document, "x")).map((state) => [state.urn, state]));
  const real = await recordedResources();
  const isRandom = ({ type }: ResourceState): boolean => type.startsWith("random:");
  const comparable = real.filter(
    (state) => state.custom && !state.type.startsWith("pulumi:") && (!isRandom(state) || ours.has(state.urn)),
  );
  const found = comparable.flatMap((state) => {
    const mine = ours.get(state.urn);
    return mine ? differences(state, mine) : [{ type: state.type, path: "", real: state.urn, ours: "nothing" }];
  });
  expect(unexplained(found)).toEqual([]);

  // No secret in clear, in none of the documents and texts.
  const secrets = new Set<string>();
  for (const { inputs, outputs } of ours.values()) {
    secretTexts(inputs, false, secrets);
    secretTexts(outputs, false, secrets);
  }
  expect(secrets.size).toBeGreaterThan(12);
  expect(findInClear(document, secrets)).toEqual([]);
  printed.push(await run("preview", "--json"));

  // A schedule that somebody changed is not seen: the real plugin does not read it back.
  const cron = `${ready.cloudflare.api}/accounts/${ready.cloudflare.accountId}/workers/scripts/github-gate-dev/schedules`;
  const answer = await fetch(cron, {
    method: "PUT",
    headers: { authorization: `Bearer ${ready.cloudflare.token}`, "content-type": "application/json" },
    body: JSON.stringify([{ cron: "0 0 1 1 *" }]),
  });
  expect(answer.status).toBe(200);
  await calls(ready.cloudflare);
  await calls(ready.github);
  printed.push(await run("refresh"));
  expect(await sentOtherwise("2-same.refresh")).toEqual({});
  const refreshed = new Map((await resourcesOf(await exported(), "x")).map((state) => [state.urn, state]));
  for (const state of refreshed.values())
    if (state.type === "cloudflare:index/workersCronTrigger:WorkersCronTrigger")
      expect(state.outputs).toEqual(ours.get(state.urn)?.outputs);
  // The next export of the recording was made after a refresh; what the change in between left alone can be compared.
  const before = new Map(comparable.map((state) => [state.urn, JSON.stringify(state.inputs)]));
  const later = (await recordedResources("3-widen.export.json")).filter(
    (state) => before.get(state.urn) === JSON.stringify(state.inputs),
  );
  expect(later.length).toBeGreaterThan(30);
  const after = later.flatMap((state) => differences(state, refreshed.get(state.urn)!));
  expect(unexplained(after)).toEqual([]);

  await calls(ready.cloudflare);
  await calls(ready.github);
  printed.push(await run("destroy"));
  expect(await sentOtherwise("6-destroy")).toEqual({});

  for (const text of printed) expect(findInClear(text, secrets)).toEqual([]);
});
