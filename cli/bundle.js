// One file in place of hundreds of TypeScript sources: loading them one by one takes longer than what most commands do.
// The bundle is made at first use and again whenever a source has changed.
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
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { basename, dirname, join, resolve } = require("node:path");

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

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  target: "node20",
  // `import()` fails in what is loaded from V8's cache; `require` loads modules too.
  supported: { "dynamic-import": false },
  metafile: true,
  write: false,
  outfile: "bundle.js",
  logLevel: "silent",
};

/** The bundle with its packages in it; `__dirname` is the bundle's own folder. */
function whole(entry) {
  const { buildSync } = require("esbuild");
  const { metafile, outputFiles } = buildSync({ ...OPTIONS, entryPoints: [entry] });
  return { inputs: Object.keys(metafile.inputs), text: outputFiles[0].text };
}

/** The sources alone: packages are found as ever, and `__dirname` stays each source's own folder. */
async function sourcesOnly(entry) {
  const { build } = require("esbuild");
  const ownFolder = {
    name: "own-folder",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        return {
          contents: source.includes("__dirname")
            ? `const __dirname = ${JSON.stringify(dirname(path))};${source}`
            : source,
          loader: path.endsWith(".ts") ? "ts" : "js",
        };
      }),
  };
  const { metafile, outputFiles } = await build({
    ...OPTIONS,
    entryPoints: [entry],
    packages: "external",
    plugins: [ownFolder],
  });
  return { inputs: Object.keys(metafile.inputs), text: outputFiles[0].text };
}

/** esbuild takes plugins only where it may take its time, and a command starts in one go: so a process of its own. */
const sourcesOnlyNow = (entry) =>
  JSON.parse(
    execFileSync(process.execPath, [__filename, entry], { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] }),
  );

function make(entry, assets, manifest, bundled) {
  const { inputs, text } = bundled(entry);
  // What the sources find beside themselves lies beside the bundle too; the lock file stands for all packages.
  const sources = inputs.filter((file) => !file.includes("node_modules/"));
  const files = [...sources, ...assets, "cli/bundle.js", "package-lock.json"].sort();
  const stamp = stampOf(files);
  const main = basename(entry).replace(/\.ts$/, ".js");
  const folder = createHash("sha256").update(JSON.stringify(stamp)).digest("hex").slice(0, 16);
  const draft = join(CACHE, `${folder}.${process.pid}`);
  mkdirSync(draft, { recursive: true });
  for (const asset of assets) copyFileSync(join(ROOT, asset), join(draft, basename(asset)));
  writeFileSync(join(draft, main), text);
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

/** The path of a fresh bundle, or undefined where none can be made, such as in an installation that is read-only. */
function freshOrMade(entry, assets, bundled) {
  const manifest = join(CACHE, `${basename(entry)}.json`);
  try {
    return fresh(manifest) ?? make(entry, assets, manifest, bundled);
  } catch {
    return undefined;
  }
}

/**
 * The path of a fresh bundle of `entry` (a source, relative to the repository), packages included, with `assets` copied
 * beside it. Undefined where none can be made: then the sources themselves do.
 */
const bundleOf = (entry, assets) => freshOrMade(entry, assets, whole);

/** The same of the sources alone, without packages. */
const bundleOfSources = (entry) => freshOrMade(entry, [], sourcesOnlyNow);

module.exports = { bundleOf, bundleOfSources };

if (require.main === module)
  void sourcesOnly(process.argv[2]).then((made) => process.stdout.write(JSON.stringify(made)));
