// Loaded into the program before Pulumi's runner.
const Module = require("node:module");
const { setInterval } = require("node:timers");
const util = require("node:util");

// The SDK loads the TypeScript compiler and npm's package tree at its start, for functions that are turned into text (dynamic
// providers and the like, which the engine refuses anyway). Both are loaded when something first looks into them. They stand in the
// module cache rather than in a wrapped loader, which would show in every resource's stack trace.
function later(request) {
  let file;
  try {
    file = Module.createRequire(process.argv[1]).resolve(request);
  } catch {
    return;
  }
  let loaded;
  const real = () => {
    if (!loaded) {
      delete require.cache[file];
      loaded = require(file);
    }
    return loaded;
  };
  const exports = new Proxy(
    {},
    {
      get: (_target, key) => (key === "__esModule" ? true : real()[key]),
      has: (_target, key) => key in real(),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_target, key) => {
        const descriptor = Object.getOwnPropertyDescriptor(real(), key);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
  require.cache[file] = Object.assign(new Module(file), { filename: file, loaded: true, exports });
}
later("../../typescript-shim");
later("@npmcli/arborist");

// The runner prints errors by util.inspect with colours; on Node 20 that call runs into its own string limit (a minute and
// gigabytes) when a stack has a frame like node_modules/@pulumi/config.ts, which every error out of the SDK has.
// Without colours the same text comes at once.
const inspect = util.inspect;
const patched = (value, options, ...rest) =>
  inspect(
    value,
    value instanceof Error && typeof options === "object" && options !== null && options.colors
      ? { ...options, colors: false }
      : options,
    ...rest,
  );
util.inspect = Object.defineProperties(patched, Object.getOwnPropertyDescriptors(inspect));

// An engine that is killed the hard way cannot end its program, so the program looks whether its engine is still there.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 500).unref();
