// One file in place of a hundred TypeScript sources: the engine's commands are run many times, and loading source by
// source takes longer than what they do. The bundle is made at first use and again whenever a source has changed.
const {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require("node:fs");
const { createHash } = require("node:crypto");
const { basename, join, resolve } = require("node:path");

const ROOT = resolve(__dirname, "..");
const CACHE = join(ROOT, "node_modules", ".cache", "gatehouse");

/** Size and time of every file that went in: a change of either makes the bundle stale. */
const stampOf = (files) =>
  files.map((file) => {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    return `${file} ${size} ${mtimeMs}`;
  });

/** The bundle of an entry that is there and fresh, or undefined. */
function fresh(manifest) {
  try {
    const { files, stamp, folder, main } = JSON.parse(readFileSync(manifest, "utf8"));
    if (JSON.stringify(stampOf(files)) !== JSON.stringify(stamp)) return undefined;
    statSync(join(CACHE, folder, main));
    return join(CACHE, folder, main);
  } catch {
    return undefined;
  }
}

function make(entry, assets, manifest) {
  const { buildSync } = require("esbuild");
  const { metafile, outputFiles } = buildSync({
    entryPoints: [join(ROOT, entry)],
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    target: "node20",
    metafile: true,
    write: false,
    outfile: "bundle.js",
    logLevel: "silent",
  });
  // What the sources find beside themselves lies beside the bundle too; the lock file stands for all packages.
  const sources = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  const files = [...sources, ...assets, "cli/bundle.js", "package-lock.json"].sort();
  const stamp = stampOf(files);
  const main = basename(entry).replace(/\.ts$/, ".js");
  const folder = createHash("sha256").update(JSON.stringify(stamp)).digest("hex").slice(0, 16);
  const draft = join(CACHE, `${folder}.${process.pid}`);
  mkdirSync(draft, { recursive: true });
  for (const asset of assets) copyFileSync(join(ROOT, asset), join(draft, basename(asset)));
  writeFileSync(join(draft, main), outputFiles[0].text);
  try {
    renameSync(draft, join(CACHE, folder));
  } catch {
    // Another process was quicker with the same bundle.
    rmSync(draft, { recursive: true, force: true });
  }
  const next = `${manifest}.${process.pid}`;
  writeFileSync(next, JSON.stringify({ files, stamp, folder, main }));
  renameSync(next, manifest);
  sweep(folder);
  return join(CACHE, folder, main);
}

/** Takes away bundles of more than a day ago: no command runs that long. */
function sweep(current) {
  for (const name of readdirSync(CACHE).filter((name) => /^[0-9a-f]{16}$/.test(name) && name !== current))
    if (statSync(join(CACHE, name)).mtimeMs < Date.now() - 86_400_000)
      rmSync(join(CACHE, name), { recursive: true, force: true });
}

/**
 * The path of a fresh bundle of `entry` (a source, relative to the repository) with `assets` copied beside it.
 * Undefined where none can be made, such as in an installation that cannot be written to: then the sources themselves
 * do.
 */
function bundleOf(entry, assets) {
  const manifest = join(CACHE, `${basename(entry)}.json`);
  try {
    return fresh(manifest) ?? make(entry, assets, manifest);
  } catch {
    return undefined;
  }
}

module.exports = { bundleOf };
