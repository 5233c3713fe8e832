import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  openStack,
  previewDigest,
  renderDisplay,
  type EngineEvent,
  type OperationResult,
  type Stack,
  type StackExport,
} from "../../engine";
import { useVault } from "../../../tests/support/vault";

jest.setTimeout(180_000);

const SAMPLES = resolve(__dirname, "../../../tests/fixtures/pulumi");
const sample = (name: string): string => readFileSync(join(SAMPLES, name), "utf8");
const json = <T>(name: string): T => JSON.parse(sample(name)) as T;

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What differs from machine to machine or from run to run, and the bridge's own notes, which only the real plugins
 * write.
 */
const LEFT_OUT = new Set([
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "__pulumi_raw_state_delta",
  "duration",
]);
/** Values that are drawn at random, by property. */
const RANDOM = new Set(["accessor", "ciphertext", "b64Std", "b64Url", "dec", "hex"]);
const PROVIDER_ID = /(::default_[0-9_]+)::[0-9a-f-]{36}/g;

function normal(value: unknown, key = ""): unknown {
  if (typeof value === "string") return RANDOM.has(key) ? "random" : value.replace(PROVIDER_ID, "$1::ID");
  if (Array.isArray(value))
    return key === "dependencies" ? [...(value as string[])].sort() : value.map((item) => normal(item));
  if (!isJson(value)) return value;
  const isSuffix = "byteLength" in value || String(value.urn ?? "").endsWith("RandomId::suffix");
  const isStack = value.type === "pulumi:pulumi:Stack" || "passwordSecret" in value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !LEFT_OUT.has(name))
      .map(([name, item]) => {
        if (
          name === "id" &&
          (isSuffix ||
            (isStack && item !== "04da6b54-80e4-46f7-96ec-b56ff0331ba9") ||
            String(value.type).startsWith("pulumi:providers:"))
        )
          return [name, "random"];
        return [name, normal(item, name)];
      }),
  );
}

const byUrn = (deployment: StackExport): Map<string, Json> =>
  new Map((deployment.deployment.resources ?? []).map((resource) => [String(resource.urn), resource as Json]));

/** Lines that say what happens to which resource, without times; parallel steps finish in another order each time. */
function rows(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !/^@ |^Duration:/.test(line))
    .map((line) => line.replace(/\(\d+(\.\d+)?s\)/, "(TIME)").replace(/"[0-9a-f]{8}"/, `"RANDOM"`));
}

describe("the recorded program", () => {
  const vault = useVault();
  let dir: string;
  const env = (step: string): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PULUMI_CONFIG_PASSPHRASE: "x",
    VAULT_ADDR: vault.server.addr,
    VAULT_TOKEN: vault.server.token,
    STEP: step,
  });
  const open = (step: string): Promise<Stack> => openStack({ projectDir: dir, stack: "dev", env: env(step) });
  const run = async (
    step: string,
    what: "preview" | "up" | "destroy",
  ): Promise<OperationResult & { text: string; detail: string; digest: ReturnType<typeof previewDigest> }> => {
    const events: EngineEvent[] = [];
    const result = await (
      await open(step)
    )[what]({
      onEvent: (event) => {
        events.push(event);
      },
    });
    return {
      ...result,
      text: renderDisplay(events),
      detail: renderDisplay(events, { diff: true }),
      digest: previewDigest(events),
    };
  };
  const expectDigest = (ours: ReturnType<typeof previewDigest>, name: string): void => {
    const real = json<ReturnType<typeof previewDigest>>(name);
    const steps = (digest: typeof real): unknown[] =>
      [...(digest.steps ?? [])]
        .sort((a, b) => (`${String(a.urn)}${String(a.op)}` < `${String(b.urn)}${String(b.op)}` ? -1 : 1))
        .map((step) => normal(step));
    expect(steps(ours)).toEqual(steps(real));
    expect({ ...ours, steps: [], duration: 0 }).toEqual({ ...real, steps: [], duration: 0 });
    // The same fields in the same order, so that whatever reads one reads the other.
    expect(ours.steps!.map((step) => Object.keys(step)).sort()).toEqual(
      real.steps!.map((step) => Object.keys(step)).sort(),
    );
  };
  const expectExport = (ours: StackExport, name: string): void => {
    const [mine, real] = [byUrn(ours), byUrn(json<StackExport>(name))];
    expect([...mine.keys()].sort()).toEqual([...real.keys()].sort());
    for (const [urn, resource] of real) {
      expect(normal(mine.get(urn))).toEqual(normal(resource));
      expect(Object.keys(mine.get(urn)!)).toEqual(Object.keys(resource));
    }
    expect(Object.keys(ours.deployment)).toEqual(Object.keys(json<StackExport>(name).deployment));
    expect(ours.deployment.manifest).toMatchObject({
      magic: json<StackExport>(name).deployment.manifest.magic,
      version: "v3.248.0",
    });
    expect(ours.deployment.secrets_providers).toEqual(json<StackExport>(name).deployment.secrets_providers);
  };

  beforeAll(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), "gatehouse-sample-")));
    cpSync(join(SAMPLES, "program"), dir, { recursive: true });
    symlinkSync(resolve(__dirname, "../../../node_modules"), join(dir, "node_modules"));
    writeFileSync(join(dir, "package.json"), "{}");
  });
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it("first preview: the same steps, states, summary and text", async () => {
    const { digest, text, failed } = await run("1", "preview");
    expect(failed).toBe(false);
    expectDigest(digest, "1-create.preview.json");
    expect(rows(text).sort()).toEqual(rows(sample("1-create.preview.txt")).sort());
  });

  it("first up: the same resources, dependencies, secrets and text", async () => {
    const { text, failed, outputs } = await run("1", "up");
    expect(failed).toBe(false);
    expect(outputs.passwordSecret).toBe("[secret]");
    expectExport(await (await open("1")).export(), "1-create.export.json");
    expect(rows(text).sort()).toEqual(rows(sample("1-create.up.txt")).sort());
  });

  it("second preview: no changes", async () => {
    const { digest, text } = await run("1", "preview");
    expectDigest(digest, "2-same.preview.json");
    expect(rows(text)).toEqual(rows(sample("2-same.preview.txt")));
  });

  it("preview of a change: one create, two updates, one delete, one replacement", async () => {
    const { digest, text, detail } = await run("2", "preview");
    const plain = (shown: string): string[] => shown.trimEnd().replace(PROVIDER_ID, "$1::ID").split("\n").sort();
    expect(plain(detail)).toEqual(plain(sample("3-change.preview-diff.txt")));
    expect(detail).toContain(
      `      ~ policy: \n            path "sample/data/bot" {\n          -   capabilities = ["read"]\n          +   capabilities = ["read", "list"]\n            }\n`,
    );
    expectDigest(digest, "3-change.preview.json");
    expect(rows(text).sort()).toEqual(rows(sample("3-change.preview.txt")).sort());
  });

  it("the change itself, and nothing to do after it", async () => {
    const { text, failed } = await run("2", "up");
    expect(failed).toBe(false);
    expectExport(await (await open("2")).export(), "3-change.export.json");
    expect(rows(text).sort()).toEqual(rows(sample("3-change.up.txt")).sort());
    expect(await run("2", "up")).toMatchObject({ failed: false, changeSummary: { same: 7 } });
  });

  it("destroy: everything goes, each resource after what depends on it", async () => {
    const { text, failed } = await run("2", "destroy");
    expect(failed).toBe(false);
    const told = sample("4-destroy.txt").split("\n\nThe resources in the stack")[0]!;
    expect(rows(text.trimEnd()).sort()).toEqual(rows(told).sort());
    const deleting = rows(text)
      .filter((line) => line.includes("deleting"))
      .map((line) => line.split(" ")[4]);
    expect(deleting.indexOf("suffix")).toBeLessThan(deleting.indexOf("store-reader"));
    expect(deleting.indexOf("store-reader")).toBeLessThan(deleting.indexOf("store-mount"));
    expect((await vault.call("GET", "sys/policies/acl?list=true")).body).toMatchObject({
      data: { keys: expect.not.arrayContaining(["sample-reader"]) as unknown },
    });
  });

  it("takes over the state that the real engine wrote: its secrets open, and nothing changes", async () => {
    const stack = await open("2");
    await stack.import(json<StackExport>("3-change.export.json"));
    expect(await stack.outputs({ showSecrets: true })).toMatchObject({
      passwordSecret: "=l7q_H+oIjsExV0A?{KfU27lK:ISWzM5=S!Lq@-+",
      id: "0644e148",
    });
    const preview = await run("2", "preview");
    expect(preview).toMatchObject({ failed: false, changeSummary: { same: 7 }, diagnostics: [] });
    const ours = byUrn(await stack.export());
    for (const [urn, resource] of byUrn(json<StackExport>("3-change.export.json")))
      expect(ours.get(urn)).toEqual(resource);
  });
});
