import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(240_000);

let ready: Ready;
let running: Running;
beforeAll(async () => {
  ({ ready, running } = await serve());
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const ask = async (key: string): Promise<number> => {
  const answer = await fetch(`${ready.gate.url}/repos/acme/api`, { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

/** The stack's gate key, as an operator with the passphrase reads it. */
async function gateKey(): Promise<string> {
  const command = gatehouse(["sandbox", "export", "--stack", "dev", "--show-secrets"], { env: ready.env });
  expect(await command.exited).toBe(0);
  const { deployment } = JSON.parse(command.stdout()) as {
    deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] };
  };
  const output = deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.gateKey as {
    plaintext: string;
  };
  return JSON.parse(output.plaintext) as string;
}

it("takes the old key and the new one until the overlap is over, and then the new one alone, without another deployment", async () => {
  const old = ready.gate.key;
  const previousUntil = new Date(Math.ceil(Date.now() / 1000) * 1000 + 45_000).toISOString().replace(".000Z", "Z");
  const up = gatehouse(
    [
      "sandbox",
      "up",
      "--stack",
      "dev",
      "--config",
      `gatehouse:gate.key={"generation":2,"previousUntil":"${previousUntil}"}`,
    ],
    { env: ready.env },
  );
  expect([await up.exited, up.stderr()]).toEqual([0, ""]);
  const fresh = await gateKey();
  expect(fresh).not.toBe(old);
  expect(fresh).toMatch(/^ghk_[A-Za-z0-9_-]{43}$/);

  expect(Date.parse(previousUntil)).toBeGreaterThan(Date.now() + 2_000);
  expect([await ask(old), await ask(fresh)]).toEqual([200, 200]);
  // A verified key is remembered by the gate: its end counts all the same.
  while (Date.now() < Date.parse(previousUntil) - 1_000)
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
  expect([await ask(old), await ask(fresh)]).toEqual([200, 200]);
  while (Date.now() < Date.parse(previousUntil) + 1_000)
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  expect([await ask(old), await ask(fresh)]).toEqual([401, 200]);
});
