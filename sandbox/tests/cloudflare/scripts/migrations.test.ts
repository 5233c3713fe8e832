import { applyMigrations } from "../../../cloudflare/scripts/migrations";

describe("migrations", () => {
  const none = { tag: undefined, namespaces: [] };
  const one = { tag: "v1", namespaces: [{ id: "n1", className: "A", sqlite: true }] };
  const code = (run: () => unknown): number | undefined => {
    try {
      run();
    } catch (error) {
      return (error as { errors: { code: number }[] }).errors[0]?.code;
    }
    return undefined;
  };

  it("make namespaces of new classes, in both forms", () => {
    expect(applyMigrations(none, { new_tag: "v1", new_sqlite_classes: ["A"] }, ["A"])).toMatchObject({
      tag: "v1",
      namespaces: [{ className: "A", sqlite: true }],
    });
    expect(
      applyMigrations(
        none,
        { new_tag: "v2", steps: [{ new_classes: ["A"] }, { renamed_classes: [{ from: "A", to: "B" }] }] },
        ["A", "B"],
      ),
    ).toMatchObject({ tag: "v2", namespaces: [{ className: "B", sqlite: false }] });
  });
  it("keep the namespace's id over a renaming, so that its objects stay", () =>
    expect(
      applyMigrations(one, { old_tag: "v1", new_tag: "v2", renamed_classes: [{ from: "A", to: "B" }] }, ["B"])
        .namespaces,
    ).toEqual([{ id: "n1", className: "B", sqlite: true }]));
  it("change nothing when absent or when old and new tag are the current one", () => {
    expect(applyMigrations(one, undefined, [])).toBe(one);
    expect(applyMigrations(one, { old_tag: "v1", new_tag: "v1", new_sqlite_classes: ["A"] }, ["A"])).toBe(one);
  });
  it.each([
    ["another old tag", one, { old_tag: "v0", new_tag: "v2" }, 10079],
    ["no old tag where there is one", one, { new_tag: "v2" }, 10079],
    ["an old tag where there is none", none, { old_tag: "v1", new_tag: "v2" }, 10079],
    ["a class that is there already", one, { old_tag: "v1", new_tag: "v2", new_classes: ["A"] }, 10074],
    ["a class that is not exported", none, { new_tag: "v1", new_sqlite_classes: ["B"] }, 10070],
    ["a deletion of nothing", none, { new_tag: "v1", deleted_classes: ["A"] }, 10074],
  ])("are refused for %s", (_, before, migrations, expected) =>
    expect(code(() => applyMigrations(before, migrations, ["A"]))).toBe(expected),
  );
});
