import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithReason } from "../support/skip";
import { MATRIX } from "./matrix";
import { runMatrix, type Outcome } from "./run";
import { installGh } from "./support/gh";
import { installPyGithub } from "./support/pygithub";

/** Every row of docs/clients.md, by command, with its exit code. */
function rows(): Map<string, string> {
  const page = readFileSync(join(__dirname, "../../docs/clients.md"), "utf8");
  return new Map(
    [...page.matchAll(/^\| `((?:gh|git|PyGithub) .*?)` *\| (works|refused) *\| (\d+|none) *\|/gm)].map(
      ([, command = "", outcome, exit]) => [command.replace(/\\\|/g, "|"), `${outcome} ${exit}`],
    ),
  );
}

/** Why the clients cannot run here; undefined when they can. Installs them, from the package index or the user's cache. */
function missing(): string | undefined {
  try {
    installGh();
    installPyGithub();
  } catch (error) {
    return (error as Error).message;
  }
  return spawnSync("openssl", ["version"]).status === 0
    ? undefined
    : "openssl is not on PATH, which makes the certificate";
}

const reason = missing();
const group = reason === undefined ? describe : skipWithReason(reason).describe;

group("real clients through the gate", () => {
  let outcomes: readonly Outcome[] = [];
  beforeAll(async () => {
    outcomes = await runMatrix();
  }, 400_000);

  it.each(MATRIX.map((command) => [`${command.client} ${command.args}`, command] as const))("%s", (_name, command) => {
    const found = outcomes.find((outcome) => outcome.command === command);
    if (found === undefined) throw new Error("it was not run");
    expect([found.exit === 0 ? "works" : "refused", found.text]).toEqual([
      command.outcome,
      expect.stringMatching(command.says ?? /./s),
    ]);
    // A sentence that says why: from the gate, which has the words of what to do instead, and never another's error page.
    if (command.outcome === "refused") expect(found.text).toMatch(/agent|posture|posts|open|search/i);
  });

  it("the page says of each command what became of it", () => {
    expect(
      new Map(
        outcomes.map(({ command, exit }) => [
          `${command.client} ${command.args}`,
          `${exit === 0 ? "works" : "refused"} ${exit ?? "none"}`,
        ]),
      ),
    ).toEqual(rows());
  });
});

skipWithReason("git-lfs is no package of npm or PyPI; tests/gate/lfs.test.ts speaks its protocol").it("git-lfs");
