import { covers } from "../../../cli/assess/token";

describe("Vault's paths", () => {
  it.each([
    ["agents/data/github/bot", true],
    ["agents/data/*", true],
    ["agents/+/github/bot", true],
    ["agents/data/github/bo*", true],
    ["*", true],
    ["+/+/+/+", true],
    ["agents/*", true],
    ["agents/data/github", false],
    ["agents/data/github/bot/more", false],
    ["agents/metadata/*", false],
    ["agents/+", false],
    ["agents/data/+/other", false],
    ["agents/data/github/bott*", false],
  ])("%s covers agents/data/github/bot: %s", (pattern, expected) => {
    expect(covers(pattern, "agents/data/github/bot")).toBe(expected);
  });
});
