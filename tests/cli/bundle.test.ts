import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { bundleOf, bundleOfSources } from "../../cli/bundle";

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

  it("take away bundles of more than a day ago, and no younger ones", () => {
    const [old, young] = ["00000000000000ff", "00000000000000fe"].map((name) => join(dirname(MANIFEST), name)) as [
      string,
      string,
    ];
    for (const folder of [old, young]) mkdirSync(folder, { recursive: true });
    const then = Date.now() / 1000 - 86_500;
    utimesSync(old, then, then);
    const current = dirname(bundleOf(ENTRY, ASSETS)!);
    utimesSync(current, then, then);
    writeFileSync(MANIFEST, "damaged");
    expect(dirname(bundleOf(ENTRY, ASSETS)!)).toBe(current);
    expect([old, young, current].map(existsSync)).toEqual([false, true, true]);
    rmSync(young, { recursive: true });
  });

  it("are run from their sources where no bundle can be made", () => {
    expect(bundleOf("cli/nothing.ts", [])).toBeUndefined();
  });
});

describe("the other commands as one file", () => {
  it("are bundled once without packages, each source with its own folder", () => {
    const file = bundleOfSources("cli/main.ts")!;
    const text = readFileSync(file, "utf8");
    expect(bundleOfSources("cli/main.ts")).toBe(file);
    expect(text).toMatch(new RegExp(`__dirname\\d* = ${JSON.stringify(join(__dirname, "../../infra/cloudflare"))}`));
    expect(text).toContain('require("commander")');
  });

  it("are run from their sources where no bundle can be made", () => {
    expect(bundleOfSources("cli/nothing.ts")).toBeUndefined();
  });
});
