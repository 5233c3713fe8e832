import { readProjectStack } from "../../cli/support/project";
import { mintAsPerson } from "../../sandbox/rehearsal/person";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(600_000);

const NAMESPACE = "platform/agents";
const STACK = ["--stack", "dev", "--config", `gatehouse:tokenStore.namespace=${NAMESPACE}`];

let ready: Ready;
let running: Running;
beforeAll(async () => {
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

async function run(args: readonly string[], input?: string): Promise<string> {
  const command = gatehouse([...args, ...STACK], {
    env: { ...ready.env, PULUMI_CONFIG_PASSPHRASE: "x" },
    ...(input === undefined ? {} : { input }),
  });
  expect([args, await command.exited, command.stderr()]).toEqual([args, 0, expect.any(String)]);
  return command.stdout();
}

/** Asks OpenBao as its administrator, in the root namespace unless told. */
async function bao(
  method: string,
  path: string,
  namespace = "",
): Promise<{ status: number; data: Record<string, unknown> }> {
  const answer = await fetch(`${ready.vault.addr}/v1/${path}`, {
    method,
    headers: {
      "x-vault-token": ready.vault.token,
      ...(namespace === "" ? {} : { "x-vault-namespace": namespace }),
    },
  });
  const { data } = JSON.parse((await answer.text()) || "{}") as { data?: Record<string, unknown> };
  return { status: answer.status, data: data ?? {} };
}

/** Names of what is mounted, and of the ways to sign in. */
const inside = async (namespace: string): Promise<string[]> =>
  (await Promise.all(["sys/mounts", "sys/auth"].map((path) => bao("GET", path, namespace)))).flatMap(({ data }) =>
    Object.keys(data),
  );

const asked = async (key: string): Promise<number> => {
  const answer = await fetch(`${ready.env.GATEHOUSE_GATE_URL}/repos/acme/api`, {
    headers: { authorization: `Bearer ${key}` },
  });
  await answer.text();
  return answer.status;
};

it("comes up in a namespace of OpenBao: the gate and the token's commands work in it, and nothing stands outside of it", async () => {
  for (const [name, parent] of [
    ["platform", ""],
    ["agents", "platform"],
  ] as const)
    expect((await bao("POST", `sys/namespaces/${name}`, parent)).status).toBe(200);
  const outside = await inside("");

  await run(["sandbox", "up"]);
  expect(await inside("")).toEqual(outside);
  expect(await inside(NAMESPACE)).toContain("agents/");
  const { deployment } = JSON.parse(await run(["sandbox", "export", "--show-secrets"])) as {
    deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] };
  };
  const outputs = deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const key = JSON.parse((outputs.gateKey as { plaintext: string }).plaintext) as string;
  expect(await asked(key)).toBe(503); // no token yet

  const { environment } = readProjectStack("dev", [STACK[3]!]);
  const token = await mintAsPerson(ready.github.api, environment, outputs.tokenPermissions as Record<string, string>);
  await run(["token", "put"], `${token}\n`);
  expect((await bao("GET", "agents/data/github/claude-bot", NAMESPACE)).status).toBe(200);
  expect((await bao("GET", "agents/data/github/claude-bot")).status).toBe(404);
  expect(await asked(key)).toBe(200);
  expect(await run(["token", "status"])).not.toBe("");

  await run(["sandbox", "preview", "--expect-no-changes"]);
});
