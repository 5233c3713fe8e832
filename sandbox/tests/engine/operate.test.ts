import { makeWorkspace, messagesOf, recorded, stepsOf, type Workspace } from "./support/workspace";

/** Every test runs a real program in a process of its own. */
jest.setTimeout(120_000);

let workspace: Workspace;
beforeEach(() => {
  workspace = makeWorkspace();
});
afterEach(() => {
  workspace.remove();
});

describe("operations", () => {
  it("creates, leaves alone, updates, replaces and deletes, and a second preview has nothing to say", async () => {
    workspace.program(`
      const base = new Thing("base", { key: "base", value: "one" });
      const user = new Thing("user", { key: "user", value: base.token });
      module.exports = { length: base.length, token: user.token };`);
    const stack = await workspace.open();
    const preview = await stack.preview();
    expect(preview).toMatchObject({ failed: false, changeSummary: { create: 3 } });
    expect(workspace.things()).toEqual({});
    const up = await stack.up();
    expect(up).toMatchObject({
      failed: false,
      changeSummary: { create: 3 },
      outputs: { length: 3, token: "[secret]" },
    });
    expect(workspace.things()).toMatchObject({ base: { value: "one" }, user: { value: "token-of-base" } });
    expect(await stack.outputs({ showSecrets: true })).toEqual({ length: 3, token: "token-of-user" });
    expect(await stack.preview()).toMatchObject({ failed: false, changeSummary: { same: 3 } });

    workspace.program(`
      const base = new Thing("base", { key: "base2", value: "one" });
      const user = new Thing("user", { key: "user", value: base.token, colour: "red" });
      const extra = new Thing("extra", { key: "extra" });`);
    const changed = await stack.up();
    expect(changed).toMatchObject({ failed: false, changeSummary: { create: 1, replace: 1, update: 1, same: 1 } });
    expect(stepsOf(changed).filter((step) => step.endsWith("base"))).toEqual([
      "create-replacement base",
      "replace base",
      "delete-replaced base",
    ]);
    expect(Object.keys(workspace.things())).toEqual(["base2", "extra", "user"]);
    expect(workspace.things().user).toMatchObject({ value: "token-of-base2", colour: "red" });

    const gone = await stack.destroy();
    expect(gone).toMatchObject({ failed: false, changeSummary: { delete: 4 } });
    expect(workspace.things()).toEqual({});
    expect((await stack.export()).deployment.resources).toBeUndefined();
  });

  it("writes the state once where checkpoints are skipped, with the same end, and none for a program that made nothing", async () => {
    const program = `const base = new Thing("base", { key: "base" }); new Thing("user", { key: "user", value: base.token });`;
    workspace.program(program);
    const stack = await workspace.open({ env: { ...process.env, PULUMI_SKIP_CHECKPOINTS: "true" } });
    const checkpoints: number[] = [];
    const onEvent = (event: { kind: string; number?: number }): void => {
      if (event.kind === "checkpoint") checkpoints.push(event.number ?? 0);
    };
    workspace.program(`throw new Error("not today");`);
    expect((await stack.up({ onEvent })).failed).toBe(true);
    expect(checkpoints).toEqual([]);
    workspace.program(program);
    await stack.up({ onEvent });
    expect(checkpoints).toEqual([1]);
    expect((await stack.export()).deployment.resources).toHaveLength(4);
    workspace.program(`new Thing("base", { key: "base" }); new Single("user", { key: "base", shape: 1 });`);
    expect(await (await workspace.open()).preview()).toMatchObject({
      changeSummary: { same: 2, create: 1, delete: 1 },
    });
  });

  it("deletes first where the provider or the option says so, and takes along only dependents that would be replaced too", async () => {
    const program = (shape: string): string => `
      const root = new Single("root", { key: "root", shape: "${shape}" });
      const replaced = new Thing("replaced", { key: pulumi.interpolate\`of-\${root.token}\` });
      const updated = new Thing("updated", { key: "updated", value: root.token });
      const waits = new Thing("waits", { key: "waits" }, { dependsOn: [root] });
      const first = new Thing("first", { key: "first", shape: "${shape}" }, { deleteBeforeReplace: true });`;
    workspace.program(program("round"));
    const stack = await workspace.open();
    await stack.up();
    workspace.program(program("square"));
    const up = await stack.up();
    expect(messagesOf(up)).toEqual([]);
    const order = stepsOf(up);
    expect(order.filter((step) => /root|replaced$/.test(step))).toEqual([
      "delete-replaced replaced",
      "delete-replaced root",
      "replace root",
      "create-replacement root",
      "replace replaced",
      "create-replacement replaced",
    ]);
    expect(order.filter((step) => step.endsWith(" first"))).toEqual([
      "delete-replaced first",
      "replace first",
      "create-replacement first",
    ]);
    expect(order.filter((step) => /updated|waits/.test(step))).toEqual([]);
    expect(up.changeSummary).toEqual({ replace: 3, same: 3 });
    expect(await stack.preview()).toMatchObject({ changeSummary: { same: 6 } });
  });

  it("honours protect: dependents go, the protected resource stays, and the run says why", async () => {
    workspace.program(
      `const kept = new Thing("kept", { key: "kept" }, { protect: true }); new Thing("leaf", { key: "leaf", value: kept.token });`,
    );
    const stack = await workspace.open();
    await stack.up();
    const destroyed = await stack.destroy();
    expect(destroyed.failed).toBe(true);
    expect(messagesOf(destroyed)[0]).toContain(
      `resource "urn:pulumi:dev::test::cloud:index/thing:Thing::kept" cannot be deleted\nbecause it is protected.`,
    );
    expect(Object.keys(workspace.things())).toEqual(["kept"]);
    workspace.program(`new Thing("kept", { key: "other" }, { protect: true });`);
    const replaced = await stack.up();
    expect(messagesOf(replaced)[0]).toContain("unable to replace resource");
    expect(Object.keys(workspace.things())).toEqual(["kept"]);
    workspace.program(`new Thing("kept", { key: "kept" });`);
    await stack.up();
    expect(await stack.destroy()).toMatchObject({ failed: false });
    expect(workspace.things()).toEqual({});
  });

  it("honours ignoreChanges, replaceOnChanges and retainOnDelete", async () => {
    workspace.program(
      `new Thing("a", { key: "a", value: "1" }); new Thing("b", { key: "b", value: "1" }); new Thing("c", { key: "c" }, { retainOnDelete: true });`,
    );
    const stack = await workspace.open();
    await stack.up();
    workspace.program(`
      new Thing("a", { key: "a", value: "2" }, { ignoreChanges: ["value"] });
      new Thing("b", { key: "b", value: "2" }, { replaceOnChanges: ["value"], deleteBeforeReplace: true });`);
    const up = await stack.up();
    expect(messagesOf(up)).toEqual([]);
    expect(stepsOf(up)).toEqual(["delete-replaced b", "replace b", "create-replacement b", "delete c"]);
    expect(workspace.things()).toMatchObject({ a: { value: "1" }, b: { value: "2" }, c: {} });
    expect((await stack.export()).deployment.resources).toHaveLength(4);
  });

  it("finds a resource under a former name, type parent or URN, and its children with it", async () => {
    workspace.program(
      `const group = new Group("app"); new Thing("app-child", { key: "child" }, { parent: group }); new Thing("moved", { key: "moved" });`,
    );
    const stack = await workspace.open();
    await stack.up();
    workspace.program(`
      const group = new Group("newapp", { aliases: [{ name: "app" }] });
      new Thing("newapp-child", { key: "child" }, { parent: group });
      new Thing("moved", { key: "moved" }, { parent: group, aliases: [{ parent: pulumi.rootStackResource }] });`);
    const preview = await stack.preview();
    expect(stepsOf(preview)).toEqual([]);
    expect(await stack.up()).toMatchObject({ failed: false, changeSummary: { same: 4 } });
    const resources = (await stack.export()).deployment.resources!;
    expect(resources.map(({ urn }) => String(urn).split("::").slice(2).join("::")).sort()).toEqual([
      "pulumi:providers:cloud::default_1_2_3",
      "pulumi:pulumi:Stack::test-dev",
      "test:index:Group$cloud:index/thing:Thing::moved",
      "test:index:Group$cloud:index/thing:Thing::newapp-child",
      "test:index:Group::newapp",
    ]);
    expect(JSON.stringify(resources)).not.toContain("aliases");
    workspace.program(`new Group("newapp"); `);
    expect(stepsOf(await stack.up()).sort()).toEqual(["delete moved", "delete newapp-child"]);
  });

  it("imports what exists, and updates it in the same run when the program wants it otherwise", async () => {
    const other = await workspace.open({ stack: "other" });
    workspace.program(`new Thing("made", { key: "made", value: "old" }, { retainOnDelete: true });`);
    await other.up();
    const stack = await workspace.open();
    workspace.program(`new Thing("taken", { key: "made", value: "new" }, { import: "made" });`);
    const preview = await stack.preview();
    expect(stepsOf(preview)).toEqual(["create test-dev", "import taken", "update taken"]);
    const up = await stack.up();
    expect(messagesOf(up)).toEqual([]);
    expect(stepsOf(up)).toEqual(["create test-dev", "import taken", "update taken"]);
    expect(workspace.things().made).toMatchObject({ value: "new" });
    expect(workspace.log().filter((line) => line.startsWith("create"))).toEqual(["create made"]);
    expect(stepsOf(await stack.preview())).toEqual([]);
    workspace.program(`new Thing("none", { key: "none" }, { import: "nowhere" });`);
    expect(messagesOf(await stack.up())[0]).toContain("resource 'nowhere' does not exist");
  });

  it("reads what it does not own, never deletes it, and counts a read only when something new was read", async () => {
    const owner = await workspace.open({ stack: "owner" });
    workspace.program(`new Thing("shared", { key: "shared", value: "x" });`);
    await owner.up();
    const stack = await workspace.open();
    workspace.program(`const seen = new Thing("seen", {}, { id: "shared" }); module.exports = { value: seen.value };`);
    expect(await stack.up()).toMatchObject({ failed: false, changeSummary: { create: 1 }, outputs: { value: "x" } });
    expect(await stack.up()).toMatchObject({ changeSummary: { same: 1 } });
    workspace.program("");
    expect(await stack.up()).toMatchObject({ failed: false, changeSummary: { same: 1, discard: 1 } });
    expect(Object.keys(workspace.things())).toEqual(["shared"]);
  });

  it("calls functions, with the refusal of one as the program's own error", async () => {
    workspace.program(`
      new Thing("t", { key: "t", value: "v" });
      module.exports = (async () => ({ found: (await pulumi.runtime.invoke("cloud:index/getThing:getThing", { key: "x" }, { version: "1.2.3" })).value }))();`);
    const stack = await workspace.open();
    const failed = await stack.up();
    expect(failed.failed).toBe(true);
    expect(messagesOf(failed)[0]).toContain("Invoke of 'cloud:index/getThing:getThing' failed: no such thing (key)");
  });

  it("moves between the default and an explicit provider of equal configuration without touching anything", async () => {
    workspace.program(`new Thing("t", { key: "t" });`);
    const stack = await workspace.open();
    await stack.up();
    workspace.program(`const p = new CloudProvider("mine", {}); new Thing("t", { key: "t" }, { provider: p });`);
    const up = await stack.up();
    expect(messagesOf(up)).toEqual([]);
    expect(stepsOf(up)).toEqual(["create mine"]);
    const thing = (await stack.export()).deployment.resources!.find(({ urn }) => String(urn).endsWith("Thing::t"))!;
    expect(thing.provider).toMatch(/^urn:pulumi:dev::test::pulumi:providers:cloud::mine::[0-9a-f-]{36}$/);
    expect(await stack.preview()).toMatchObject({ changeSummary: { same: 3 } });
  });

  it("hands an explicit provider its configuration, and `<package>:*` configuration to the default one", async () => {
    workspace.file("Pulumi.dev.yaml", "config:\n  cloud:region: north\n");
    workspace.program(
      `new Thing("d", { key: "d" }); new Thing("e", { key: "e" }, { provider: new CloudProvider("mine", { region: "south" }) });`,
    );
    expect(await (await workspace.open()).up()).toMatchObject({ failed: false });
    expect(
      workspace
        .log()
        .filter((line) => line.startsWith("configure"))
        .sort(),
    ).toEqual([`configure {"region":"north"}`, `configure {"region":"south"}`]);
  });

  it("refreshes: takes over what changed outside, drops what is gone, and leaves the stack's outputs alone", async () => {
    workspace.program(
      `const a = new Thing("a", { key: "a", value: "1" }); const b = new Thing("b", { key: "b", value: a.token }); module.exports = { value: a.value };`,
    );
    const stack = await workspace.open();
    await stack.up();
    workspace.file("cloud/b.json", JSON.stringify({ key: "b", colour: "blue", value: "token-of-a" }));
    (await import("node:fs")).rmSync(`${workspace.cloudDir}/a.json`);
    const looked = await stack.refresh({ previewOnly: true });
    expect(looked.changeSummary).toEqual({ same: 1, update: 1, delete: 1 });
    expect((await stack.export()).deployment.resources).toHaveLength(4);
    expect(await stack.refresh()).toMatchObject({
      failed: false,
      changeSummary: { same: 1, update: 1, delete: 1 },
      outputs: { value: "1" },
    });
    const resources = (await stack.export()).deployment.resources!;
    expect(resources.map(({ urn }) => String(urn).split("::").pop())).toEqual(["test-dev", "default_1_2_3", "b"]);
    expect(resources[2]).toMatchObject({ inputs: { colour: "blue" } });
    // As the real engine: properties that depend on nothing any more are not listed.
    expect(resources[2]!.propertyDependencies).toBeUndefined();
    expect(resources[2]!.dependencies).toBeUndefined();
    const up = await stack.up();
    expect(stepsOf(up).sort()).toEqual(["create a", "update b"]);
  });

  it("runs independent resources at once and dependent ones in turn", async () => {
    workspace.program(
      `for (let i = 0; i < 6; i++) new Thing("t" + i, { key: "t" + i }); const a = new Thing("a", { key: "a" }); new Thing("b", { key: "b", value: a.token });`,
    );
    const stack = await workspace.open({ hooks: { delayMs: 300 } });
    await stack.up();
    const log = workspace.log().filter((line) => /create/.test(line));
    const firstDone = log.findIndex((line) => line.startsWith("create"));
    expect(log.slice(0, firstDone).filter((line) => line.startsWith("start")).length).toBeGreaterThanOrEqual(6);
    expect(log.indexOf("start create b")).toBeGreaterThan(log.indexOf("create a"));
    await stack.destroy();
    const deletes = workspace.log().filter((line) => /delete/.test(line));
    expect(deletes.indexOf("start delete a")).toBeGreaterThan(deletes.indexOf("delete b"));
  });

  it("records every event in order: announced before done, and a summary last", async () => {
    workspace.program(`new Thing("t", { key: "t" });`);
    const { events } = await recorded((await workspace.open()).up.bind(await workspace.open()));
    const kinds = events
      .filter(({ kind }) => kind !== "checkpoint" && kind !== "diagnostic")
      .map((event) => ("step" in event ? `${event.kind} ${event.step.urn.split("::").pop()!}` : event.kind));
    expect(kinds).toEqual([
      "prelude",
      "resource-pre test-dev",
      "resource-pre t",
      "resource-outputs t",
      "resource-outputs test-dev",
      "summary",
    ]);
  });
});
