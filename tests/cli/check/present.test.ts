import fc from "fast-check";
import type { ChangeVerdict } from "../../../cli/check/agentChange";
import { annotations, changeText, summary } from "../../../cli/check/present";
import { plain } from "../../../cli/support/plainText";

const verdict = (path: string, says: string): ChangeVerdict => ({
  agent: true,
  passes: false,
  files: 1,
  lines: 1,
  findings: [{ rule: "protected-path", severity: "refuse", says, path, line: 3, commit: "a".repeat(40) }],
});

describe("what is shown of a change", () => {
  it("stands on lines of its own, whatever the names in it say", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (path, says) => {
        const shown = verdict(path, says);
        const lines = annotations(shown).split("\n");
        expect(lines).toHaveLength(2);
        expect(lines[0]).toMatch(/^::error file=[^,:]*,line=3,title=gatehouse\/agent-change protected-path::/);
        expect(changeText(shown).split("\n")).toHaveLength(3);
        expect(
          summary(shown)
            .split("\n")
            .filter((line) => line.startsWith("| refuse")),
        ).toHaveLength(1);
      }),
    );
  });

  it("starts no workflow command and carries no markup", () => {
    const evil = "x\n::set-output name=a::b\r\n::error::c";
    expect(changeText(verdict(evil, evil))).not.toMatch(/^\s*::/m);
    expect(annotations(verdict(evil, evil)).match(/^::/gm)).toHaveLength(1);
    expect(annotations(verdict("a,line=9::b:c%0A", "d"))).toMatch(/^::error file=a%2Cline=9%3A%3Ab%3Ac%250A,line=3,/);
    expect(summary(verdict("a|b](http://x)<img>", "`@team`"))).not.toMatch(/a\|b|<img|@team/);
    expect(plain("\u001b[31m\u202e")).toBe("\\u001b[31m\\u202e");
  });
});
