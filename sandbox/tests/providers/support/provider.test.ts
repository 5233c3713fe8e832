import { DeclarativeProvider } from "../../../providers/support/provider";
import type { ResourceType } from "../../../providers/support/resource";
import { ProviderError, UNKNOWN, type Props } from "../../../providers/types";
import { urnOf } from "./replay";

const TYPE = "test:index/thing:Thing";
const urn = urnOf(TYPE, "thing");

/** A service in memory, so that what the base class does shows on its own. */
class Things {
  readonly all = new Map<string, Props>();
  readonly calls: string[] = [];
  failAfterCreate = false;
}

const THING: ResourceType<Things> = {
  properties: {
    name: { kind: "string", required: true, autoname: true, replace: true },
    size: { kind: "number", default: 1 },
    options: { kind: "object", fields: { mode: { kind: "string", required: true } } },
    colour: { kind: "string" },
    id2: { kind: "string", output: true },
    key: { kind: "string", output: true, secret: true },
  },
  create(things, { plan }, exists) {
    const id = String(plan.name);
    things.calls.push(`create ${id}`);
    things.all.set(id, plan);
    exists({ id, outs: { id2: "2" } });
    if (things.failAfterCreate) throw new ProviderError("broke after the create", ["reason"]);
    return Promise.resolve({ id, outs: { id2: "2", key: "k" } });
  },
  read: (things, id) => Promise.resolve(things.all.has(id) ? { id, outs: { ...things.all.get(id) } } : undefined),
  update(things, id, { plan, changed }) {
    things.calls.push(`update ${id} ${[...changed].sort().join(",")}`);
    things.all.set(id, plan);
    return Promise.resolve({ id, outs: {} });
  },
  delete(things, id) {
    things.all.delete(id);
    return Promise.resolve();
  },
  find: (things, inputs) => Promise.resolve(things.all.has(String(inputs.name)) ? String(inputs.name) : undefined),
};

const make = (flavour: "sdk" | "framework" = "sdk", things = new Things()) => {
  let started = 0;
  const provider = new DeclarativeProvider<Things>({
    name: "test",
    flavour,
    types: { [TYPE]: THING },
    functions: {},
    client: () => {
      started += 1;
      return Promise.resolve(things);
    },
  });
  return { provider, things, started: () => started };
};

describe("the declarative provider", () => {
  it("fills in defaults and says which, at every level", async () => {
    const { provider } = make();
    const { inputs, failures } = await provider.check(urn, {}, { name: "n", options: { mode: "m" } });
    expect(failures).toBeUndefined();
    expect(inputs).toEqual({ __defaults: ["size"], name: "n", size: 1, options: { __defaults: [], mode: "m" } });
  });

  it("names what has no name after the resource, once and for all", async () => {
    const { provider } = make();
    const first = await provider.check(urn, {}, {});
    expect(first.inputs.name).toMatch(/^thing-[0-9a-f]{7}$/);
    expect(first.inputs.__defaults).toEqual(["name", "size"]);
    const second = await provider.check(urn, first.inputs, {});
    expect(second.inputs.name).toBe(first.inputs.name);
    const other = await provider.check(urn, {}, {});
    expect(other.inputs.name).not.toBe(first.inputs.name);
  });

  it("refuses every wrong input with its path, all at once", async () => {
    const { provider } = make();
    const { failures } = await provider.check(
      urn,
      {},
      { name: "n", size: "many", options: {}, colour: ["red"], id2: "x", weight: 3 },
    );
    expect(failures).toEqual([
      { property: "size", reason: "must be a number, but is a string" },
      { property: "options.mode", reason: 'missing required property "mode"' },
      { property: "colour", reason: "must be a string, but is a list" },
      { property: "id2", reason: '"id2" is an output and cannot be set' },
      { property: "weight", reason: 'no such property: "weight"' },
    ]);
  });

  it("takes unknown values in a check and calls nothing in a preview", async () => {
    const { provider, things, started } = make();
    const { inputs, failures } = await provider.check(urn, {}, { name: UNKNOWN, options: { mode: UNKNOWN } });
    expect(failures).toBeUndefined();
    const { id, outs } = await provider.create(urn, inputs, true);
    expect(id).toBe("");
    expect(outs).toEqual({
      name: UNKNOWN,
      size: 1,
      options: { mode: UNKNOWN },
      id2: UNKNOWN,
      key: UNKNOWN,
      id: UNKNOWN,
    });
    await provider.update("n", urn, { name: "n", id2: "2" }, inputs, { ...inputs, size: 2 }, true);
    expect(things.calls).toEqual([]);
    expect(started()).toBe(0);
  });

  it("keeps unset properties as null in the older SDK's way, and drops them in the framework's", async () => {
    const sdk = await make("sdk").provider.create(urn, { name: "n", size: 1 }, false);
    expect(sdk.outs).toEqual({ name: "n", size: 1, options: null, colour: null, id2: "2", key: "k", id: "n" });
    const framework = await make("framework").provider.create(urn, { name: "n" }, false);
    expect(framework.outs).toEqual({ name: "n", size: 1, id2: "2", key: "k", id: "n" });
  });

  it("hands back a resource that exists although its create failed", async () => {
    const { provider, things } = make();
    things.failAfterCreate = true;
    const failed = await provider.create(urn, { name: "n", size: 1 }, false).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ProviderError);
    const { message, reasons, partial } = failed as ProviderError;
    expect(message).toBe("broke after the create");
    expect(reasons).toEqual(["reason"]);
    expect(partial).toMatchObject({ id: "n", outs: { id: "n", id2: "2", size: 1 }, inputs: { name: "n" } });
  });

  it("updates with the changed properties alone, and ignores what it is told to ignore", async () => {
    const { provider, things } = make();
    const olds = { name: "n", size: 1, colour: "red" };
    const { outs } = await provider.create(urn, olds, false);
    const news = { name: "n", size: 2, colour: "blue" };
    expect(await provider.diff("n", urn, outs, olds, news)).toMatchObject({
      changes: true,
      replaces: [],
      diffs: ["colour", "size"],
    });
    expect(await provider.diff("n", urn, outs, olds, news, ["size"])).toMatchObject({
      changes: true,
      diffs: ["colour"],
    });
    expect(await provider.diff("n", urn, outs, olds, news, ["*"])).toMatchObject({ changes: false, detailedDiff: {} });
    await provider.update("n", urn, outs, olds, news, false);
    expect(things.calls).toEqual(["create n", "update n colour,size"]);
  });

  it("deletes first when it replaces a resource whose name the program chose", async () => {
    const { provider } = make();
    const chosen = { __defaults: [], name: "a" };
    const automatic = { __defaults: ["name"], name: "a" };
    expect(await provider.diff("a", urn, { name: "a" }, chosen, { ...chosen, name: "b" })).toMatchObject({
      replaces: ["name"],
      deleteBeforeReplace: true,
    });
    expect(
      (await provider.diff("a", urn, { name: "a" }, automatic, { ...automatic, name: "b" })).deleteBeforeReplace,
    ).toBeUndefined();
  });

  it("tells the diff of a framework's type by top-level names alone", async () => {
    const { provider } = make("framework");
    expect(await provider.diff("n", urn, { name: "n", size: 1 }, {}, { name: "n", size: 2 })).toEqual({
      changes: true,
      replaces: [],
      diffs: ["size"],
      detailedDiff: {},
    });
  });

  it("reads inputs back: the given ones with their live values, for an import all that are set", async () => {
    const { provider, things } = make();
    things.all.set("n", { name: "n", size: 7, colour: "green" });
    const read = await provider.read(
      "n",
      urn,
      { name: "n", size: 1, key: "k" },
      { __defaults: ["size"], name: "n", size: 1 },
    );
    expect(read).toMatchObject({
      id: "n",
      props: { size: 7, colour: "green", key: "k" },
      inputs: { __defaults: ["size"], name: "n", size: 7 },
    });
    expect(read.inputs).not.toHaveProperty("colour");
    expect((await provider.read("n", urn, {})).inputs).toEqual({ name: "n", size: 7, colour: "green" });
    expect(await provider.read("gone", urn, {})).toEqual({});
  });

  it("finds a live resource by its inputs", async () => {
    const { provider, things } = make();
    expect(await provider.find(TYPE, { name: "n" })).toBeUndefined();
    things.all.set("n", {});
    expect(await provider.find(TYPE, { name: "n" })).toEqual({ id: "n" });
  });

  it("refuses unknown types and functions by name", async () => {
    const { provider } = make();
    const other = urnOf("test:index/other:Other", "o");
    await expect(provider.create(other, {}, false)).rejects.toThrow(
      "does not know the resource type test:index/other:Other",
    );
    await expect(provider.invoke("test:index/getOther:getOther", {})).rejects.toThrow(
      "does not know the function test:index/getOther:getOther",
    );
    expect(() => provider.secretOutputs("test:index/other:Other")).toThrow("test:index/other:Other");
    expect(provider.secretOutputs(TYPE)).toEqual(["key"]);
  });

  it("starts its client once, and again after a failed start", async () => {
    let starts = 0;
    const provider = new DeclarativeProvider<Things>({
      name: "test",
      flavour: "sdk",
      types: { [TYPE]: THING },
      functions: {},
      client: () => {
        starts += 1;
        return starts === 1 ? Promise.reject(new Error("not yet")) : Promise.resolve(new Things());
      },
    });
    await expect(provider.create(urn, { name: "a" }, false)).rejects.toThrow("not yet");
    await Promise.all([provider.create(urn, { name: "a" }, false), provider.create(urn, { name: "b" }, false)]);
    expect(starts).toBe(2);
  });
});
