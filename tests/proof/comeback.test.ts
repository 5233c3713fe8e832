import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment, ResourceState } from "../../sandbox/engine/state";
import { inventory } from "../support/inventory";
import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(600_000);

/**
 * Production, with a ruleset of the organization, a route and nothing protected: between them, nearly all that the
 * stack declares.
 */
const OPEN = ["--config", "gatehouse:protect=false"];
const OTHER_WAYS = [
  ...OPEN,
  ...["--config", "gatehouse:plan=enterprise"],
  ...["--config", "gatehouse:gate.attach=route"],
];

let ready: Ready;
let running: Running;
beforeAll(async () => {
  ({ ready, running } = await serve("--bare", "--stack", "prod"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

/** A stack's state of its own, against the same systems. */
class Side {
  readonly state = join(ready.stateDir, "..", randomUUID());

  async tried(...args: string[]): Promise<{ code: number; out: string; said: string }> {
    const command = gatehouse(["sandbox", ...args, "--stack", "prod"], {
      env: { ...ready.env, GATEHOUSE_STATE_DIR: this.state, PULUMI_CONFIG_PASSPHRASE: "x" },
    });
    const code = await command.exited;
    const lines =
      command
        .stdout()
        .split(/Diagnostics:/)[1]
        ?.split("\n  Outputs:")[0] ?? "";
    return { code, out: command.stdout(), said: `${lines.slice(0, 4_000)}${command.stderr()}` };
  }
  async run(...args: string[]): Promise<string> {
    const { code, out, said } = await this.tried(...args);
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${said || out.slice(0, 4_000)}`);
    return out;
  }
  async exported(): Promise<Deployment> {
    return JSON.parse(await this.run("export")) as Deployment;
  }
  async import(deployment: Deployment): Promise<void> {
    mkdirSync(this.state, { recursive: true });
    const file = join(this.state, "deployment.json");
    writeFileSync(file, JSON.stringify(deployment), { mode: 0o600 });
    await this.run("import", "--file", file);
  }
}

const managed = ({ deployment }: Deployment): ResourceState[] => {
  const all = (deployment.resources ?? []) as unknown as ResourceState[];
  return all.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
};
const REPOSITORIES = ["api", "web", "mobile", "infrastructure", "payments", "docs"];
const NOTHING = "--expect-no-changes";

let before: Record<string, unknown>;
let stands: Record<string, unknown>;
let side: Side;
beforeAll(async () => {
  before = await inventory(ready, REPOSITORIES);
  side = new Side();
  await side.run("up");
  stands = await inventory(ready, REPOSITORIES);
});

it("a protected stack loses nothing to destroy; without protection it goes, and comes back", async () => {
  const made = managed(await side.exported());
  expect(made.filter(({ protect }) => protect).map(({ type }) => type.split(":").at(-1))).toEqual(
    expect.arrayContaining(["Membership", "SecretV2", "Mount", "R2Bucket"]),
  );
  const refused = await side.tried("destroy", "--yes");
  expect([refused.code, refused.said]).toEqual([1, expect.stringMatching(/it is protected/)]);
  expect(managed(await side.exported()).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
  expect(await inventory(ready, REPOSITORIES)).toEqual(stands);

  await side.run("up", ...OPEN);
  await side.run("destroy");
  expect(await inventory(ready, REPOSITORIES)).toEqual(before);
  await side.run("up", ...OPEN);
  expect(await inventory(ready, REPOSITORIES)).toEqual(stands);
  await side.run("preview", NOTHING, ...OPEN);
});

it("a machine user is renamed, and gets its name back", async () => {
  await side.run("up", ...OPEN, "--config", "gatehouse:agent.machineUser=other-admin");
  await side.run("up", ...OPEN);
  expect(await inventory(ready, REPOSITORIES)).toEqual(stands);
  await side.run("preview", NOTHING, ...OPEN);
});

it("what is lost from the state alone comes back: a create-only secret after a person let the old one go, a schedule by itself", async () => {
  await cron("github-gate-rotator", "PUT", [{ cron: "0 3 * * *" }]);
  const known = await side.exported();
  known.deployment.resources = known.deployment.resources!.filter(
    ({ urn }) => !/::gatehouse-(store-break-glass|rotator-cron)$/.test(String(urn)),
  );
  await side.import(known);
  const stopped = await side.tried("up", ...OPEN);
  expect([stopped.code, stopped.said]).toEqual([1, expect.stringMatching(/check-and-set parameter/)]);
  const deleted = await fetch(`${ready.vault.addr}/v1/agents/metadata/break-glass/claude-bot`, {
    method: "DELETE",
    headers: { "x-vault-token": ready.vault.token },
  });
  expect(deleted.status).toBe(204);
  await side.run("up", ...OPEN);
  await side.run("preview", NOTHING, ...OPEN);
  expect(await cron("github-gate-rotator", "GET")).not.toContain("0 3 * * *");
});

it("a lost state: making all of it again is refused in words that docs/recovery.md explains, and a kept export brings it back", async () => {
  const kept = await side.exported();
  const again = await new Side().tried("up", ...OPEN);
  expect([again.code, again.said]).toEqual([1, expect.stringMatching(/422|409|400/)]);
  side = new Side();
  await side.import(kept);
  await side.run("up", ...OPEN); // what the try changed before it was refused
  await side.run("preview", NOTHING, ...OPEN);
  await side.run("destroy");
  expect(await inventory(ready, REPOSITORIES)).toEqual(before);
});

it("every creation that was begun and not recorded is found and taken over, or made again", async () => {
  const begun = new Side();
  await begun.run("up", ...OPEN);
  // Other owners of the code: they are proposed by branch and pull request where the file stands already.
  const ways = [...OTHER_WAYS, "--config", "gatehouse:review.securityTeam=agent-reviewers"];
  await begun.run("up", ...ways);
  const made = await begun.exported();
  const ids = managed(made);
  made.deployment.resources = made.deployment.resources!.filter(
    ({ urn }) => !ids.some((one) => one.urn === String(urn)),
  );
  made.deployment.pending_operations = ids.map(({ id: _, outputs: __, ...resource }) => ({
    type: "creating",
    resource: resource as unknown as Record<string, unknown>,
  }));
  await begun.import(made);
  await begun.run("up", ...ways);
  await begun.run("preview", NOTHING, ...ways);
  const now = new Map(managed(await begun.exported()).map((one) => [one.urn, one.id]));
  // Made again: what is random. A Logpush job of the same name, which an earlier try left, is not taken for the one
  // that was begun.
  const twice = ids.filter(({ type, urn, id }) => !/Random|SecretId/.test(type) && now.get(urn) !== id);
  expect(twice.map(({ urn }) => urn)).toEqual([]);
});

async function cron(script: string, method: "GET" | "PUT", body?: unknown): Promise<string[]> {
  const { api, accountId, token } = ready.cloudflare;
  const answer = await fetch(`${api}/accounts/${accountId}/workers/scripts/${script}/schedules`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { result } = (await answer.json()) as { result: { schedules: { cron: string }[] } };
  return result.schedules.map((one) => one.cron);
}
