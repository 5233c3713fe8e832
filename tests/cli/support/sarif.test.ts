import { sarif } from "../../../cli/support/sarif";

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
      name: "ARule",
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
