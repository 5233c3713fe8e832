import fc from "fast-check";
import { parsePath } from "../../../infra/config/propertyPath";
import { covers, resetPaths } from "../../engine/paths";
import { equal, Secret, toWire, type Values } from "../../engine/values";
import { anyBag } from "./support/anyValue";

describe("property paths", () => {
  it.each<[string, (string | number)[]]>([
    ["a", ["a"]],
    ["a.b", ["a", "b"]],
    ["a[0].b", ["a", 0, "b"]],
    [`a["b.c"].d`, ["a", "b.c", "d"]],
    ["*", ["*"]],
    ["a[*]", ["a", "*"]],
    [`["x\\"y"]`, [`x"y`]],
  ])("parses %s", (path, parts) => {
    expect(parsePath(path)).toEqual(parts);
  });

  it.each(["", "a[", "a[x]", `a["b`])("refuses %j", (path) => {
    expect(() => parsePath(path)).toThrow();
  });

  it("cover what lies inside them, and * covers any one part", () => {
    expect(covers(parsePath("a"), parsePath("a.b[0]"))).toBe(true);
    expect(covers(parsePath("a.b"), parsePath("a"))).toBe(false);
    expect(covers(parsePath("*"), parsePath("anything[3]"))).toBe(true);
    expect(covers(parsePath("a[*].b"), parsePath("a[3].b.c"))).toBe(true);
  });

  it("reset to the old value: changed, added, removed, nested and all", () => {
    const olds: Values = { a: 1, gone: "x", deep: { kept: 1, list: [1, 2] }, secret: new Secret({ inner: "old" }) };
    const news: Values = { a: 2, fresh: true, deep: { kept: 2, list: [1, 3] }, secret: new Secret({ inner: "new" }) };
    expect(resetPaths(news, olds, ["a"]).values).toEqual({ ...news, a: 1 });
    expect(resetPaths(news, olds, ["gone"]).values).toEqual({ ...news, gone: "x" });
    expect(resetPaths(news, olds, ["fresh"]).values).not.toHaveProperty("fresh");
    expect(resetPaths(news, olds, ["deep.list[1]"]).values).toMatchObject({ deep: { kept: 2, list: [1, 2] } });
    expect(resetPaths(news, olds, ["secret.inner"]).values.secret).toEqual(new Secret({ inner: "old" }));
    expect(resetPaths(news, olds, ["deep.list[7]"])).toEqual({ values: news, unreachable: ["deep.list[7]"] });
    fc.assert(
      fc.property(anyBag, anyBag, (before, after) => {
        expect(equal(resetPaths(after, before, ["*"]).values, before)).toBe(true);
      }),
    );
  });

  it("leave the new value untouched and the old one out of reach of changes", () => {
    fc.assert(
      fc.property(anyBag, anyBag, fc.stringMatching(/^[a-z]{1,4}$/), (before, after, key) => {
        const [a, b] = [JSON.stringify(toWire(before)), JSON.stringify(toWire(after))];
        resetPaths(after, before, [key]);
        expect([JSON.stringify(toWire(before)), JSON.stringify(toWire(after))]).toEqual([a, b]);
      }),
    );
  });
});
