#!/usr/bin/env node
// The published package has the commands as one file. In the repository the sources are TypeScript: they are made into
// one file too, the engine's commands, which are run most often, with their packages. Where that cannot be, tsx runs the
// sources as they are.
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");

const ENGINE = ["preview", "up", "refresh", "destroy", "export", "import"];
const [group, command] = process.argv.slice(2);

if (!existsSync(join(__dirname, "main.ts"))) require("../dist/cli/main.js");
else {
  const { bundleOf, bundleOfSources } = require("./bundle.js");
  const bundle =
    group === "sandbox" && ENGINE.includes(command)
      ? bundleOf("cli/engine.ts", ["sandbox/engine/preload.js", "sandbox/engine/codeCache.js"])
      : bundleOfSources("cli/main.ts");
  if (bundle) require("../sandbox/engine/codeCache.js").loadCached(bundle, dirname(bundle));
  else {
    require("tsx/cjs");
    require("./main.ts");
  }
}
