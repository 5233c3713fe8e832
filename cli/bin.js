#!/usr/bin/env node
// The sources are TypeScript; tsx runs them as they are. The engine's commands, which are run many times, come as one
// file.
const { dirname } = require("node:path");
const { loadCached } = require("../sandbox/engine/codeCache.js");
const { bundleOf } = require("./bundle.js");

const ENGINE = ["preview", "up", "refresh", "destroy", "export", "import"];
const [group, command] = process.argv.slice(2);
const bundle =
  group === "sandbox" && ENGINE.includes(command)
    ? bundleOf("cli/engine.ts", ["sandbox/engine/preload.js", "sandbox/engine/codeCache.js"])
    : undefined;
if (bundle) loadCached(bundle, dirname(bundle));
else {
  require("tsx/cjs");
  require("./main.ts");
}
