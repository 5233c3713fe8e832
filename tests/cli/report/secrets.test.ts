import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderHtml } from "../../../cli/report/render/html";
import { renderJson } from "../../../cli/report/render/json";
import { renderMarkdown } from "../../../cli/report/render/markdown";
import { renderSarif } from "../../../cli/report/render/sarif";
import { buildReport } from "../../../cli/report/report";
import { readSnapshot } from "../../../cli/report/snapshot";

const FOLDER = join(__dirname, "../../fixtures/report/changes");
const file = (name: string): string => readFileSync(join(FOLDER, `${name}.json`), "utf8");
const BASE = file("base");
const WIDEN = file("widen");

interface State {
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}
interface Export {
  deployment: { resources: State[] };
}

const alphabet = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];
const letters = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length }).map((all) => all.join(""));
/** A value that Pulumi hides: only its ciphertext stands in the file. */
const hidden = letters(24).map((text) => ({
  secret: `cipher${text}`,
  value: {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: `v1:cipher${text}`,
  } as unknown,
}));
/** A credential that a program left in clear, alone or within a text. */
const inClear = fc
  .tuple(
    fc.oneof(
      letters(36).map((text) => `ghp_${text}`),
      letters(82).map((text) => `github_pat_${text}`),
      letters(40).map((text) => `hvs.${text}`),
      letters(95).map((text) => `sk-ant-${text}`),
    ),
    fc.constantFrom("", "https://x:", "token "),
  )
  .map(([secret, front]) => ({ secret, value: `${front}${secret}` as unknown }));
/** A secret that has no format, under a key that says what it is. */
const named = fc
  .tuple(letters(20), fc.constantFrom("password", "token", "secret", "privateKey"))
  .map(([text, key]) => ({ secret: `named${text}`, value: { [key]: `named${text}` } as unknown }));

/** A secret, and where it goes: which resource, under which key, and how deep. */
const planted = fc.record({
  what: fc.oneof(hidden, inClear, named),
  resource: fc.nat(1_000),
  key: fc.constantFrom("name", "description", "policy", "repository", "bindings", "content", "extra"),
  wrap: fc.constantFrom<(value: unknown) => unknown>(
    (value) => value,
    (value) => [value],
    (value) => ({ deep: { deeper: [value, 1] } }),
  ),
});

function plant(text: string, plants: readonly (typeof planted extends fc.Arbitrary<infer T> ? T : never)[]): string {
  const state = JSON.parse(text) as Export;
  const custom = state.deployment.resources.filter(({ type }) => !/^(?:pulumi|gatehouse):/.test(type));
  for (const { what, resource, key, wrap } of plants) {
    const target = custom[resource % custom.length]!;
    // A key of its own, so that no other value is lost that the state needs.
    target.inputs = { ...target.inputs, [`${key}Of${resource}`]: wrap(what.value) };
  }
  return JSON.stringify(state);
}

it("shows no secret in any form, wherever one stands, before or after", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planted, { maxLength: 6 }),
      fc.array(planted, { minLength: 1, maxLength: 6 }),
      async (some, more) => {
        const report = buildReport({
          title: "x",
          before: readSnapshot(plant(BASE, some), "before.json"),
          after: readSnapshot(plant(BASE, more), "after.json"),
        });
        const all = [renderJson(report), renderMarkdown(report), renderSarif(report), await renderHtml(report)].join(
          "\n",
        );
        expect([...some, ...more].filter(({ what }) => all.includes(what.secret)).map(({ what }) => what)).toEqual([]);
      },
    ),
    { numRuns: 15 },
  );
});

it("would see one: a value without format, under a harmless key, is shown", () => {
  const shown = plant(BASE, [
    { what: { secret: "", value: "harmless-words" }, resource: 3, key: "extra", wrap: (value) => value },
  ]);
  const report = buildReport({ title: "x", before: readSnapshot(BASE, "b"), after: readSnapshot(shown, "a") });
  expect(renderJson(report)).toContain("harmless-words");
});

it("keeps the configuration of a preview to itself", () => {
  const preview = JSON.parse(WIDEN) as { config: Record<string, string> };
  preview.config["vault:token"] = "hunter2-in-the-configuration";
  const report = buildReport({
    title: "x",
    before: readSnapshot(BASE, "b"),
    after: readSnapshot(JSON.stringify(preview), "a"),
  });
  expect(renderJson(report)).not.toContain("hunter2");
});
