import { Anthropic as Client } from "@anthropic-ai/sdk";
import { Cleanup } from "../../../cli/support/cleanup";
import type { DrillRow } from "../../../cli/report/drill";
import { readProjectStack } from "../../../cli/support/project";
import { ROOT } from "../../../tests/support/sandbox";
import { bringUp, type Deployment } from "../../rehearsal/deploy";
import { RAISED } from "../../rehearsal/drillLocks";
import { drillFromAgent } from "../../rehearsal/fromAgent";
import { openSandbox, type Sandbox } from "../../rehearsal/sandbox";

/* Agent → way out → gate → GitHub, all of it as the stack declares it; then with one thing open at a time. */

jest.setTimeout(400_000);

const CONFIG = [
  ...RAISED,
  "gatehouse:agent.environment.kind=claude-managed-agent",
  "gatehouse:agent.environment.model=claude-opus-5-5",
];
const cleanup = new Cleanup([]);
let sandbox: Sandbox;
let deployment: Deployment;
let client: Client;
beforeAll(async () => {
  sandbox = await openSandbox(readProjectStack("dev", CONFIG, ROOT), CONFIG, cleanup, () => undefined);
  deployment = await bringUp(sandbox, () => undefined);
  const { api, key } = sandbox.systems.claude;
  client = new Client({ baseURL: api, apiKey: key, maxRetries: 0 });
});
afterAll(() => cleanup.run());

const drill = (change: Partial<Deployment> = {}): Promise<DrillRow[]> =>
  drillFromAgent(sandbox, { ...deployment, ...change }, cleanup);
const open = (rows: readonly DrillRow[]): string[] => rows.filter(({ holds }) => !holds).map(({ title }) => title);
/** Whatever is changed at Anthropic is put back by another `up`. */
async function putBack(): Promise<void> {
  await sandbox.stack.refresh({});
  const up = await sandbox.stack.up({});
  expect([up.failed, up.diagnostics]).toEqual([false, []]);
}

it("comes up, has nothing to do the second time, and holds", async () => {
  const again = await sandbox.stack.preview({});
  expect([again.failed, Object.keys(again.changeSummary)]).toEqual([false, ["same"]]);
  const rows = await drill();
  expect(rows.map(({ title, expect: wanted, answer }) => [title, wanted, answer.rule ?? answer.status])).toEqual([
    ["clone https://github.com/acme/api", "allowed", 200],
    ["clone git@github.com:acme/docs.git", "allowed", 200],
    ["push a branch below claude/ (api)", "allowed", 200],
    ["open a draft pull request (api)", "allowed", 201],
    ["clone another repository (secrets)", "refused", "repository-not-listed"],
    ["push to main (api)", "refused", "ref-outside-agent-space"],
    ["ask the gate without the key", "refused", "unauthenticated"],
    ["reach github.com itself", "refused", "the sandbox's network"],
    ["reach github.com without TLS", "refused", "the sandbox's network"],
    ["reach api.github.com with the key", "refused", "the sandbox's network"],
    ["reach any other host with the key", "refused", "the sandbox's network"],
    ["reach a name that begins like the gate's", "refused", "the sandbox's network"],
    ["find the key in the sandbox", "refused", "a placeholder"],
    ["have the key written into a pull request", "refused", "a placeholder"],
    [
      "have key or placeholder sent to another host",
      "refused",
      expect.stringMatching(/^\d+ requests had it, all to the gate$/),
    ],
  ]);
  expect(open(rows)).toEqual([]);
});

it("finds each thing that is open", async () => {
  const { environment_id, vault_ids = [] } = deployment.agentSession!;
  const vault_id = vault_ids[0] ?? "";
  const shell = (await client.beta.vaults.credentials.list(vault_id)).data.find(
    ({ auth }) => auth.type === "environment_variable",
  );
  const credential = (auth: object) =>
    client.beta.vaults.credentials.update(shell?.id ?? "", {
      vault_id,
      auth: { type: "environment_variable", ...auth } as never,
    });

  // A network without limits: every other host answers, and gets the placeholder.
  await client.beta.environments.update(environment_id, {
    config: { type: "cloud", networking: { type: "unrestricted" } },
  });
  const network = [
    "reach github.com itself",
    "reach github.com without TLS",
    "reach api.github.com with the key",
    "reach any other host with the key",
    "reach a name that begins like the gate's",
    "have key or placeholder sent to another host",
  ];
  expect(open(await drill())).toEqual(network);
  // And a credential without one: the same rows, and the key itself leaves.
  await credential({ networking: { type: "unrestricted" } });
  expect(open(await drill())).toEqual(network);
  await putBack();

  await credential({ injection_location: { header: true, body: true } });
  expect(open(await drill())).toEqual(["have the key written into a pull request"]);
  await putBack();

  // No key at all: nothing works, and nothing that fails for want of it counts as refused.
  await credential({ injection_location: { header: false, body: true } });
  expect(open(await drill())).toEqual(
    expect.arrayContaining([
      "clone https://github.com/acme/api",
      "open a draft pull request (api)",
      "clone another repository (secrets)",
      "push to main (api)",
      "have key or placeholder sent to another host",
    ]),
  );
  await putBack();

  // A gate that does not answer refuses nothing.
  expect(open(await drill({ gateUrl: "http://127.0.0.1:9" }))).toHaveLength(15);
  expect(open(await drill())).toEqual([]);
});
