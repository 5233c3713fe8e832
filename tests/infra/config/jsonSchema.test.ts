import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import Ajv from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { parseEnvironment } from "../../../infra/config";
import { environmentJsonSchema, type SchemaNode, stackFileSchema } from "../../../infra/config/jsonSchema";
import { configurationPage, REFERENCE_FILE, SCHEMA_FILE, unitOf } from "../../../infra/config/reference";
import { DATE_PATHS, environmentSchema } from "../../../infra/model/schema";
import { rawEnvironment, spoiled, TODAY } from "../../support/environment";
import { ROOT } from "../../support/sandbox";

const ajv = new Ajv({ strict: false, allErrors: true });
const check = ajv.compile(stackFileSchema());
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const stackFile = (raw: Record<string, unknown>): unknown => ({
  config: Object.fromEntries(Object.entries(raw).map(([key, value]) => [`gatehouse:${key}`, value])),
});
/** What an editor would underline, as `/config/gatehouse:gate/accountId pattern`. */
function problems(file: unknown): string[] {
  check(file);
  return (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}
/** Every node of the schema with its key path. */
function nodes(node: SchemaNode, path = ""): [string, SchemaNode][] {
  return [
    ...(path === "" ? [] : [[path, node] as [string, SchemaNode]]),
    ...Object.entries(node.properties ?? {}).flatMap(([key, part]) =>
      nodes(part, path === "" ? key : `${path}.${key}`),
    ),
    ...(node.items ? nodes(node.items, `${path}[]`) : []),
    ...(node.oneOf ?? []).flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([key, part]) => nodes(part, `${path}.${key}`)),
    ),
  ];
}
const KEYS = nodes(environmentJsonSchema()).filter(([path]) => !path.endsWith("]") && !path.endsWith(".kind"));

it.each([
  [SCHEMA_FILE, () => `${JSON.stringify(stackFileSchema(), null, 2)}\n`],
  [REFERENCE_FILE, configurationPage],
])("%s is fresh: otherwise run npm run configuration", (file, made) => {
  expect(read(file)).toBe(made());
});

describe.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])("%s", (file) => {
  it("names the schema, which is there", () => {
    const [, named = ""] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(read(file)) ?? [];
    expect(resolve(dirname(join(ROOT, file)), named)).toBe(join(ROOT, SCHEMA_FILE));
    expect(read(file).startsWith("# yaml-language-server:")).toBe(true);
  });

  it("is right in an editor", () => {
    expect(problems(parse(read(file)))).toEqual([]);
  });
});

it.each<[string, unknown, string]>([
  ["repositories.0.access", "admin", "/config/gatehouse:repositories/0/access enum"],
  ["repositories.0.acces", "write", "/config/gatehouse:repositories/0 additionalProperties"],
  ["repositories", [], "/config/gatehouse:repositories minItems"],
  ["review.approvals", 0, "/config/gatehouse:review/approvals minimum"],
  ["review.team", undefined, "/config/gatehouse:review required"],
  ["gate.accountId", "acme", "/config/gatehouse:gate/accountId pattern"],
  ["gate.requestsPerMinute", "120", "/config/gatehouse:gate/requestsPerMinute type"],
  ["gate.mode", { kind: "observe" }, "/config/gatehouse:gate/mode oneOf"],
  ["gate.allowedSecrets", [{ reason: "why", until: "2026-12-31" }], "/config/gatehouse:gate/allowedSecrets/0 oneOf"],
  ["agent.credential", { kind: "app-installation", appId: 1 }, "/config/gatehouse:agent/credential oneOf"],
  ["tokenStore.kind", "file", "/config/gatehouse:tokenStore oneOf"],
  ["audit", undefined, "/config required"],
  ["githuburl", "https://github.acme.dev", "/config/gatehouse:githuburl false schema"],
])("%s: %j is underlined", (path, value, problem) => {
  expect(problems(stackFile(rawEnvironment()))).toEqual([]);
  expect(problems(stackFile(spoiled(path, value)))).toContain(problem);
});

it("leaves keys of other packages and Pulumi's own alone", () => {
  const file = stackFile(rawEnvironment()) as { config: Record<string, unknown> };
  file.config["github:owner"] = "acme";
  expect(problems({ ...file, encryptionsalt: "v1:…", secretsprovider: "awskms://…" })).toEqual([]);
});

it("takes an encrypted destination", () => {
  const sinks = [
    { kind: "r2", bucket: "acme-agent-audit" },
    { kind: "logpush", destination: { secure: "v1:…" } },
  ];
  expect(problems(stackFile(spoiled("audit.sinks", sinks)))).toEqual([]);
});

describe("beside the parser", () => {
  const VALUES = [
    ...KEYS.flatMap(([, node]) => [...(node.examples ?? []), ...(node.default === undefined ? [] : [node.default])]),
    ...KEYS.flatMap(([, { minimum = 0, maximum = 0 }]) => [minimum - 1, minimum, maximum, maximum + 1]),
    ...KEYS.flatMap(([, node]) => node.enum ?? []),
    ...["", "x", "admin", null, true, 1.5, -1, [], {}, ["a"], [1], { kind: "kv" }, { kind: "enforce" }, "2026-7-1"],
  ];
  const change = fc.tuple(
    fc.constantFrom(...KEYS.map(([path]) => path.replaceAll("[]", ".0"))),
    fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 1 })),
  );
  const changed = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const raw = structuredClone(rawEnvironment());
    for (const [path, value] of changes) set(raw, path.split("."), value);
    return raw;
  });
  const set = (raw: Record<string, unknown>, path: string[], value: unknown): void => {
    const last = path.pop() ?? "";
    let holder: unknown = raw;
    for (const key of path) holder = (holder as Record<string, unknown> | undefined)?.[key];
    if (typeof holder === "object" && holder !== null) (holder as Record<string, unknown>)[last] = value;
  };
  const parses = (raw: Record<string, unknown>): boolean => {
    try {
      return Boolean(parseEnvironment(raw, "Pulumi.test.yaml", { now: TODAY }));
    } catch {
      return false;
    }
  };

  it("whatever the parser takes is right in an editor", () => {
    const taken = { yes: 0, no: 0 };
    fc.assert(
      fc.property(changed, (raw) => {
        if (!parses(raw)) return void taken.no++;
        taken.yes++;
        expect(problems(stackFile(raw))).toEqual([]);
      }),
      { numRuns: 400 },
    );
    // About one change in twelve is taken: enough to have tried both.
    expect(Math.min(taken.yes, taken.no)).toBeGreaterThan(5);
  });

  it("whatever is wrong with a key alone is underlined, except days that no calendar has", () => {
    fc.assert(
      fc.property(changed, (raw) => {
        const result = environmentSchema.safeParse(raw);
        if (result.success) return;
        const others = result.error.issues.filter(
          ({ path }) => !DATE_PATHS.has(path.map((part) => (typeof part === "number" ? "[]" : part)).join(".")),
        );
        if (others.length > 0) expect(problems(stackFile(raw))).not.toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

describe("each key", () => {
  it.each(KEYS)("%s says what it means", (path, node) => {
    expect(node.description ?? "").toMatch(/^[A-Z`].*\.$/s);
    if (node.type === "integer" && node.maximum !== Number.MAX_SAFE_INTEGER)
      expect([path, unitOf(path) !== "" || /\.(approvals|generation)$/.test(path)]).toEqual([path, true]);
  });

  it.each(KEYS.filter(([, { examples }]) => examples))("%s has examples that are right", (_, node) => {
    const right = ajv.compile(node);
    for (const example of node.examples ?? []) expect([example, right(example)]).toEqual([example, true]);
  });

  it.each(
    KEYS.filter(
      ([, node]) =>
        node.default === undefined && !["object", "boolean"].includes(node.type ?? "") && !node.enum && !node.anyOf,
    ),
  )("%s has an example, since it has no default", (_, { examples }) => {
    expect(examples?.length).toBeGreaterThan(0);
  });
});
