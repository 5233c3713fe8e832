import * as fc from "fast-check";
import { parseStrictJson } from "../../../../gate/policy/text/json";
import { Refusal } from "../../../../gate/policy/refusals";

const ruleOf = (text: string): string => {
  const parsed = parseStrictJson(text);
  return parsed instanceof Refusal ? parsed.rule : "passes";
};

describe("parseStrictJson", () => {
  it("reads any JSON value as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.integer({ min: 0, max: 3 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const parsed = parseStrictJson(spaced);
        if (parsed instanceof Refusal) expect(["body-number", "body-malformed"]).toContain(parsed.rule);
        else expect(parsed.value).toEqual(JSON.parse(spaced));
      }),
    );
  });

  it.each([
    ['{"a":1,"b":1}', '{"a":1,"a":1}', "body-duplicate-key"],
    ['{"a":{"a":1}}', '{"b":{"a":1,"\\u0061":2}}', "body-duplicate-key"],
    ['[{"a":1},{"a":1}]', '[{"a":1,"x":[1,{}],"a":1}]', "body-duplicate-key"],
    ['{"a":"a\\"","b":1}', '{"a":"b\\"","a":1}', "body-duplicate-key"],
    ["9007199254740991", "9007199254740993", "body-number"],
    ["1.5", "1e400", "body-number"],
    ["[".repeat(24) + "]".repeat(24), "[".repeat(25) + "]".repeat(25), "body-too-deep"],
    ['"\\ud83d\\ude00"', '"\\ud83d"', "body-malformed"],
    ["{}", "{}x", "body-malformed"],
    ["{}", "\ufeff{}", "body-malformed"],
    ["{}", "{'a':1}", "body-malformed"],
  ])("passes %s and refuses %s", (good, bad, rule) => {
    expect(ruleOf(good)).toBe("passes");
    expect(ruleOf(bad)).toBe(rule);
  });
});
