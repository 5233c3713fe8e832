const { readFileSync, renameSync, statSync, writeFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const Module = require("node:module");
const { basename, dirname, join } = require("node:path");
const { Script } = require("node:vm");

/**
 * Loads a large CommonJS file as `require` does, and keeps in `folder` what V8 compiled of it: the next process takes
 * it from there, in a third of the time. (Node.js 22 has module.enableCompileCache for this; 20 has not.)
 */
function loadCached(file, folder) {
  const cache = join(folder, `${basename(file)}.${cacheKey(file)}.v8`);
  let cachedData;
  try {
    cachedData = readFileSync(cache);
  } catch {
    // The first time.
  }
  const script = new Script(Module.wrap(readFileSync(file, "utf8")), { filename: file, cachedData });
  if (!cachedData || script.cachedDataRejected) process.once("exit", () => keep(cache, script.createCachedData()));
  const module = Object.assign(new Module(file), { filename: file, loaded: true });
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, dirname(file));
  return module;
}

/** V8 itself looks at no more than its own version and flags and the length of the source. */
function cacheKey(file) {
  const { size, mtimeMs } = statSync(file);
  return createHash("sha256")
    .update(`${file} ${size} ${mtimeMs} ${process.version} ${process.arch} ${process.execArgv.join(" ")}`)
    .digest("hex");
}

/** Writes a file as a whole or not at all. It only saves time, so a folder that cannot be written to is no failure. */
function keep(file, data) {
  try {
    writeFileSync(`${file}.${process.pid}`, data);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // As the next process finds out.
  }
}

module.exports = { loadCached };
