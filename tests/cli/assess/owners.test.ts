import { ownerGaps, readCodeOwners } from "../../../cli/assess/owners";
import { codeOwnersText, ownerRules } from "../../../infra/plans";
import { environment } from "../../support/environment";

const posture = environment();

describe("CODEOWNERS", () => {
  const api = posture.repositories[0]!;
  const text = codeOwnersText(posture, api, { text: "* @acme/backend\n/lib/ @acme/other # theirs" });
  const gaps = (content: string): string[] => ownerGaps(ownerRules(posture, api), content, "acme");
  it("decides as declared, also with lines of the repository's own, in any case of letters", () => {
    expect(gaps(text)).toEqual([]);
    expect(gaps(text.replaceAll("@acme/security", "@Acme/Security"))).toEqual([]);
  });
  it.each([
    ["a line behind the last one", (t: string) => `${t}/src/ @acme/backend\n`],
    ["the last line is gone", (t: string) => t.trimEnd().split("\n").slice(0, -1).join("\n")],
    ["another owner of the last line", (t: string) => t.replace(/(\/\.github\/CODEOWNERS).*/, "$1 @acme/backend")],
    ["a second owner of the last line", (t: string) => t.replace(/(\/\.github\/CODEOWNERS.*)/, "$1 @acme/backend")],
    ["a comment takes the owner away", (t: string) => t.replace(/(\/\.github\/CODEOWNERS) /, "$1 # ")],
    ["everything has another owner", (t: string) => t.replace(/^\* .*/m, "* @acme/other")],
    ["an empty file", () => ""],
  ])("does not: %s", (_, change) => {
    expect(gaps(change(text))).not.toEqual([]);
  });
  it("reads lines without comments", () => {
    expect(readCodeOwners("# a\n\n* @a @b # c\n  /x/ \r\n")).toEqual([
      { pattern: "*", owners: ["@a", "@b"] },
      { pattern: "/x/", owners: [] },
    ]);
  });
});
