import Ajv from "ajv/dist/2020";
import { sarif } from "../../../cli/support/sarif";
import { everySarif, SARIF_SCHEMA } from "../../support/sarif";

const RULE = { id: "a-rule", description: "Something is wrong.", help: "Put it right.", tags: ["SP 800-53 AC-6"] };
const RESULT = {
  rule: "a-rule",
  level: "error",
  message: "api: it is",
  file: "Pulumi.dev.yaml",
  subject: "api",
} as const;
interface Document {
  runs: {
    tool: { driver: { version: string; rules: Record<string, unknown>[] } };
    results: { ruleIndex: number; locations: unknown[]; partialFingerprints: Record<string, string> }[];
  }[];
}
const written = (...results: Parameters<typeof sarif>[1]): Document => JSON.parse(sarif([RULE], results)) as Document;

it("writes what code scanning asks for: a place with a line, a rule with description and help, a version", () => {
  const run = written(RESULT).runs[0];
  expect(run?.tool.driver.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(run?.tool.driver.rules).toEqual([
    {
      id: "a-rule",
      shortDescription: { text: "Something is wrong." },
      fullDescription: { text: "Something is wrong." },
      help: { text: "Put it right.", markdown: "Put it right." },
      properties: { tags: ["security", "SP 800-53 AC-6"] },
    },
  ]);
  expect(run?.results[0]).toMatchObject({
    ruleIndex: 0,
    locations: [{ physicalLocation: { artifactLocation: { uri: "Pulumi.dev.yaml" }, region: { startLine: 1 } } }],
  });
});

it("knows a finding again though its sentence changes, and tells two subjects apart", () => {
  const prints = written(
    RESULT,
    { ...RESULT, message: "api: it still is" },
    { ...RESULT, subject: "docs" },
  ).runs[0]?.results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
  expect(prints?.[0]).toBe(prints?.[1]);
  expect(prints?.[2]).not.toBe(prints?.[0]);
});

it("writes the same bytes for the same input", () => {
  expect(sarif([RULE], [RESULT])).toBe(sarif([RULE], [RESULT]));
});

describe("what each command writes", () => {
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(SARIF_SCHEMA);
  const files = everySarif();

  it("is what the schema would refuse otherwise", () => {
    expect(validate({ version: "2.1.0", runs: [{ tool: {}, results: [] }] })).toBe(false);
  });

  it.each(Object.entries(files))("%s is SARIF 2.1.0 by the standard's schema", (_, text) => {
    expect(validate(JSON.parse(text)) ? [] : validate.errors).toEqual([]);
  });

  // GitHub refuses a whole file for one result without a physical location, which no validator notices.
  it.each(Object.entries(files))("%s is what GitHub takes", (name, text) => {
    const [run] = (
      JSON.parse(text) as {
        runs: {
          tool: { driver: { version: string; informationUri: string; rules: Record<string, { text: string }>[] } };
          results: {
            kind?: string;
            ruleIndex: number;
            message: { text: string };
            locations: { physicalLocation?: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
            partialFingerprints: Record<string, string>;
          }[];
        }[];
      }
    ).runs;
    const { driver } = run?.tool ?? fail(name);
    expect(driver.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(new URL(driver.informationUri).protocol).toBe("https:");
    const texts = driver.rules.flatMap((rule) => [rule.shortDescription, rule.fullDescription, rule.help]);
    for (const one of texts) expect(one?.text).toMatch(/\S/);
    const results = run?.results ?? [];
    expect(results.length > 0).toBe(!name.includes("finds nothing"));
    for (const { kind, ruleIndex, message, locations, partialFingerprints } of results) {
      expect(kind).toBeUndefined();
      expect(driver.rules[ruleIndex]).toBeDefined();
      expect(message.text).toMatch(/\S/);
      expect(locations).toHaveLength(1);
      expect(locations[0]?.physicalLocation?.artifactLocation.uri).toMatch(/^Pulumi\.dev\.yaml$/);
      expect(locations[0]?.physicalLocation?.region.startLine).toBeGreaterThanOrEqual(1);
      expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:1$/);
    }
    const prints = results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
    expect(new Set(prints).size).toBe(prints.length);
  });
});

function fail(name: string): never {
  throw new Error(`${name} has no run`);
}
