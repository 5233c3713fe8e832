import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CODE_CACHE = join(__dirname, "../../engine/codeCache.js");

let dir: string;
let file: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "gatehouse-code-cache-")));
  mkdirSync(join(dir, "kept"));
  file = join(dir, "large.js");
  writeFileSync(file, "exports.said = [module.exports === exports, __filename, require('./beside.js')];");
  writeFileSync(join(dir, "beside.js"), "module.exports = 1;");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Loads the file in a process of its own and answers what it exported. */
function load(folder = join(dir, "kept"), ...flags: string[]): unknown {
  const script = `const { loadCached } = require(${JSON.stringify(CODE_CACHE)});
    process.stdout.write(JSON.stringify(loadCached(${JSON.stringify(file)}, ${JSON.stringify(folder)}).exports.said));`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}
const kept = (): string[] => readdirSync(join(dir, "kept"));
/** A kept file is written under another name and then renamed, so that a new one has another number. */
const number = (name: string): number => statSync(join(dir, "kept", name)).ino;

describe("what V8 compiled of a large file", () => {
  it("is kept at the first load and taken from there at the next", () => {
    const said = [true, file, 1];
    expect(load()).toEqual(said);
    const [name] = kept();
    const first = number(name!);
    expect(load()).toEqual(said);
    expect(kept()).toEqual([name]);
    expect(number(name!)).toBe(first);
  });

  it("is made again when it is damaged", () => {
    load();
    const [name] = kept();
    writeFileSync(join(dir, "kept", name!), "nothing that V8 knows");
    expect(load()).toEqual([true, file, 1]);
    expect(readFileSync(join(dir, "kept", name!), "latin1")).not.toContain("nothing that V8 knows");
  });

  it("is not taken for another text of the same length", () => {
    load();
    writeFileSync(file, readFileSync(file, "utf8").replace("./beside.js')", "./beside')   "));
    expect(load()).toEqual([true, file, 1]);
    expect(kept()).toHaveLength(2);
  });

  it("is kept apart for every set of flags", () => {
    load();
    load(undefined, "--stack-size=900");
    expect(kept()).toHaveLength(2);
  });

  it("is done without where nothing can be written", () => {
    expect(load(join(dir, "nowhere"))).toEqual([true, file, 1]);
  });
});
