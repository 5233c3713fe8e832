import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { renderDisplay, UsageError } from "../../engine";
import { passphraseCrypter } from "../../engine/secrets";
import { makeWorkspace, messagesOf, recorded, stepsOf, type Workspace } from "../engine/support/workspace";

jest.setTimeout(120_000);

let workspace: Workspace;
beforeEach(() => {
  workspace = makeWorkspace();
});
afterEach(() => {
  workspace.remove();
});

const up = async (source: string, options: Parameters<Workspace["open"]>[0] = {}) => {
  workspace.program(source);
  const stack = await workspace.open(options);
  return { stack, ...(await recorded((how) => stack.up(how))) };
};

describe("a program that refuses its configuration", () => {
  const REFUSAL = `throw new pulumi.RunError("gatehouse:repositories[1].access: no such level: admin; read or write\\ngatehouse:rotation.everyDays: 400 is too long; at most 366");`;

  it("is told in one line a problem, without a stack, and leaves no state", async () => {
    const result = await up(REFUSAL);
    expect(result).toMatchObject({ failed: true, reason: "configuration" });
    const text = renderDisplay(result.events);
    expect(text).toContain(
      "    error: gatehouse:repositories[1].access: no such level: admin; read or write\n    gatehouse:rotation.everyDays: 400 is too long; at most 366\n",
    );
    expect(text).not.toMatch(/ {4}at /);
    expect(existsSync(join(workspace.dir, ".gatehouse/stacks/dev.json"))).toBe(false);
  });

  it("changes nothing in a stack that is up", async () => {
    const { stack } = await up(
      `const a = new Thing("a", { key: "a" }); module.exports = { token: a.token, length: a.length };`,
    );
    const before = readFileSync(join(workspace.dir, ".gatehouse/stacks/dev.json"), "utf8");
    const result = await up(REFUSAL);
    expect(result.reason).toBe("configuration");
    expect(Object.keys(workspace.things())).toEqual(["a"]);
    expect(readFileSync(join(workspace.dir, ".gatehouse/stacks/dev.json"), "utf8")).toBe(before);
    expect(await stack.outputs()).toMatchObject({ token: "[secret]" });
  });

  it("differs from a program that breaks: that is no configuration mistake, and its stack is shown", async () => {
    const result = await up(`undefined.boom;`);
    expect(result).toMatchObject({ failed: true, reason: "program" });
    expect(messagesOf(result)[0]).toMatch(
      /Running program '.*' failed with an unhandled exception:\n.*TypeError.*\n\s+at /s,
    );
  });
});

describe("a program that throws after it registered something", () => {
  it("keeps what was made, deletes nothing, and leaves the outputs as they were", async () => {
    const { stack } = await up(
      `new Thing("a", { key: "a" }); new Thing("b", { key: "b" }); module.exports = { x: 1 };`,
    );
    const result = await up(
      `const c = new Thing("c", { key: "c" }); module.exports = async () => { await new Promise((done) => c.token.apply(done)); throw new pulumi.RunError("no further"); };`,
    );
    expect(result).toMatchObject({ failed: true, reason: "program" });
    expect(Object.keys(workspace.things()).sort()).toEqual(["a", "b", "c"]);
    expect(await stack.outputs()).toEqual({ x: 1 });
    expect((await stack.export()).deployment.pending_operations).toBeUndefined();
  });
});

describe("a step that fails", () => {
  it("is told with its resource, stops what depends on it, lets the others finish, and keeps the outputs that are known", async () => {
    const result = await up(`
      const bad = new Thing("bad", { key: "bad", failOn: "create" });
      new Thing("after", { key: "after", value: bad.token });
      const good = new Thing("good", { key: "good" });
      module.exports = { good: good.length, plain: "known" };`);
    expect(result).toMatchObject({ failed: true, reason: "step" });
    expect(messagesOf(result)).toEqual(["the cloud refused to create bad", "update failed"]);
    expect(Object.keys(workspace.things())).toEqual(["good"]);
    expect(await result.stack.outputs()).toEqual({ good: 0, plain: "known" });
    const text = renderDisplay(result.events);
    expect(text).toContain(" +  cloud:index:Thing bad **creating failed** error: the cloud refused to create bad\n");
    expect(text).toContain("  cloud:index:Thing (bad):\n    error: the cloud refused to create bad\n");
    expect(text).toContain("    error: update failed\n");
    const again = await up(`new Thing("bad", { key: "bad" }); new Thing("good", { key: "good" });`);
    expect(stepsOf(again)).toEqual(["create bad"]);
  });

  it("records a resource that came to be although its creation failed, and goes on with it", async () => {
    const result = await up(`new Thing("half", { key: "half", failOn: "partial" });`);
    expect(result.failed).toBe(true);
    const half = (await result.stack.export()).deployment.resources!.find(({ urn }) => String(urn).endsWith("::half"));
    expect(half).toMatchObject({ id: "half", initErrors: ["not ready"] });
    const again = await up(`new Thing("half", { key: "half" });`);
    expect(stepsOf(again)).toEqual(["update half"]);
    expect(workspace.log().filter((line) => line === "create half")).toHaveLength(1);
  });

  it("leaves the old half of a replacement for the next up, while previews say only same", async () => {
    await up(`new Thing("a", { key: "one", failOn: "delete" });`);
    const result = await up(`new Thing("a", { key: "two" });`);
    expect(messagesOf(result)[0]).toBe("the cloud refused to delete one");
    expect(Object.keys(workspace.things())).toEqual(["one", "two"]);
    const old = (await result.stack.export()).deployment.resources!.filter(({ urn }) => String(urn).endsWith("::a"));
    expect(old.map((state) => state.delete ?? false)).toEqual([false, true]);
  });

  it("of an update keeps the old state", async () => {
    await up(`new Thing("a", { key: "a", value: "1" });`);
    const result = await up(`new Thing("a", { key: "a", value: "2", failOn: "update" });`);
    expect(messagesOf(result)[0]).toBe("the cloud refused to update a");
    expect((await result.stack.export()).deployment.resources![2]).toMatchObject({ inputs: { value: "1" } });
    expect((await result.stack.export()).deployment.resources![2]!.inputs).not.toHaveProperty("failOn");
  });
});

describe("what is refused", () => {
  it.each([
    [
      "a package the sandbox has no provider for",
      `new pulumi.CustomResource("aws:s3/bucket:Bucket", "b", {}, { version: "1.0.0" });`,
      /the sandbox has no provider for package "aws" \(it has: cloud\)/,
    ],
    [
      "a type the provider does not know",
      `new pulumi.CustomResource("cloud:index/other:Other", "o", {}, opts({}));`,
      /cloud provider does not know the resource type cloud:index\/other:Other/,
    ],
    [
      "a function the provider does not know",
      `module.exports = (async () => { await pulumi.runtime.invoke("cloud:index/other:other", {}, { version: "1.2.3" }); })();`,
      /does not know the function cloud:index\/other:other/,
    ],
    [
      "transforms",
      `new Thing("t", { key: "t" }, { transforms: [(a) => undefined] });`,
      /option "transforms" of cloud:index\/thing:Thing "t": the sandbox's engine does not support this; deploy with the Pulumi CLI instead/,
    ],
    [
      "stack transforms",
      `pulumi.runtime.registerResourceTransform(() => undefined); new Thing("t", { key: "t" });`,
      /stack transforms/,
    ],
    [
      "hooks",
      `new Thing("t", { key: "t" }, { hooks: { afterCreate: [new pulumi.ResourceHook("h", async () => {})] } });`,
      /resource hooks \(ResourceHook\)|option "hooks"/,
    ],
    [
      "a remote component",
      `class R extends pulumi.ComponentResource { constructor() { super("cloud:index:Remote", "r", {}, {}, true); } } new R();`,
      /remote component cloud:index:Remote "r" \(construct\)/,
    ],
    [
      "a stack reference of an organization that is none of a file backend",
      `module.exports = { x: new pulumi.StackReference("org/project/stack").getOutput("x") };`,
      /organization name must be 'organization'/,
    ],
    [
      "a stash",
      `new pulumi.CustomResource("pulumi:pulumi:Stash", "s", { input: 1 });`,
      /pulumi:pulumi:Stash "s": the sandbox's engine does not support this/,
    ],
    [
      "a method call",
      `const g = new Group("g"); module.exports = { x: pulumi.runtime.call("cloud:index:Thing/restart", { __self__: g }, g) };`,
      /method call cloud:index:Thing\/restart/,
    ],
    [
      "inputs that the provider refuses, all of them at once",
      `new Thing("t", { colour: "black" });`,
      /property key value \{<nil>\} has a problem: it is required/,
    ],
    [
      "two resources of one name",
      `new Thing("t", { key: "a" }); new Thing("t", { key: "b" });`,
      /Duplicate resource URN 'urn:pulumi:dev::test::cloud:index\/thing:Thing::t'; try giving it a unique name/,
    ],
  ])("%s, by name", async (_what, source, message) => {
    const result = await up(source);
    expect(result.failed).toBe(true);
    expect(messagesOf(result).join("\n")).toMatch(message);
    expect(Object.keys(workspace.things()).filter((key) => key !== "a")).toEqual([]);
  });

  it("a configuration that does not fit Pulumi.yaml, before the program runs", async () => {
    workspace.remove();
    workspace = makeWorkspace(
      "config:\n  test:size:\n    type: integer\n  test:mode:\n    type: string\n  test:extra:\n    type: boolean\n    default: true\n",
    );
    workspace.program(`throw new Error("must not run");`);
    const run = async (config: string[]): Promise<unknown> => (await workspace.open({ config })).preview();
    await expect(run([])).rejects.toThrow("Stack 'dev' is missing configuration values 'test:mode' and 'test:size'");
    await expect(run(["size=many", "mode=x"])).rejects.toThrow(
      "Stack 'dev' with configuration key 'test:size' must be of type 'integer'",
    );
    await expect(run(["size"])).rejects.toThrow("--config size: write it as key=value");
    await expect(run(["size=1", "mode=x", "extra=perhaps"])).rejects.toBeInstanceOf(UsageError);
  });

  it("a project that is not there, of another runtime, or without the SDK", async () => {
    workspace.file("Pulumi.yaml", "name: test\nruntime: python\n");
    await expect(workspace.open()).rejects.toThrow("runs nodejs programs only, not python");
    workspace.file("Pulumi.yaml", "name: test\nruntime: nodejs\nmain: nowhere/\n");
    await expect(workspace.open()).rejects.toThrow("main: nowhere/ does not exist");
    await expect(workspace.open({ stack: "no/such" })).rejects.toThrow();
  });
});

describe("configuration", () => {
  it("reaches the program: defaults of the schema, the stack's file, overrides by path, secrets decrypted and secret", async () => {
    workspace.remove();
    workspace = makeWorkspace("config:\n  test:retries:\n    type: integer\n    default: 3\n");
    workspace.program("");
    const sealing = await workspace.open();
    await sealing.up();
    const { salt } = (await sealing.export()).deployment.secrets_providers!.state as { salt: string };
    const crypter = await passphraseCrypter("a test's passphrase", salt);
    workspace.file(
      "Pulumi.dev.yaml",
      `encryptionsalt: ${salt}\nconfig:\n  test:gate: { host: gate.example, limits: [1, 2] }\n  test:secret:\n    secure: ${crypter.encrypt("a hidden value")}\n  test:deep:\n    inner:\n      secure: ${crypter.encrypt("deeper")}\n`,
    );
    workspace.program(`
      const config = new pulumi.Config();
      module.exports = { gate: config.requireObject("gate"), retries: config.requireNumber("retries"), secret: config.requireSecret("secret"), deep: config.requireSecretObject("deep"), isSecret: pulumi.runtime.allConfig()["test:secret"] === "a hidden value" };`);
    const stack = await workspace.open({ config: ["test:gate.limits[1]=5000", "test:gate.open=true"] });
    expect(await stack.up()).toMatchObject({
      failed: false,
      outputs: {
        gate: { host: "gate.example", limits: [1, 5000], open: true },
        retries: 3,
        secret: "[secret]",
        deep: "[secret]",
        isSecret: true,
      },
    });
    expect(await stack.outputs({ showSecrets: true })).toMatchObject({
      secret: "a hidden value",
      deep: { inner: "deeper" },
    });
    expect(await stack.config()).toMatchObject({ "test:secret": "[secret]", "test:retries": "3" });
    await expect((await workspace.open({ env: { PULUMI_CONFIG_PASSPHRASE: "wrong" } })).preview()).rejects.toThrow(
      "incorrect passphrase",
    );
  });
});

describe("secrets", () => {
  it("are in no file and no event text in clear, wherever they come from", async () => {
    const hidden = `not-to-be-seen-${"x".repeat(8)}`;
    const result = await up(`
      const secret = pulumi.secret(${JSON.stringify(hidden)});
      const a = new Thing("a", { key: "a", value: secret });
      const b = new Thing("b", { key: "b", nested: { list: ["plain", secret] }, note: a.value });
      const c = new Thing("c", { key: "c", value: "plain" }, { additionalSecretOutputs: ["length"] });
      b.colour.apply(() => console.log("the program says " + ${JSON.stringify(hidden)}));
      module.exports = { secret, nested: { deep: [a.value] }, length: c.length, token: b.token };`);
    expect(result.failed).toBe(false);
    const file = readFileSync(join(workspace.dir, ".gatehouse/stacks/dev.json"), "utf8");
    expect(file).not.toContain(hidden);
    expect(file).not.toContain("token-of-");
    expect(JSON.stringify(result.diagnostics)).not.toContain(hidden);
    const text = renderDisplay(result.events);
    expect(text).not.toContain(hidden);
    expect(text).toContain("the program says [secret]");
    expect(result.outputs).toEqual({
      secret: "[secret]",
      nested: { deep: ["[secret]"] },
      length: "[secret]",
      token: "[secret]",
    });
    expect(workspace.things().b).toMatchObject({ nested: { list: ["plain", hidden] } });
    // A value that stops being secret, or a dropped option, is no change: what is in the state stays secret.
    const again = await up(`
      new Thing("a", { key: "a", value: ${JSON.stringify(hidden)} }); new Thing("b", { key: "b", nested: { list: ["plain", ${JSON.stringify(hidden)}] }, note: ${JSON.stringify(hidden)} });
      new Thing("c", { key: "c", value: "plain" });`);
    expect(again.changeSummary).toEqual({ same: 4 });
  });

  it("of a failing provider are masked in its message", async () => {
    const result = await up(`new Thing("a", { key: pulumi.secret("key-not-to-be-seen"), failOn: "create" });`);
    expect(messagesOf(result)[0]).toBe("the cloud refused to create [secret]");
  });

  it("the sandbox's own passphrase is made once, for its owner alone", async () => {
    workspace.program(`new Thing("a", { key: "a" });`);
    const stack = await workspace.open({ env: { PULUMI_CONFIG_PASSPHRASE: undefined } });
    await stack.up();
    const file = join(workspace.dir, ".gatehouse/passphrase");
    expect((await import("node:fs")).statSync(file).mode & 0o777).toBe(0o600);
    expect(await (await workspace.open({ env: { PULUMI_CONFIG_PASSPHRASE: undefined } })).preview()).toMatchObject({
      changeSummary: { same: 2 },
    });
    expect(readdirSync(join(workspace.dir, ".gatehouse/stacks"))).toEqual(["dev.json"]);
  });
});

describe("unknown values in a preview", () => {
  it("reach dependents as unknown, and show as [unknown]", async () => {
    workspace.program(
      `const a = new Thing("a", { key: "a" }); new Thing("b", { key: "b", value: pulumi.interpolate\`<\${a.length}>\` }); module.exports = { length: a.length, id: a.id };`,
    );
    const stack = await workspace.open();
    const result = await recorded((how) => stack.preview(how));
    const b = result.steps.find(({ urn }) => urn.endsWith("::b"))!;
    expect(b.new!.inputs.value).toBe("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
    expect(renderDisplay(result.events)).toContain("Outputs:\n    id    : [unknown]\n    length: [unknown]\n");
  });
});

describe("stopping a run", () => {
  it("lets what is under way finish and be recorded, begins nothing new, and says so", async () => {
    workspace.program(`const a = new Thing("a", { key: "a" }); new Thing("b", { key: "b", value: a.token });`);
    const stack = await workspace.open({ hooks: { delayMs: 400 } });
    const controller = new AbortController();
    const result = await stack.up({
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind === "resource-pre" && event.step.urn.endsWith("::a")) controller.abort();
      },
    });
    expect(result).toMatchObject({ failed: true, reason: "stopped" });
    expect(Object.keys(workspace.things())).toEqual(["a"]);
    const { deployment } = await stack.export();
    expect(deployment.pending_operations).toBeUndefined();
    expect(deployment.resources!.map(({ urn }) => String(urn).split("::").pop())).toContain("a");
    expect(stepsOf(await stack.up())).toEqual(["create b"]);
  });
});
