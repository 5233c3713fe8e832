// Loaded into the program before Pulumi's runner.
const { setInterval } = require("node:timers");
const util = require("node:util");

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
