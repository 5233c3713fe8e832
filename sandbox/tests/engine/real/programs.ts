/** One command on the stack of a case. */
interface Step {
  readonly op: "up" | "preview" | "refresh" | "destroy";
  /** The program from here on (JavaScript after the common start); absent: as before. */
  readonly program?: string;
  /** Another stack of the same project; "dev" unless told. */
  readonly stack?: string;
  /** What changes in the cloud behind the engine's back, before the command: null removes a thing. */
  readonly outside?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
}

/** A small program and what is done with it, one option or one failure at a time. */
export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

const up = (program?: string): Step => ({ op: "up", ...(program === undefined ? {} : { program }) });
const preview = (program?: string): Step => ({ op: "preview", ...(program === undefined ? {} : { program }) });
const destroy: Step = { op: "destroy" };
const refresh: Step = { op: "refresh" };
const on = (stack: string, step: Step): Step => ({ ...step, stack });

const BASE = `const base = new Thing("base", { key: "base" });`;

export const CASES: readonly Case[] = [
  {
    name: "create, same, update, replace, destroy",
    steps: [
      up(`${BASE} new Thing("user", { key: "user", value: base.token });`),
      up(),
      up(
        `const base = new Thing("base", { key: "base", value: "v" }); new Thing("user", { key: "user", value: base.token });`,
      ),
      preview(
        `const base = new Thing("base", { key: "base2", value: "v" }); new Thing("user", { key: "user", value: base.token });`,
      ),
      up(),
      destroy,
    ],
  },
  {
    name: "deletedWith: destroyed together",
    steps: [up(`${BASE} new Thing("leaf", { key: "leaf" }, { deletedWith: base });`), destroy],
  },
  {
    name: "deletedWith: a chain, destroyed together",
    steps: [
      up(
        `${BASE} const mid = new Thing("mid", { key: "mid" }, { deletedWith: base }); new Thing("leaf", { key: "leaf", value: mid.token }, { deletedWith: mid }); new Thing("free", { key: "free", value: base.token });`,
      ),
      destroy,
    ],
  },
  {
    name: "deletedWith: both leave the program",
    steps: [
      up(`${BASE} new Thing("leaf", { key: "leaf" }, { deletedWith: base }); new Thing("other", { key: "other" });`),
      up(`new Thing("other", { key: "other" });`),
    ],
  },
  {
    name: "deletedWith: only the dependent leaves the program",
    steps: [up(`${BASE} new Thing("leaf", { key: "leaf" }, { deletedWith: base });`), up(BASE)],
  },
  {
    name: "deletedWith: the base is replaced",
    steps: [
      up(`${BASE} new Thing("leaf", { key: "leaf" }, { deletedWith: base });`),
      up(
        `const base = new Thing("base", { key: "base2" }); new Thing("leaf", { key: "leaf" }, { deletedWith: base });`,
      ),
    ],
  },
  {
    name: "deletedWith: the base is replaced, deleted first",
    steps: [
      up(
        `const base = new Single("base", { key: "base", shape: 1 }); new Thing("leaf", { key: "leaf" }, { deletedWith: base });`,
      ),
      preview(
        `const base = new Single("base", { key: "base", shape: 2 }); new Thing("leaf", { key: "leaf" }, { deletedWith: base });`,
      ),
      up(),
    ],
  },
  {
    name: "deletedWith: the base's delete fails",
    steps: [
      up(
        `const base = new Thing("base", { key: "base", failOn: "delete" }); new Thing("leaf", { key: "leaf" }, { deletedWith: base });`,
      ),
      destroy,
    ],
  },
  {
    name: "import: as the program says",
    steps: [
      on("owner", up(`new Thing("made", { key: "made", value: "v" }, { retainOnDelete: true });`)),
      preview(`new Thing("taken", { key: "made", value: "v", colour: "grey" }, { import: "made" });`),
      up(),
      up(),
      up(`new Thing("taken", { key: "made", value: "v", colour: "grey" });`),
      up(`new Thing("taken", { key: "made", value: "w", colour: "grey" });`),
    ],
  },
  {
    name: "import: the program says otherwise",
    steps: [
      on("owner", up(`new Thing("made", { key: "made", value: "v" }, { retainOnDelete: true });`)),
      preview(`new Thing("taken", { key: "made", value: "other" }, { import: "made" });`),
      up(),
    ],
  },
  {
    name: "import: the program wants it replaced",
    steps: [
      on("owner", up(`new Thing("made", { key: "made", value: "v" });`)),
      preview(`new Thing("taken", { key: "elsewhere", value: "v" }, { import: "made" });`),
      up(),
    ],
  },
  { name: "import: it does not exist", steps: [up(`new Thing("taken", { key: "no" }, { import: "nowhere" });`)] },
  {
    name: "import: in place of a managed resource",
    steps: [
      on("owner", up(`new Thing("made", { key: "made" }, { retainOnDelete: true });`)),
      up(`new Thing("taken", { key: "mine" });`),
      preview(`new Thing("taken", { key: "made" }, { import: "made" });`),
      up(),
      up(`new Thing("taken", { key: "made" });`),
    ],
  },
  {
    name: "import: of its own id is nothing",
    steps: [up(`new Thing("own", { key: "own" });`), up(`new Thing("own", { key: "own" }, { import: "own" });`)],
  },
  {
    name: "import: replaced later",
    steps: [
      on("owner", up(`new Thing("made", { key: "made" }, { retainOnDelete: true });`)),
      up(`new Thing("taken", { key: "made" }, { import: "made" });`),
      preview(`new Thing("taken", { key: "made", shape: "s" }, { import: "made" });`),
      up(),
      up(`new Thing("taken", { key: "new" });`),
    ],
  },
  {
    name: "retainOnDelete: leaves the program, destroy",
    steps: [
      up(
        `${BASE} new Thing("kept", { key: "kept" }, { retainOnDelete: true }); new Thing("kept2", { key: "kept2" }, { retainOnDelete: true });`,
      ),
      up(`${BASE} new Thing("kept2", { key: "kept2" }, { retainOnDelete: true });`),
      destroy,
    ],
  },
  {
    name: "retainOnDelete: replaced",
    steps: [
      up(`new Thing("kept", { key: "a" }, { retainOnDelete: true });`),
      up(`new Thing("kept", { key: "b" }, { retainOnDelete: true });`),
      up(`new Thing("kept", { key: "b" });`),
      up(`new Thing("kept", { key: "c" });`),
    ],
  },
  {
    name: "replaceOnChanges",
    steps: [
      up(`new Thing("a", { key: "a", value: "1", nested: { x: 1, y: 1 } }, { replaceOnChanges: ["value"] });`),
      preview(
        `new Thing("a", { key: "a", value: "2", nested: { x: 1, y: 1 } }, { replaceOnChanges: ["value"], deleteBeforeReplace: true });`,
      ),
      up(),
      up(`new Thing("a", { key: "a", value: "2", nested: { x: 2, y: 1 } }, { replaceOnChanges: ["value"] });`),
      up(
        `new Thing("a", { key: "a", value: "2", nested: { x: 3, y: 1 } }, { replaceOnChanges: ["*"], deleteBeforeReplace: true });`,
      ),
    ],
  },
  {
    name: "deleteBeforeReplace: dependents",
    steps: [
      up(
        `const base = new Single("base", { key: "base", shape: 1 }); new Thing("keyed", { key: base.token }); new Thing("valued", { key: "valued", value: base.token }); new Thing("waits", { key: "waits" }, { dependsOn: base });`,
      ),
      preview(
        `const base = new Single("base", { key: "base", shape: 2 }); new Thing("keyed", { key: base.token }); new Thing("valued", { key: "valued", value: base.token }); new Thing("waits", { key: "waits" }, { dependsOn: base });`,
      ),
      up(),
      up(`new Single("base", { key: "base", shape: 2 });`),
    ],
  },
  {
    name: "deleteBeforeReplace: false over the provider's wish",
    steps: [
      up(`new Single("base", { key: "a" });`),
      up(`new Single("base", { key: "b" }, { deleteBeforeReplace: false });`),
    ],
  },
  {
    name: "deleteBeforeReplace: the create fails, then comes back",
    steps: [
      up(`const base = new Single("base", { key: "base", shape: 1 }); new Thing("keyed", { key: base.token });`),
      up(
        `const base = new Single("base", { key: "base", shape: 2, failOn: "create" }); new Thing("keyed", { key: base.token });`,
      ),
      preview(`const base = new Single("base", { key: "base", shape: 2 }); new Thing("keyed", { key: base.token });`),
      up(),
    ],
  },
  {
    name: "deleteBeforeReplace: the create fails, then it leaves the program",
    steps: [
      up(`${BASE} new Single("gone", { key: "gone", shape: 1 });`),
      up(`${BASE} new Single("gone", { key: "gone", shape: 2, failOn: "create" });`),
      up(BASE),
    ],
  },
  {
    name: "protect",
    steps: [
      up(`new Thing("kept", { key: "kept" }, { protect: true });`),
      preview(`new Thing("kept", { key: "other" }, { protect: true });`),
      up(),
      up(`${BASE}`),
      destroy,
      up(`new Thing("kept", { key: "kept" }, { protect: false });`),
      up(`${BASE}`),
    ],
  },
  {
    name: "protect: a dependent of what is deleted first",
    steps: [
      up(
        `const base = new Single("base", { key: "base", shape: 1 }); new Thing("keyed", { key: base.token }, { protect: true });`,
      ),
      up(
        `const base = new Single("base", { key: "base", shape: 2 }); new Thing("keyed", { key: base.token }, { protect: true });`,
      ),
    ],
  },
  {
    name: "aliases: name, parent, type",
    steps: [
      up(
        `const group = new Group("app"); new Thing("app-child", { key: "child" }, { parent: group }); new Thing("moved", { key: "moved" }); new Thing("typed", { key: "typed" });`,
      ),
      preview(
        `const group = new Group("new", { aliases: [{ name: "app" }] }); new Thing("new-child", { key: "child" }, { parent: group }); new Thing("moved", { key: "moved" }, { parent: group, aliases: [{ parent: pulumi.rootStackResource }] }); new Single("typed", { key: "typed" }, { aliases: [{ type: "cloud:index/thing:Thing" }] });`,
      ),
      up(),
      up(),
      destroy,
    ],
  },
  {
    name: "aliases: a dependent of what was renamed",
    steps: [
      up(`${BASE} new Thing("user", { key: "user", value: base.token }, { deletedWith: base });`),
      up(
        `const base = new Thing("root", { key: "base" }, { aliases: [{ name: "base" }] }); new Thing("user", { key: "user", value: base.token }, { deletedWith: base });`,
      ),
    ],
  },
  {
    name: "ignoreChanges",
    steps: [
      up(`new Thing("a", { key: "a", value: "1", list: [1, 2], map: { x: 1, y: 1 } });`),
      up(
        `new Thing("a", { key: "a", value: "2", list: [3, 2], map: { x: 2, y: 1 } }, { ignoreChanges: ["value", "list[0]", "map.x"] });`,
      ),
      up(`new Thing("a", { key: "b", value: "2", list: [3, 2], map: { x: 2, y: 1 } }, { ignoreChanges: ["*"] });`),
      up(`new Thing("a", { key: "c", value: "3" }, { ignoreChanges: ["value"] });`),
    ],
  },
  {
    name: "additionalSecretOutputs",
    steps: [
      up(`new Thing("a", { key: "a", value: "1" }, { additionalSecretOutputs: ["length", "value"] });`),
      up(`new Thing("a", { key: "a", value: "1" });`),
      up(`new Thing("a", { key: "a", value: "2" });`),
    ],
  },
  {
    name: "additionalSecretOutputs: added later, and exported",
    steps: [
      up(`const a = new Thing("a", { key: "a", value: "1" }); module.exports = { value: a.value, key: a.key };`),
      up(
        `const a = new Thing("a", { key: "a", value: "1" }, { additionalSecretOutputs: ["value"] }); new Thing("b", { key: "b", value: a.value }); module.exports = { value: a.value, key: a.key };`,
      ),
      up(`const a = new Thing("a", { key: "a", value: "1" }); module.exports = { value: a.value, key: a.key };`),
    ],
  },
  {
    name: "an input that becomes secret, and is exported",
    steps: [
      up(`const a = new Thing("a", { key: "a", value: "1" }); module.exports = { value: a.value };`),
      up(
        `const a = new Thing("a", { key: "a", value: pulumi.secret("1") }); module.exports = { value: a.value, whole: a, made: pulumi.interpolate\`<\${a.value}>\` };`,
      ),
      up(
        `const a = new Thing("a", { key: "a", nested: { list: ["x", pulumi.secret("hidden")] } }); module.exports = { whole: a };`,
      ),
    ],
  },
  {
    name: "secret stack outputs",
    steps: [
      up(
        `const a = new Thing("a", { key: "a", value: pulumi.secret("hidden-value") }); module.exports = { token: a.token, text: pulumi.interpolate\`<\${a.token}>\`, nested: { list: [a.token, "x"] }, value: a.value, plain: a.key, object: pulumi.output({ t: a.token, p: 1 }), applied: a.token.apply((t) => t.length) };`,
      ),
      preview(),
      up(
        `const a = new Thing("a", { key: "a", value: pulumi.secret("hidden-value") }); module.exports = { token: "now plain", text: pulumi.secret("s") };`,
      ),
    ],
  },
  {
    name: "component outputs",
    steps: [
      up(
        `class C extends pulumi.ComponentResource { constructor(n) { super("test:index:C", n); const t = new Thing(n + "-t", { key: n }, { parent: this }); this.registerOutputs({ token: t.token, mixed: { a: t.token, b: 1 }, length: t.length }); } } new C("c");`,
      ),
      up(),
    ],
  },
  {
    name: "dependsOn, customTimeouts and providers",
    steps: [
      up(
        `${BASE} new Thing("late", { key: "late" }, { dependsOn: [base], customTimeouts: { create: "5m", update: "30s", delete: "1h" } }); const p = new CloudProvider("mine", { region: "north" }); new Thing("there", { key: "there" }, { provider: p });`,
      ),
      up(
        `${BASE} new Thing("late", { key: "late" }); const p = new CloudProvider("mine", { region: "south" }); new Thing("there", { key: "there" }, { provider: p });`,
      ),
      up(`${BASE} new Thing("late", { key: "late" }); new Thing("there", { key: "there" });`),
      destroy,
    ],
  },
  {
    name: "replaceWith and replacementTrigger",
    steps: [
      up(
        `const base = new Thing("base", { key: "base", shape: 1 }); new Thing("with", { key: "with" }, { replaceWith: [base], deleteBeforeReplace: true }); new Thing("timed", { key: "timed" }, { replacementTrigger: "one", deleteBeforeReplace: true });`,
      ),
      preview(
        `const base = new Thing("base", { key: "base2", shape: 1 }); new Thing("with", { key: "with" }, { replaceWith: [base], deleteBeforeReplace: true }); new Thing("timed", { key: "timed" }, { replacementTrigger: "two", deleteBeforeReplace: true });`,
      ),
      up(),
      up(),
    ],
  },
  {
    name: "failure: a create",
    steps: [
      up(
        `const bad = new Thing("bad", { key: "bad", failOn: "create" }); new Thing("after", { key: "after", value: bad.token });`,
      ),
      up(`const bad = new Thing("bad", { key: "bad" }); new Thing("after", { key: "after", value: bad.token });`),
    ],
  },
  {
    name: "failure: a create that left something",
    steps: [
      up(`new Thing("half", { key: "half", value: "1", failOn: "partial" });`),
      preview(`new Thing("half", { key: "half", value: "1" });`),
      refresh,
      up(),
    ],
  },
  {
    name: "failure: a create that left something, unchanged program",
    steps: [up(`new Thing("half", { key: "half", value: "1", failOn: "partial" });`), preview(), up()],
  },
  {
    name: "failure: an update",
    steps: [
      up(`new Thing("a", { key: "a", value: "1" });`),
      up(`new Thing("a", { key: "a", value: "2", failOn: "update" });`),
      up(`new Thing("a", { key: "a", value: "3" });`),
    ],
  },
  {
    name: "failure: an update that left something",
    steps: [
      up(`new Thing("a", { key: "a", value: "1" });`),
      up(`new Thing("a", { key: "a", value: "22", failOn: "partial-update" });`),
      preview(),
      up(`new Thing("a", { key: "a", value: "22" });`),
      up(`new Thing("a", { key: "a", value: "333", failOn: "partial-update" });`),
      refresh,
    ],
  },
  {
    name: "failure: the old half of a replacement cannot be deleted",
    steps: [
      up(`new Thing("a", { key: "one", failOn: "delete" });`),
      up(`new Thing("a", { key: "two" });`),
      preview(),
      up(),
    ],
  },
  {
    name: "failure: a delete",
    steps: [
      up(
        `${BASE} const d = new Thing("d", { key: "d", failOn: "delete", value: base.token }); new Thing("e", { key: "e", value: d.token });`,
      ),
      up(`${BASE}`),
      destroy,
    ],
  },
  {
    name: "failure: the replacement cannot be created",
    steps: [
      up(`new Thing("a", { key: "one" });`),
      up(`new Thing("a", { key: "two", failOn: "create" });`),
      up(`new Thing("a", { key: "one" });`),
    ],
  },
  {
    name: "failure: the program throws after a resource",
    steps: [
      up(`${BASE} new Thing("b", { key: "b" }); module.exports = { x: 1 };`),
      up(
        `${BASE} module.exports = async () => { await new Promise((done) => base.token.apply(done)); throw new pulumi.RunError("no further"); };`,
      ),
    ],
  },
  {
    name: "failure: inputs are refused",
    steps: [up(`new Thing("a", { colour: "black" });`)],
  },
  {
    name: "read",
    steps: [
      on("owner", up(`new Thing("shared", { key: "shared", value: "x" });`)),
      up(
        `const seen = new Thing("seen", {}, { id: "shared" }); new Thing("user", { key: "user", value: seen.value });`,
      ),
      { ...up(), outside: { shared: { key: "shared", value: "yy", colour: "grey" } } },
      up(`new Thing("seen", { key: "seen" });`),
      up(`new Thing("seen", {}, { id: "shared" });`),
      destroy,
    ],
  },
  {
    name: "refresh",
    steps: [
      up(
        `const a = new Thing("a", { key: "a", value: "1" }); const b = new Thing("b", { key: "b", value: a.token }); new Thing("c", { key: "c", value: "1" }, { ignoreChanges: ["value"] });`,
      ),
      {
        ...refresh,
        outside: {
          a: null,
          b: { key: "b", colour: "blue", value: "token-of-a" },
          c: { key: "c", value: "2", colour: "grey" },
        },
      },
      up(),
    ],
  },
  {
    name: "a stack reference whose stack changes between two updates",
    steps: [
      on(
        "owner",
        up(
          `const a = new Thing("a", { key: "a", value: "1" }); module.exports = { value: a.value, token: a.token, gone: 1 };`,
        ),
      ),
      up(
        `const owner = new pulumi.StackReference("organization/test/owner"); new Thing("user", { key: "user", value: owner.getOutput("value"), secret: owner.getOutput("token") }); module.exports = { value: owner.getOutput("value"), none: owner.getOutput("none"), token: owner.getOutput("token") };`,
      ),
      up(),
      on(
        "owner",
        up(`const a = new Thing("a", { key: "a", value: "22" }); module.exports = { value: a.value, token: a.token };`),
      ),
      preview(
        `const owner = new pulumi.StackReference("organization/test/owner"); new Thing("user", { key: "user", value: owner.getOutput("value"), secret: owner.getOutput("token") }); module.exports = { value: owner.getOutput("value"), none: owner.getOutput("none"), token: owner.getOutput("token") };`,
      ),
      up(),
      { ...refresh },
      destroy,
    ],
  },
  {
    name: "a stack reference to nothing",
    steps: [
      up(
        `const other = new pulumi.StackReference("organization/test/nobody"); module.exports = { x: other.getOutput("x") };`,
      ),
    ],
  },
];
