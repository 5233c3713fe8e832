// Loaded into the program before Pulumi's runner.
const Module = require("node:module");
const { setInterval } = require("node:timers");
const util = require("node:util");
const { loadCached } = require("./codeCache.js");

// What the runner finds from where it lies.
const find = (request) => {
  try {
    return Module.createRequire(process.argv[1]).resolve(request);
  } catch {
    return undefined;
  }
};

// The SDK loads a great deal at its start that few programs use: the TypeScript compiler and npm's package tree for
// functions that are turned into text (dynamic providers and the like, which the engine refuses anyway), the automation
// API, tracing. These modules are loaded when something first looks into them. They stand in the module cache rather
// than in a wrapped loader, which would show in every resource's stack trace.
function later(request) {
  const file = find(request);
  if (!file) return;
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
      get(_target, key) {
        if (key === "__esModule") return true;
        // Who imports a plain module as an ES module finds it under this name.
        return key === "default" && !real().__esModule ? real() : real()[key];
      },
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
[
  "../../typescript-shim",
  "../../automation",
  "../../provider",
  "../../runtime/closure/createClosure",
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
  "fdir",
  "js-yaml",
  "normalize-package-data",
].forEach(later);

// The compiler of a program in TypeScript is most of its start. What V8 made of it is kept beside the bundled engine,
// and nowhere else.
const compiler = process.env.PULUMI_NODEJS_TYPESCRIPT === "true" && find("typescript");
if (compiler && /[\\/]node_modules[\\/]\.cache[\\/]/.test(__dirname))
  require.cache[compiler] = loadCached(compiler, __dirname);

// The runner of a policy pack always checks the pack's types, which takes seconds; that of a program asks this variable.
if (process.env.PULUMI_NODEJS_TRANSPILE_ONLY === "true" && /run-policy-pack/.test(process.argv[1])) {
  const tsNode = require(find("ts-node"));
  const { register } = tsNode;
  tsNode.register = (options) => register({ ...options, typeCheck: false, transpileOnly: true });
}

// The runner prints errors by util.inspect with colours; on Node 20 that call runs into its own string limit (a minute
// and gigabytes) when a stack has a frame like node_modules/@pulumi/config.ts, which every error out of the SDK has.
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
