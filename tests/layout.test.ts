import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./support/sandbox";

const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n");
const modules = tracked.filter(
  (file) =>
    /^(?:cli|edge|gate|infra|plugin|policy|providers|rotation|sandbox|stacks)\/.*\.ts$/.test(file) &&
    !/^sandbox\/tests\/|\.d\.ts$/.test(file),
);
/** Every source that does something, without lists of exports and of types. */
const sources = modules.filter((file) => !/\/(?:index|types|contract)\.ts$/.test(file));
/** The test of a source, whether it is there or not. */
const testOf = (source: string): string =>
  (source.startsWith("sandbox/") ? source.replace("sandbox/", "sandbox/tests/") : `tests/${source}`).replace(
    /\.ts$/,
    ".test.ts",
  );
/** Sources whose test stands under their path. */
const mirrored = (of: readonly string[]): string[] => of.filter((source) => existsSync(join(ROOT, testOf(source))));

it("a third of the product's sources at least has its test under its path", () => {
  const product = sources.filter((source) => !source.startsWith("sandbox/"));
  const share = (of: readonly string[]): number => Math.round((100 * mirrored(of).length) / of.length);
  process.stdout.write(
    `sources with a test under their path: ${share(product)}% of the product, ${share(sources)}% with the sandbox\n`,
  );
  expect(share(product)).toBeGreaterThanOrEqual(33);
});

it("every other test stands in the folder of a source", () => {
  const apart = /^(?:sandbox\/)?tests\/(?:attacks|bench|clients|fuzz|proof|support|system|fixtures)\//;
  const folders = new Set(modules.map(dirname));
  const lost = tracked
    .filter((file) => /\.test\.ts$/.test(file) && !apart.test(file) && existsSync(join(ROOT, file)))
    .map((file) =>
      dirname(file)
        .replace(/^sandbox\/tests/, "sandbox")
        .replace(/^tests\/?/, ""),
    )
    .filter((folder) => folder !== "" && !folders.has(folder));
  expect([...new Set(lost)].sort()).toEqual([]);
});
