import { makeWorkspace, recorded, type Workspace } from "./support/workspace";

jest.setTimeout(180_000);

let workspace: Workspace;
beforeEach(() => {
  workspace = makeWorkspace();
});
afterEach(() => workspace.remove());

/** Modules far inside of what the SDK loads at its start though few programs use it. */
const UNUSED =
  /pulumi\/automation\/localWorkspace|sdk-trace-base\/.*Tracer\.js|exporter-zipkin\/.*zipkin\.js|instrumentation-grpc\/.*instrumentation\.js|normalize-package-data\/lib\/fixer|typescript\/lib\/typescript\.js|arborist\/lib\/arborist\/build-ideal-tree/;

async function outputsOf(program: string): Promise<unknown> {
  workspace.program(program);
  const stack = await workspace.open();
  const result = await recorded((how) => stack.up(how));
  expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return stack.outputs();
}

it("spares the program what it does not use", async () => {
  const { files } = (await outputsOf(`module.exports = { files: Object.keys(require.cache) };`)) as { files: string[] };
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => UNUSED.test(file))).toEqual([]);
});

it("would have loaded it otherwise", async () => {
  const { files } = (await outputsOf(`
    const touched = [pulumi.automation.LocalWorkspace, pulumi.provider.main];
    for (const name of ["sdk-trace-base", "exporter-zipkin", "instrumentation-grpc"]) touched.push(Object.keys(require("@opentelemetry/" + name)));
    touched.push(Object.keys(require("normalize-package-data")), Object.keys(require("@npmcli/arborist")), require("@pulumi/pulumi/typescript-shim").version);
    module.exports = { files: Object.keys(require.cache) };`)) as { files: string[] };
  expect(files.filter((file) => UNUSED.test(file)).length).toBeGreaterThanOrEqual(7);
});

it("gives the program what it does use", async () => {
  const outputs = await outputsOf(`
    const { LocalWorkspace } = require("@pulumi/pulumi/automation");
    const names = [];
    for (const name in pulumi.automation) names.push(name);
    module.exports = {
      same: LocalWorkspace === pulumi.automation.LocalWorkspace,
      made: typeof pulumi.automation.LocalWorkspace.create,
      listed: names.includes("LocalWorkspace"),
      plain: require("@pulumi/pulumi/runtime/closure/codePaths").computeCodePaths.name,
      provider: typeof pulumi.provider.main,
      code: pulumi.runtime.serializeFunction(() => 7).then(({ text }) => text.includes("return 7") || text.includes("7")),
      paths: pulumi.runtime.computeCodePaths().then((paths) => paths instanceof Map),
    };`);
  expect(outputs).toEqual({
    same: true,
    made: "function",
    listed: true,
    plain: "computeCodePaths",
    provider: "function",
    code: true,
    paths: true,
  });
});
