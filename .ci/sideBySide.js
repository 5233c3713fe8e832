// Runs scripts of package.json at the same time, as many as there are processors, and shows what each said once it is over.
// node .ci/sideBySide.js lint types
const { spawn } = require("node:child_process");
const { availableParallelism } = require("node:os");

const waiting = process.argv.slice(2);

const run = (script) =>
  new Promise((resolve) => {
    const began = Date.now();
    const child = spawn("npm", ["run", "--silent", script], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => said.push(part));
    child.on("close", (code) => {
      process.stdout.write(
        `${script}: ${code === 0 ? "ok" : "failed"} (${Math.round((Date.now() - began) / 1000)} s)\n`,
      );
      for (const part of said) process.stdout.write(part);
      if (code !== 0) process.exitCode = 1;
      resolve();
    });
  });

for (let i = 0; i < availableParallelism(); i++)
  void (async () => {
    for (let script = waiting.shift(); script !== undefined; script = waiting.shift()) await run(script);
  })();
