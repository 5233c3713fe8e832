// Makes dist/, which the published package consists of: the library with its declarations, the Workers, the command, the
// policy pack, the plugin for Pulumi's other languages and the provider for Claude. node .ci/build.js [FOLDER]
const { execFileSync } = require("node:child_process");
const { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { buildSync } = require("esbuild");

const ROOT = resolve(__dirname, "..");
const DIST = resolve(ROOT, process.argv[2] ?? "dist");
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const write = (file, text) => {
  mkdirSync(resolve(DIST, file, ".."), { recursive: true });
  writeFileSync(join(DIST, file), text);
};
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

rmSync(DIST, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", DIST],
  {
    cwd: ROOT,
    stdio: "inherit",
  },
);

// With the built library's own function: in dist/ there are no Workers yet, and none may be taken for the sources'.
const { bundleSources } = require(join(DIST, "infra/cloudflare/bundle.js"));
for (const [name, text] of Object.entries(bundleSources(ROOT))) write(`workers/${name}.js`, text);

/** One file of a part that runs by itself; packages stay outside, as does the sandbox, which is not published. */
const oneFile = (entry, out) =>
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(DIST, out),
    bundle: true,
    platform: "node",
    target: "node20",
    packages: "external",
    external: ["../../sandbox/engine", "../../sandbox/rehearsal"],
    legalComments: "none",
    logLevel: "warning",
  });
oneFile("cli/main.ts", "cli/main.js");
oneFile("policy/pack.ts", "policy/index.js");
write("policy/package.json", json({ name: "gatehouse-policy", version, private: true, main: "index.js" }));
copyFileSync(join(ROOT, "policy/PulumiPolicy.yaml"), join(DIST, "policy/PulumiPolicy.yaml"));

// JavaScript already: without the option Pulumi would load a compiler.
write("plugin/PulumiPlugin.yaml", "runtime:\n  name: nodejs\n  options:\n    typescript: false\n");
write("plugin/package.json", json({ name: "gatehouse-plugin", version, private: true, main: "index.js" }));
copyFileSync(join(ROOT, "infra/config/stackFile.schema.json"), join(DIST, "stackFile.schema.json"));

// The provider for Claude Managed Agents, whole and publishable by itself: `npm publish dist/providers/claude`.
const claude = (file) => join("providers/claude", file);
const { private: _, ...manifest } = JSON.parse(readFileSync(join(ROOT, claude("package.json")), "utf8"));
// No `exports`: inside the other package's tarball they would count for nothing. Programs import the folder `resources`.
write(claude("package.json"), json({ ...manifest, main: "plugin/main.js" }));
for (const file of ["PulumiPlugin.yaml", "README.md", "LICENSE"])
  copyFileSync(join(ROOT, file === "LICENSE" ? file : claude(file)), join(DIST, claude(file)));
