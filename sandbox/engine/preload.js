// Loaded into the program before Pulumi's runner. The runner prints errors by util.inspect with colours; on Node 20 that call
// runs into its own string limit (a minute and gigabytes) when a stack has a frame like node_modules/@pulumi/config.ts, which
// every error out of the SDK has. Without colours the same text comes at once.
const util = require("node:util");

const inspect = util.inspect;
const patched = (value, options, ...rest) =>
  inspect(value, value instanceof Error && typeof options === "object" && options !== null && options.colors ? { ...options, colors: false } : options, ...rest);
util.inspect = Object.defineProperties(patched, Object.getOwnPropertyDescriptors(inspect));
