import { startLoad } from "../../sandbox/rehearsal/load";
import { freePort } from "../../sandbox/tools/ports";
import { ROOT, gatehouse, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(240_000);

/** The rotator Worker on real parts: its schedule is fired by hand, and tells it what time it is supposed to be. */
const SCRIPT = "github-gate-dev-rotator";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const INSTALLATION = 'gatehouse:agent.credential={"kind":"app-installation","appId":424242,"installationId":515151}';
const LIMITS = "gatehouse:gate.requestsPerMinute=6000";

interface Issued {
  sha256: string;
  kind: string;
  alive: boolean;
}

const running: Running[] = [];
async function start(...overrides: string[]): Promise<Ready> {
  const { ready, running: process } = await serve(...overrides);
  running.push(process);
  return ready;
}
afterEach(async () => {
  for (const { child, exited } of running.splice(0)) {
    child.kill("SIGTERM");
    await exited;
  }
});

async function cron(ready: Ready, aheadMs: number): Promise<string> {
  const answer = await fetch(`${ready.cloudflare.api}/_sandbox/cron`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ script: SCRIPT, scheduledTime: Date.now() + aheadMs }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { outcome: string }).outcome;
}
async function alive(ready: Ready, kind: string): Promise<string[]> {
  const tokens = (await (await fetch(`${ready.github.api}/_sandbox/tokens`)).json()) as Issued[];
  return tokens.filter((t) => t.kind === kind && t.alive).map((t) => t.sha256);
}
/** Hash of the token with which the gate's last request reached GitHub. */
async function used(ready: Ready): Promise<string> {
  await fetch(`${ready.github.api}/_sandbox/requests`, { method: "DELETE" });
  const answer = await fetch(`${ready.gate.url}/repos/acme/api`, {
    headers: { authorization: `Bearer ${ready.gate.key}` },
  });
  await answer.text();
  expect(answer.status).toBe(200);
  const seen = (await (await fetch(`${ready.github.api}/_sandbox/requests`)).json()) as {
    path: string;
    headers: Record<string, string>;
  }[];
  return (
    seen
      .filter((r) => r.path.endsWith("/repos/acme/api"))
      .at(-1)
      ?.headers.authorization?.replace("sha256:", "") ?? ""
  );
}
const underLoad = async (
  ready: Ready,
  work: () => Promise<string>,
): Promise<{ outcome: string; sent: number; failures: readonly string[] }> => {
  const load = startLoad({ url: `${ready.gate.url}/repos/acme/api`, key: ready.gate.key, perSecond: 50 });
  const outcome = await work();
  const { sent, failures } = await load.stop();
  return { outcome, sent, failures };
};

/**
 * A workflow's identity token, as GitHub gives it, in place of any stored secret; the sign-in is the one that the stack
 * has made.
 */
async function signsInFromCi(ready: Ready): Promise<void> {
  const rotate = async (claims: Record<string, unknown>): Promise<[number, string]> => {
    const minted = await fetch(`${ready.github.api}/_sandbox/oidc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        claims: { repository: "acme/docs", ref: "refs/heads/main", aud: "gatehouse-agents", ...claims },
      }),
    });
    const { token } = (await minted.json()) as { token: string };
    const job = gatehouse(
      ["token", "rotate", "--reason", "ci", "--json", "--stack", "dev", "--config", INSTALLATION, "--config", LIMITS],
      { env: { ...ready.env, VAULT_TOKEN: "", GATEHOUSE_OIDC_TOKEN: token } },
    );
    const code = await job.exited;
    return [code, job.stdout() + job.stderr()];
  };
  const [code, said] = await rotate({});
  expect([code, said]).toEqual([0, expect.stringContaining('"result":"finished"')]);
  for (const wrong of [
    { repository: "acme/api" },
    { ref: "refs/heads/claude/x" },
    { aud: "another" },
    { repository: "other-org/docs" },
  ]) {
    const [refused, why] = await rotate(wrong);
    expect([wrong, refused, why]).toEqual([wrong, 1, expect.stringMatching(/Vault refused to log in \(40[03]\)/)]);
  }
}

describe.each([
  ["vault", []],
  ["kv", ["--config", 'gatehouse:tokenStore={"kind":"kv"}']],
])("an installation token over %s", (store, extra) => {
  it("is made by itself, left alone until it is due, then replaced without a failed request; the old one is dead", async () => {
    const ready = await start("--config", INSTALLATION, "--config", LIMITS, ...extra);
    const [first, ...others] = await alive(ready, "app-installation");
    expect(others).toEqual([]);
    expect(await used(ready)).toBe(first);

    expect(await cron(ready, 0)).toBe("ok");
    expect(await alive(ready, "app-installation")).toEqual([first]);

    const { outcome, sent, failures } = await underLoad(ready, () => cron(ready, 45 * MINUTE));
    expect([outcome, failures]).toEqual(["ok", []]);
    expect(sent).toBeGreaterThan(100);
    const after = await alive(ready, "app-installation");
    expect(after).toHaveLength(1);
    expect(after).not.toContain(first);
    expect(await used(ready)).toBe(after[0]);

    if (store === "vault") await signsInFromCi(ready);

    const preview = gatehouse(
      ["sandbox", "preview", "--json", "--stack", "dev", "--config", INSTALLATION, "--config", LIMITS, ...extra],
      { env: ready.env },
    );
    expect(await preview.exited).toBe(0);
    const { steps } = JSON.parse(preview.stdout()) as { steps: { op: string; urn: string }[] };
    expect(steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn}`)).toEqual([]);
  });
});

it("makes the first token without a person once its minting secret is placed, and says so before", async () => {
  const ready = await start("--bare", "--config", INSTALLATION);
  const run = async (...args: string[]): Promise<void> => {
    const command = gatehouse([...args, "--stack", "dev", "--config", INSTALLATION], { env: ready.env, cwd: ROOT });
    expect([args, await command.exited, command.stderr()]).toEqual([args, 0, expect.any(String)]);
  };
  await run("sandbox", "up");
  expect(await cron(ready, 0)).toBe("exception"); // a failed run: nobody has placed the App's key yet
  expect(await alive(ready, "app-installation")).toEqual([]);
  const pem = (await (await fetch(`${ready.github.api}/_sandbox/app`)).json()) as { pem: string };
  const minter = gatehouse(["token", "minter", "--stack", "dev", "--config", INSTALLATION], {
    env: ready.env,
    input: pem.pem,
  });
  expect([await minter.exited, minter.stderr()]).toEqual([0, ""]);
  expect(minter.stdout()).not.toContain("PRIVATE KEY");
  expect(await cron(ready, 0)).toBe("ok");
  expect(await alive(ready, "app-installation")).toHaveLength(1);
});

it.each([
  [
    "app-user-token",
    6 * HOUR,
    ['gatehouse:agent.credential={"kind":"app-user-token","clientId":"Iv23liGatehouseSandbox"}'],
  ],
  [
    "ghes-impersonation",
    31 * 24 * HOUR,
    [
      'gatehouse:agent.credential={"kind":"ghes-impersonation","expiryDays":30}',
      "gatehouse:githubUrl=http://127.0.0.1:PORT",
    ],
  ],
])("a token of kind %s is replaced by the schedule when it is due", async (kind, aheadMs, overrides) => {
  const port = String(await freePort());
  const ready = await start(...[...overrides, LIMITS].flatMap((one) => ["--config", one.replace("PORT", port)]));
  const first = await used(ready);
  expect(await cron(ready, 0)).toBe("ok");
  expect(await used(ready)).toBe(first);
  const { outcome, failures } = await underLoad(ready, () => cron(ready, aheadMs));
  expect([outcome, failures]).toEqual(["ok", []]);
  const now = await used(ready);
  expect(now).not.toBe(first);
  const living = await alive(ready, kind);
  expect(living).toContain(now);
  expect(living).not.toContain(first);
});
