import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { day, instant, isGoTime } from "../../../infra/model/goTime";
import { YamlProblem, readPulumiYaml } from "../../../infra/config/pulumiYaml";
import { parseStackFile, rawFromConfig, readStackFile } from "../../../infra/config";
import { PostureError } from "../../../infra/model";
import { TODAY } from "../../support/environment";

const RECORDED = join(__dirname, "../../fixtures/pulumi/config");
const read = (name: string) => readFileSync(join(RECORDED, name), "utf8");
const one = (text: string) => (readPulumiYaml(`v: ${text}`) as { v: unknown }).v;

it.each(["yaml", "more"])("gives what the real CLI gave its program: %s", (name) => {
  const recorded = JSON.parse(read(`${name}.json`)) as Record<string, string>;
  expect(readStackFile(read(`${name}.yaml`), "Pulumi.dev.yaml")).toEqual(rawFromConfig(recorded));
});

it.each([
  ["a number that JSON cannot hold", "a: .inf", "line 1, column 4: .inf is no number that a configuration can hold"],
  ["a tag that does not fit", "a: !!int abc", '"abc" is no int'],
  ["a tag of a word that is none", "a: !!bool yes", '"yes" is no bool'],
  ["a merge of something else", "a:\n  <<: 5", "line 2, column 3: << takes a mapping, or a list of mappings"],
  ["a merge of an alias of a list", "l: &l [{ a: 1 }]\nm: { <<: *l }", "<< takes a mapping"],
  ["a key twice", 'a: { "x": 1, x: 2 }', "Map keys must be unique"],
  ["an unknown alias", "a: *b", "no anchor named b"],
  ["an anchor inside itself", "a: &a [*a]", "the anchor a contains itself"],
  [
    "aliases that stand for billions",
    `a0: &a0 [1]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`).join("\n")}`,
    "aliases repeat too much",
  ],
])("refuses what Pulumi refuses: %s", (_title, text, message) => {
  expect(() => readPulumiYaml(text)).toThrow(YamlProblem);
  expect(() => readPulumiYaml(text)).toThrow(message);
});

it("reads any day that exists as that day, and a quoted one as its text", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      const text = date.toISOString();
      const midnight = text.slice(0, 10);
      expect(day(String(one(midnight)))).toBe(midnight);
      expect(instant(String(one(text)))).toBe(text.replace(".000Z", "Z"));
      expect(one(`"${midnight}"`)).toBe(midnight);
      expect(isGoTime(String(one(text)))).toBe(true);
    }),
  );
});

it("never throws anything else, whatever the scalar", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-+.:_0-9a-fxobTZ <~!&*]{0,24}$/), (text) => {
      try {
        readPulumiYaml(`v: ${text}`);
      } catch (error) {
        expect(error).toBeInstanceOf(YamlProblem);
      }
    }),
  );
});

it.each([
  ["2026-12-31 00:00:00 +0000 UTC", "2026-12-31", "2026-12-31T00:00:00Z"],
  ["2026-12-31 00:00:00 +0200 CEST", "2026-12-31 00:00:00 +0200 CEST", "2026-12-30T22:00:00Z"],
  [
    "2026-12-31 10:00:00.123456789 -0530 -0530",
    "2026-12-31 10:00:00.123456789 -0530 -0530",
    "2026-12-31T15:30:00.123Z",
  ],
  ["2026-12-31", "2026-12-31", "2026-12-31"],
  ["soon", "soon", "soon"],
])("takes Go's %s for the day %s and the time %s", (text, expectedDay, expectedTime) => {
  expect(day(text)).toBe(expectedDay);
  expect(instant(text)).toBe(expectedTime);
});

describe("an environment", () => {
  const lines = (gate: string, more = "") => `
config:
  gatehouse:organization: acme
  gatehouse:agent: { machineUser: claude-bot, credential: { kind: personal-access-token } }
  gatehouse:repositories:
    - { name: api, access: read }
${more}
  gatehouse:review: { team: reviewers, label: agent }
  gatehouse:tokenStore: { kind: kv }
  gatehouse:gate: { accountId: 0123456789abcdef0123456789abcdef, ${gate} }
  gatehouse:audit: { retentionDays: 90, sinks: [{ kind: r2, bucket: acme-audit }] }
  gatehouse:rotation: { everyDays: 30 }
`;
  const parse = (text: string) => parseStackFile(text, "Pulumi.dev.yaml", [], { now: TODAY });

  it.each(["2026-06-30", '"2026-06-30"', "2026-6-30", "!!str 2026-06-30", "2026-06-30T00:00:00Z"])(
    "takes the day %s",
    (until) => {
      expect(parse(lines(`mode: { kind: observe, until: ${until} }`)).gate.mode).toEqual({
        kind: "observe",
        until: "2026-06-30",
      });
      const entry = `{ sha256: "${"0".repeat(64)}", reason: demo, until: ${until} }`;
      expect(parse(lines(`allowedSecrets: [${entry}]`)).gate.allowedSecrets).toMatchObject([{ until: "2026-06-30" }]);
    },
  );

  it.each([
    ["2026-06-16T10:00:00Z", "2026-06-16T10:00:00Z"],
    ['"2026-06-16T10:00:00Z"', "2026-06-16T10:00:00Z"],
    ["2026-06-16 10:00:00", "2026-06-16T10:00:00Z"],
    ["2026-06-16T10:00:00+02:00", "2026-06-16T08:00:00Z"],
    ["2026-06-16", "2026-06-16T00:00:00Z"],
  ])("takes the time %s", (previousUntil, expected) => {
    expect(parse(lines(`key: { generation: 2, previousUntil: ${previousUntil} }`)).gate.key.previousUntil).toBe(
      expected,
    );
  });

  it.each([
    [
      "a time where a day is wanted",
      "mode: { kind: observe, until: 2026-06-30T10:00:00Z }",
      /gatehouse:gate\.mode\.until: .*; the day on which observing ends/,
    ],
    ["a day that does not exist", "mode: { kind: observe, until: 2026-06-31 }", /gatehouse:gate\.mode\.until: /],
    ["a number", "mode: { kind: observe, until: 20260630 }", /gatehouse:gate\.mode\.until: 20260630 is not a text; /],
    [
      "a date as a name",
      "name: 2026-06-30",
      /gatehouse:gate\.name: an unquoted date, which YAML reads as a time; the same text in quotes/,
    ],
    ["an octal number as a name", "name: 0777", /gatehouse:gate\.name: 511 is not a text; a text, in quotes/],
  ])("refuses %s", (_title, gate, message) => {
    expect(() => parse(lines(gate))).toThrow(PostureError);
    expect(() => parse(lines(gate))).toThrow(message);
  });

  it("refuses a date among texts that could be anything", () => {
    expect(() => parse(lines("lfs: refuse").replace("label: agent", "label: 2026-01-31"))).toThrow(
      "gatehouse:review.label: an unquoted date, which YAML reads as a time; the same text in quotes",
    );
    expect(parse(lines("lfs: refuse").replace("label: agent", 'label: "2026-01-31"')).review.label).toBe("2026-01-31");
  });

  it("takes merge keys, and keys without the project's name", () => {
    const merged = parse(
      lines(
        "lfs: refuse",
        "    - &web { name: web, access: read, protectedPaths: [/infra/] }\n    - { <<: *web, name: app }",
      ).replace("gatehouse:organization", "organization"),
    );
    expect(merged.organization).toBe("acme");
    expect(merged.repositories.map(({ name, protectedPaths }) => [name, protectedPaths])).toEqual([
      ["api", []],
      ["web", ["/infra/"]],
      ["app", ["/infra/"]],
    ]);
  });

  it("refuses a key that is there with and without the project's name", () => {
    expect(() => parse(`${lines("lfs: refuse")}  organization: other\n`)).toThrow(
      "gatehouse:organization: written twice, with and without its prefix; one of them",
    );
  });
});
