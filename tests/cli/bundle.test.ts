import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { bundleOf } from "../../cli/bundle";

const ENTRY = "cli/engine.ts";
const ASSETS = ["sandbox/engine/preload.js", "sandbox/engine/codeCache.js"];
const MANIFEST = join(__dirname, "../../node_modules/.cache/gatehouse/engine.ts.json");

describe("the engine's commands as one file", () => {
  it("are bundled once, with what they find beside themselves, and found again", () => {
    const file = bundleOf(ENTRY, ASSETS)!;
    for (const asset of ASSETS) expect(existsSync(join(dirname(file), basename(asset)))).toBe(true);
    expect(bundleOf(ENTRY, ASSETS)).toBe(file);
  });

  it.each([
    [
      "whose source has another time or size",
      (text: string) => text.replace(/(sandbox\/engine\/steps\.ts) \d+/, "$1 1"),
    ],
    ["whose folder is gone", (text: string) => text.replace(/"folder":"[0-9a-f]+"/, `"folder":"0000"`)],
    ["whose note is damaged", (text: string) => text.slice(0, 20)],
  ])("are bundled anew from a note %s", (_what, spoil) => {
    const file = bundleOf(ENTRY, ASSETS);
    const note = readFileSync(MANIFEST, "utf8");
    const spoiled = spoil(note);
    expect(spoiled).not.toBe(note);
    writeFileSync(MANIFEST, spoiled);
    expect(bundleOf(ENTRY, ASSETS)).toBe(file);
    expect(readFileSync(MANIFEST, "utf8")).toBe(note);
  });

  it("are run from their sources where no bundle can be made", () => {
    expect(bundleOf("cli/nothing.ts", [])).toBeUndefined();
  });
});
