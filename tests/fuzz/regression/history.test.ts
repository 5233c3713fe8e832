import { judgeHistory, type ObjectSource } from "../../../gate/policy/git/history";
import { PathMatcher } from "../../../gate/policy/text/globs";
import { Refusal } from "../../../gate/policy/refusals";
import { gateSeesWhatGitSees } from "../oracles/history";
import { removeFolders } from "../support/git";

afterAll(removeFolders);

const id = (digit: string): string => digit.repeat(40);
const NONE = id("0");
/** GitHub has one commit that changes a workflow, made by a person on another branch. */
const source: ObjectSource = {
  tree: async () => new Map(),
  commit: async () => ({ tree: id("e"), parents: [] }),
  judge: async (_id, own) => (own ? new Set() : new Refusal("protected-path", ".github/workflows/ci.yml")),
  isBefore: async () => false,
  tip: async () => undefined,
};
const nothing = { commits: new Map(), trees: new Map() };
const guarded = new PathMatcher(["/.github/workflows/**"]);

describe("the old tip that a push claims", () => {
  it("ends the walk of its own command", async () => {
    expect(
      await judgeHistory([{ old: id("a"), new: id("a"), ref: "refs/heads/claude/a" }], nothing, source, guarded, 100),
    ).toBeUndefined();
  });

  it("vouches for no other command", async () => {
    const refused = await judgeHistory(
      [
        { old: id("a"), new: id("a"), ref: "refs/heads/claude/a" },
        { old: NONE, new: id("a"), ref: "refs/heads/claude/b" },
      ],
      nothing,
      source,
      guarded,
      100,
    );
    expect(refused?.rule).toBe("protected-path");
  });

  it("vouches for nothing below a commit that another command has passed already", async () => {
    const commits = new Map([[id("b"), { tree: id("e"), parents: [id("a")] }]]);
    const refused = await judgeHistory(
      [
        { old: id("a"), new: id("b"), ref: "refs/heads/claude/a" },
        { old: NONE, new: id("b"), ref: "refs/heads/claude/b" },
      ],
      { commits, trees: new Map([[id("e"), new Map()]]) },
      source,
      guarded,
      100,
    );
    expect(refused?.rule).toBe("protected-path");
  });
});

it("sees a file that a directory replaces", async () => {
  expect(
    await gateSeesWhatGitSees({
      commits: [{ parents: [-1], edits: [{ kind: "file", path: "CODEOWNERS/a", mode: "100644", content: "" }] }],
      options: [],
      pieces: [30],
    }),
  ).toBe(true);
  expect(
    await gateSeesWhatGitSees({
      commits: [
        { parents: [], edits: [] },
        { parents: [0, -1], edits: [{ kind: "file", path: "CODEOWNERS/a", mode: "100644", content: "" }] },
      ],
      options: [],
      pieces: [1],
    }),
  ).toBe(true);
});
