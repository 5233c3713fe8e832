import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkpoint } from "../../engine/checkpoint";
import { writeAtomically } from "../../engine/files";
import { type Snapshot } from "../../engine/state";
import { parseUrn } from "../../engine/urns";
import { state, urn } from "./support/states";

const folder = (): string => mkdtempSync(join(tmpdir(), "gatehouse-state-"));

describe("the checkpoint", () => {
  it("keeps what was handled first, in order, then what is left; a gone dependency is dropped, a former name followed", async () => {
    const written: Snapshot[] = [];
    const [one, two, three] = [
      state("one"),
      state("two", { dependencies: [urn("one")] }),
      state("three", { dependencies: [urn("two")] }),
    ];
    const checkpoint = new Checkpoint([one, two, three], (snapshot) => {
      written.push(snapshot);
    });
    const renamed = state("dos", { aliases: [urn("two")], dependencies: [urn("one")] });
    await checkpoint.begin(renamed, "updating");
    await checkpoint.end(renamed, { done: two, made: renamed });
    await checkpoint.begin(one, "deleting");
    await checkpoint.end(one, { done: one });
    expect(written.map(({ pending }) => pending.map(({ type }) => type))).toEqual([["updating"], [], ["deleting"], []]);
    const last = written[3]!.resources;
    expect(last.map((resource) => parseUrn(resource.urn).name)).toEqual(["dos", "three"]);
    expect(last[0]).toMatchObject({ dependencies: [] });
    expect(last[1]).toMatchObject({ dependencies: [urn("dos")] });
    expect(last[0]).not.toHaveProperty("aliases");
  });

  it("writes once for what is asked in one turn, and every caller waits for that write", async () => {
    let writes = 0;
    const checkpoint = new Checkpoint([], () => {
      writes += 1;
    });
    await Promise.all([checkpoint.begin(state("a"), "creating"), checkpoint.begin(state("b"), "creating")]);
    expect(writes).toBe(1);
    const failing = new Checkpoint([], () => {
      throw new Error("disk full");
    });
    await expect(failing.begin(state("a"), "creating")).rejects.toThrow("disk full");
  });

  it("is whole or not there: a write that fails leaves the old file and no other", () => {
    const dir = folder();
    const file = join(dir, "state.json");
    writeAtomically(file, "old");
    expect(() => writeAtomically(join(file, "below-a-file"), "x")).toThrow();
    writeAtomically(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(dir)).toEqual(["state.json"]);
    rmSync(dir, { recursive: true });
  });
});
