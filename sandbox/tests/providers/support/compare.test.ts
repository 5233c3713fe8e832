import fc from "fast-check";
import { compare, joinPath, rootOf } from "../../../providers/support/compare";
import type { Properties } from "../../../providers/support/properties";
import { UNKNOWN } from "../../../providers/types";

const PROPERTIES: Properties = {
  name: { kind: "string", required: true, replace: true },
  count: { kind: "number" },
  on: { kind: "boolean" },
  tags: { kind: "set" },
  steps: { kind: "list" },
  labels: { kind: "map" },
  text: { kind: "json" },
  nested: { kind: "object", fields: { a: { kind: "string" }, filled: { kind: "string", computed: true } } },
  rules: { kind: "list", fields: { id: { kind: "string" }, limit: { kind: "number" } } },
  groups: { kind: "set", fields: { id: { kind: "string" } } },
  given: { kind: "string", computed: true },
  secret: { kind: "string", writeOnly: true },
  out: { kind: "string", output: true },
};
const changes = (state: object, plan: object, flavour: "sdk" | "framework" = "sdk") =>
  compare(PROPERTIES, { ...state }, { ...plan }, flavour);
const kinds = (state: object, plan: object, flavour: "sdk" | "framework" = "sdk") =>
  Object.fromEntries(Object.entries(changes(state, plan, flavour)).map(([path, { kind }]) => [path, kind]));

/** JSON-like values for each kind of property, none of them a zero value. */
const plans = fc.record(
  {
    name: fc.string({ minLength: 1 }),
    count: fc.integer({ min: 1 }),
    on: fc.constant(true),
    tags: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
    steps: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
    labels: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => !key.startsWith("__")),
      fc.string(),
      { minKeys: 1, maxKeys: 3 },
    ),
    nested: fc.record({ a: fc.string({ minLength: 1 }) }),
    rules: fc.array(fc.record({ id: fc.string({ minLength: 1 }), limit: fc.integer({ min: 1 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: ["name"] },
);

describe("compare", () => {
  it("finds nothing between a state and the plan that made it, whatever the service added", () => {
    fc.assert(
      fc.property(plans, fc.constantFrom("sdk" as const, "framework" as const), (plan, flavour) => {
        const state = {
          ...plan,
          given: "by the service",
          out: "x",
          ...(plan.nested ? { nested: { ...plan.nested, filled: "y" } } : {}),
        };
        expect(compare(PROPERTIES, state, plan, flavour)).toEqual({});
      }),
    );
  });

  it("finds every property that is there on one side alone, and nothing else", () => {
    fc.assert(
      fc.property(plans, plans, (state, plan) => {
        const roots = new Set(Object.keys(compare(PROPERTIES, state, plan, "framework")).map(rootOf));
        for (const name of Object.keys(PROPERTIES)) {
          const before = (state as Record<string, unknown>)[name];
          const after = (plan as Record<string, unknown>)[name];
          if ((before === undefined) !== (after === undefined)) expect(roots).toContain(name);
          if (JSON.stringify(before) === JSON.stringify(after)) expect(roots).not.toContain(name);
        }
      }),
    );
  });

  it("does not mind the order of a set, and minds that of a list", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }), (values) => {
        const turned = [...values].reverse();
        expect(changes({ tags: values }, { tags: turned })).toEqual({});
        expect(changes({ groups: values.map((id) => ({ id })) }, { groups: turned.map((id) => ({ id })) })).toEqual({});
        expect(Object.keys(changes({ steps: values }, { steps: turned })).length).toBeGreaterThan(0);
      }),
    );
  });

  it("names each change by its path and kind", () => {
    const state = {
      name: "n",
      count: 1,
      labels: { a: "1", "b.c": "2" },
      nested: { a: "x" },
      rules: [{ id: "r", limit: 1 }],
      tags: ["a", "b"],
      steps: ["s"],
    };
    const plan = {
      name: "n",
      on: true,
      labels: { "b.c": "3", d: "4" },
      nested: { a: "y" },
      rules: [
        { id: "r", limit: 2 },
        { id: "q", limit: 1 },
      ],
      tags: ["b", "c"],
      steps: ["s"],
    };
    expect(kinds(state, plan)).toEqual({
      count: "delete",
      on: "add",
      "labels.a": "delete",
      'labels["b.c"]': "update",
      "labels.d": "add",
      "nested.a": "update",
      "rules[0].limit": "update",
      "rules[1]": "add",
      "tags[0]": "delete",
      "tags[1]": "add",
    });
  });

  it("marks a change below a replacing property as a replacement", () => {
    expect(kinds({ name: "a" }, { name: "b" })).toEqual({ name: "update-replace" });
  });

  it("takes zero values for absent ones in the older SDK, and for values in the framework", () => {
    const zeros = { count: 0, on: false, tags: [], labels: {}, nested: {} };
    expect(kinds({}, zeros, "sdk")).toEqual({});
    expect(kinds({}, zeros, "framework")).toEqual({
      count: "add",
      on: "add",
      tags: "add",
      labels: "add",
      nested: "add",
    });
  });

  it("takes an unknown value for a change, and a computed one that the program does not give for none", () => {
    expect(kinds({ count: 1, given: "x" }, { count: UNKNOWN })).toEqual({ count: "update" });
    expect(kinds({ given: "x" }, { given: "y" })).toEqual({ given: "update" });
  });

  it("compares JSON by meaning, and never write-only values or outputs", () => {
    expect(kinds({ text: '{"a":1,"b":2}' }, { text: '{ "b": 2, "a": 1 }' })).toEqual({});
    expect(kinds({ text: '{"a":1}' }, { text: '{"a":2}' })).toEqual({ text: "update" });
    expect(kinds({ out: "x" }, { secret: "s", out: "y" })).toEqual({});
  });

  it("writes paths that give their root back", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((key) => !/["\\]/.test(key)),
        fc.array(fc.oneof(fc.nat(9), fc.string({ minLength: 1 })), { maxLength: 3 }),
        (root, rest) => {
          expect(rootOf(rest.reduce<string>((path, key) => joinPath(path, key), joinPath("", root)))).toBe(root);
        },
      ),
    );
  });
});
