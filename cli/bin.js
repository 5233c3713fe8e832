#!/usr/bin/env node
// The published package has the commands as one file. In the repository the sources are TypeScript, which tsx runs as
// they are; the engine's commands, which are run many times, come as one file there too.
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");

const ENGINE = ["preview", "up", "refresh", "destroy", "export", "import"];
const [group, command] = process.argv.slice(2);

if (!existsSync(join(__dirname, "main.ts"))) require("../dist/cli/main.js");
else {
  const bundle =
    group === "sandbox" && ENGINE.includes(command)
      ? require("./bundle.js").bundleOf("cli/engine.ts", ["sandbox/engine/preload.js", "sandbox/engine/codeCache.js"])
      : undefined;
  if (bundle) require("../sandbox/engine/codeCache.js").loadCached(bundle, dirname(bundle));
  else {
    require("tsx/cjs");
    require("./main.ts");
  }
}
