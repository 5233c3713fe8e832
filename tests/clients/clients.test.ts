import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REFUSALS } from "../../gate/policy/refusals";
import { skipWithReason } from "../support/skip";
import { MATRIX } from "./matrix";
import { runMatrix, sections, shown, type Outcome } from "./run";
import { CLIENT_NAMES, installClients } from "./support/clients";

/** Every row of a client's table in docs/clients.md, in order: command, outcome, exit code. */
function rows(client: string): readonly string[] {
  const page = readFileSync(join(__dirname, "../../docs/clients.md"), "utf8");
  return [...(sections(page).get(client) ?? "").matchAll(/^\| `(.+?)` +\| (works|refused) *\| (\d+|none) *\|/gm)].map(
    ([, command = "", outcome, exit]) => `${command.replace(/\\\|/g, "|")}: ${outcome} ${exit}`,
  );
}

/** What the gate says of refusals. "Not Found" alone says nothing. */
const SENTENCES = [
  ...Object.values(REFUSALS).map(([, message]) => message as string),
  "agents cannot use LFS locks; work without them",
].filter((sentence) => sentence !== "Not Found");

const { ready, missing } = installClients();

/** Why nothing can run here; undefined when the clients can that the others build on. */
function reasonForNone(): string | undefined {
  if (spawnSync("openssl", ["version"]).status !== 0) return "openssl is not on PATH, which makes the certificate";
  return missing.get("gh") ?? missing.get("git");
}

const reason = reasonForNone();
const group = reason === undefined ? describe : skipWithReason(reason).describe;

group("real clients through the gate", () => {
  let outcomes: readonly Outcome[] = [];
  beforeAll(async () => {
    outcomes = await runMatrix(ready);
  }, 400_000);

  for (const name of CLIENT_NAMES) {
    const why = missing.get(name);
    (why === undefined ? describe : skipWithReason(why).describe)(name, () => {
      const commands = MATRIX.filter(({ client }) => client === name);

      it.each(commands.map((command) => [shown(command), command] as const))("%s", (_name, command) => {
        const found = outcomes.find((outcome) => outcome.command === command);
        if (found === undefined) throw new Error("it was not run");
        expect([found.exit === 0 ? "works" : "refused", found.text]).toEqual([
          command.outcome,
          expect.stringMatching(command.says ?? /./s),
        ]);
        // A sentence that says why and what instead: the gate's own, whole, and never another's error page.
        if (command.outcome === "refused")
          expect([found.text, SENTENCES.some((sentence) => found.text.includes(sentence))]).toEqual([found.text, true]);
      });

      it("the page says of each command what became of it", () => {
        const made = outcomes
          .filter(({ command }) => command.client === name)
          .map(({ command, exit }) => `${shown(command)}: ${exit === 0 ? "works" : "refused"} ${exit ?? "none"}`);
        expect(rows(name)).toEqual(made);
      });
    });
  }
});
