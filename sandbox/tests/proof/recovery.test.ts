import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, cpSync } from "node:fs";
import { join, resolve } from "node:path";
import type { StackExport } from "../../engine";
import { cloudLog, cloudPackage, thingsIn } from "../engine/support/cloud";
import { makeWorkspace, messagesOf, stepsOf, type Workspace } from "../engine/support/workspace";

jest.setTimeout(400_000);

const ROOT = resolve(__dirname, "../../..");
const PASSPHRASE = "a test's passphrase";

const FIRST = `
  const group = new Group("group");
  const base = new Thing("base", { key: "base", value: "1" }, { parent: group });
  const leaf = new Thing("leaf", { key: "leaf", value: base.token }, { parent: group });
  const single = new Single("single", { key: "single", shape: "round" });
  const moved = new Thing("moved", { key: "here" });
  new Thing("old", { key: "old" });
  module.exports = { token: leaf.token };`;
const SECOND = `
  const group = new Group("group");
  const base = new Thing("base", { key: "base", value: "2" }, { parent: group });
  const leaf = new Thing("leaf", { key: "leaf", value: pulumi.interpolate\`\${base.token}!\` }, { parent: group });
  const single = new Single("single", { key: "single", shape: "square" });
  const moved = new Thing("moved", { key: "there", value: single.token });
  new Thing("new", { key: "new" });
  module.exports = { token: leaf.token };`;

/** What a state says, times, ciphertexts and the order of parallel steps aside. */
function essence(deployment: StackExport): unknown {
  const { resources = [], pending_operations: pending = [] } = deployment.deployment;
  const text = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (key, item: unknown) =>
        ["created", "modified", "ciphertext", "sourcePosition", "stackTrace"].includes(key)
          ? undefined
          : key === "provider"
            ? String(item).replace(/[0-9a-f-]{36}$/, "ID")
            : item,
      ),
    );
  return {
    pending,
    resources: resources
      .map((resource) =>
        text(String(resource.type).startsWith("pulumi:providers:") ? { ...resource, id: "ID" } : resource),
      )
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}

let workspace: Workspace;
beforeAll(() => {
  workspace = makeWorkspace();
});
afterAll(() => {
  workspace.remove();
});

/** A run in a process of its own that is killed the hard way. */
const runUntil = (killAt: string): { killed: boolean } => {
  const child = spawnSync(
    process.execPath,
    ["-r", "tsx/cjs", join(__dirname, "../engine/support/killed.ts"), workspace.dir, workspace.cloudDir, killAt],
    {
      cwd: ROOT,
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE },
    },
  );
  return { killed: child.signal === "SIGKILL" };
};

const PARTS = [".gatehouse", "cloud"];
const momentDir = (at: number): string => join(workspace.dir, "moments", String(at));

/**
 * Runs once in this process and copies state and cloud at every moment of a kind. A process that is killed there leaves
 * exactly this: what it had written. What was under way and had no effect yet is in neither. Its lock is left out, as
 * its holder is dead.
 */
async function momentsOf(kind: "checkpoint" | "effect"): Promise<number> {
  rmSync(join(workspace.dir, "moments"), { recursive: true, force: true });
  let moments = 0;
  const keep = (): void => {
    moments += 1;
    for (const part of PARTS)
      cpSync(join(workspace.dir, part), join(momentDir(moments), part), {
        recursive: true,
        filter: (file) => !/\.lock|\.tmp$/.test(file),
      });
  };
  const stack = await workspace.open({ hooks: { delayMs: 5, ...(kind === "effect" ? { afterEffect: keep } : {}) } });
  const up = await stack.up({
    onEvent: (event) => {
      if (kind === "checkpoint" && event.kind === "checkpoint") keep();
    },
  });
  expect(messagesOf(up)).toEqual([]);
  return moments;
}

/**
 * Starting from what `reset` restores, cuts a run off at every moment of a kind, runs again, and holds the outcome
 * against an undisturbed run.
 */
async function killEverywhere(kind: "checkpoint" | "effect", reset: () => void): Promise<number> {
  const again = async (): Promise<{ state: unknown; things: unknown }> => {
    const stack = await workspace.open();
    const up = await stack.up();
    expect(messagesOf(up)).toEqual([]);
    return { state: essence(await stack.export()), things: thingsIn(workspace.cloudDir) };
  };
  reset();
  const undisturbed = await again();
  reset();
  const moments = await momentsOf(kind);
  for (let at = 1; at <= moments; at += 1) {
    for (const part of PARTS) {
      rmSync(join(workspace.dir, part), { recursive: true, force: true });
      cpSync(join(momentDir(at), part), join(workspace.dir, part), { recursive: true });
    }
    const outcome = await again();
    expect({ at, ...outcome }).toEqual({ at, ...undisturbed });
    // The cloud refuses to make what exists; this says that nothing was made, deleted and made again either.
    const creates = cloudLog(workspace.cloudDir).filter((line) => line.startsWith("create "));
    expect({ at, creates: [...new Set(creates)].sort() }).toEqual({ at, creates: [...creates].sort() });
  }
  return moments;
}

const emptyAll = (): void => {
  rmSync(join(workspace.dir, ".gatehouse"), { recursive: true, force: true });
  rmSync(workspace.cloudDir, { recursive: true, force: true });
  cloudPackage(workspace.cloudDir);
};

describe("a run killed at any moment and started again ends as if nothing had happened", () => {
  it.each(["checkpoint", "effect"] as const)("killed after each %s of a first up", async (kind) => {
    workspace.program(FIRST);
    const moments = await killEverywhere(kind, emptyAll);
    expect(moments).toBeGreaterThanOrEqual(5);
  });

  it.each(["checkpoint", "effect"] as const)(
    "killed after each %s of an up that updates, replaces both ways and deletes",
    async (kind) => {
      emptyAll();
      workspace.program(FIRST);
      expect(messagesOf(await (await workspace.open()).up())).toEqual([]);
      const saved = join(workspace.dir, "saved");
      rmSync(saved, { recursive: true, force: true });
      for (const part of [".gatehouse", "cloud"])
        cpSync(join(workspace.dir, part), join(saved, part), { recursive: true });
      rmSync(join(saved, "cloud/log"), { force: true });
      workspace.program(SECOND);
      const moments = await killEverywhere(kind, () => {
        for (const part of [".gatehouse", "cloud"]) {
          rmSync(join(workspace.dir, part), { recursive: true, force: true });
          cpSync(join(saved, part), join(workspace.dir, part), { recursive: true });
        }
      });
      expect(moments).toBeGreaterThanOrEqual(6);
    },
  );
});

describe("what a killed run leaves", () => {
  it("is told, resumed, and a preview resumes it without writing", async () => {
    emptyAll();
    workspace.program(FIRST);
    expect(runUntil("effect:1").killed).toBe(true);
    const file = join(workspace.dir, ".gatehouse/stacks/dev.json");
    const left = readFileSync(file, "utf8");
    expect((JSON.parse(left) as StackExport).deployment.pending_operations?.map(({ type }) => type)).toContain(
      "creating",
    );
    const stack = await workspace.open();
    const preview = await stack.preview();
    expect(preview.diagnostics.map(({ message }) => message).join("\n")).toMatch(
      /an earlier run was interrupted with \d+ operations? pending; resuming:\n\* creating urn:pulumi:dev::test::.*it was made \(.+\) and is taken over/s,
    );
    expect(readFileSync(file, "utf8")).toBe(left);
    expect(await stack.up()).toMatchObject({ failed: false });
    expect((JSON.parse(readFileSync(file, "utf8")) as StackExport).deployment.pending_operations).toBeUndefined();
  });

  it("is warned of as in Pulumi where nothing shall be recovered, and its creates stay pending", async () => {
    emptyAll();
    workspace.program(`new Thing("base", { key: "base" });`);
    expect(runUntil("effect:1").killed).toBe(true);
    const stack = await workspace.open();
    const pendingIn = async (): Promise<string[]> =>
      ((await stack.export()).deployment.pending_operations ?? []).map(
        ({ type, resource }) => `${type} ${String(resource.urn).split("::").pop()}`,
      );
    expect(await pendingIn()).toEqual(["creating base"]);
    const preview = await stack.preview({ recover: false });
    expect(preview.diagnostics.filter(({ severity }) => severity === "warning")).toEqual([]);
    const up = await stack.up({ recover: false });
    expect(up.diagnostics.find(({ severity }) => severity === "warning")!.message).toContain(
      "Attempting to deploy or update resources with 1 pending operations from previous deployment.\n  * urn:pulumi:dev::test::cloud:index/thing:Thing::base, interrupted while creating\nThese resources are in an unknown state because the Pulumi CLI was interrupted",
    );
    expect(messagesOf(up)).toEqual(["base exists already", "update failed"]);
    expect(await pendingIn()).toEqual(["creating base"]);
    expect(messagesOf(await stack.refresh({ recover: false }))).toEqual([]);
    expect(await pendingIn()).toEqual(["creating base"]);
    expect(stepsOf(await stack.up())).toEqual([]);
    expect(await pendingIn()).toEqual([]);
  });

  it("a lock of a dead process is taken over, one of a living process is not", async () => {
    emptyAll();
    workspace.program(FIRST);
    runUntil("checkpoint:2");
    const lock = join(workspace.dir, ".gatehouse/stacks/dev.json.lock");
    expect(existsSync(lock)).toBe(true);
    const slow = await workspace.open({ hooks: { delayMs: 300 } });
    const running = slow.up();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect((await workspace.open()).up()).rejects.toThrow(
      new RegExp(`the stack is currently locked: process ${process.pid} has been running "up"`),
    );
    expect(await running).toMatchObject({ failed: false });
    expect(existsSync(lock)).toBe(false);
  });
});
