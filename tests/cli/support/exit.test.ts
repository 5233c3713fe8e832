import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { CouldNotRun, DoesNotHold, explain, runMain } from "../../../cli/support/exit";
import { table } from "../../../cli/support/table";
import { PostureError } from "../../../infra/model";
import { Unavailable } from "../../../rotation/errors";
import { UnsupportedError } from "../../../sandbox/engine/errors";
import { GitHubError } from "../../../sandbox/providers/github/client";
import { SystemsError } from "../../../sandbox/tools/errors";

describe("exit codes", () => {
  it("is 1 for what does not hold and 2 for what could not run, with the sentence alone", () => {
    expect(explain(new DoesNotHold("the old token is alive"))).toEqual({ code: 1, text: "the old token is alive" });
    expect(explain(new CouldNotRun("no Pulumi.yaml here"))).toEqual({ code: 2, text: "no Pulumi.yaml here" });
    expect(
      explain(new PostureError([{ path: "gatehouse:x", wrong: "unknown key", right: "remove it" }], "Pulumi.dev.yaml")),
    ).toEqual({ code: 2, text: "Pulumi.dev.yaml: gatehouse:x: unknown key; remove it" });
  });

  it.each([
    ["the engine", new UnsupportedError("a transform")],
    ["a system of the sandbox", new SystemsError({ what: "No git", why: "it is not there", wayOut: "install it" })],
    ["a provider", new GitHubError("no such team", 404)],
    ["a rotation", new Unavailable("Vault", "log in", "no answer in time")],
  ])("gives the sentence of %s alone, of whatever class it is", (_, error) => {
    expect(explain(error)).toEqual({ code: 2, text: error.message });
  });

  it("does not go by an error's name", () => {
    expect(explain(Object.assign(new Error("boom"), { name: "EngineError" })).text).toMatch(/^Unexpected: /);
  });

  it("says which file the machine refuses, without a stack", () => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-exit-"));
    let refused: unknown;
    try {
      writeFileSync(folder, "");
    } catch (error) {
      refused = error;
    }
    expect(explain(refused)).toEqual({
      code: 2,
      text: `${folder}: the file cannot be used: this is a folder, not a file`,
    });
    const full = Object.assign(new Error("ENOSPC"), { code: "ENOSPC", syscall: "write" });
    expect(explain(full).text).toBe("A file cannot be used: the disk is full");
    // Perhaps the command looks in the wrong place: that must not pass for the machine's fault.
    const gone = Object.assign(new Error("ENOENT"), { code: "ENOENT", syscall: "open", path: "x" });
    expect(explain(gone).text).toMatch(/^Unexpected: /);
  });

  it("shows the stack of a defect and calls it one", () => {
    const { code, text } = explain(new TypeError("boom"));
    expect(code).toBe(2);
    expect(text).toMatch(/Unexpected: TypeError: boom\n +at /);
  });

  it.each([
    [["nonsense"], 2],
    [["--help"], 0],
    [["hold"], 0],
    [["break"], 1],
  ])("gatehouse %j ends with %i", async (args, expected) => {
    const program = new Command("gatehouse").configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    program.command("hold").action(() => undefined);
    program.command("break").action(() => {
      throw new DoesNotHold("broken");
    });
    const argv = process.argv;
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    process.argv = ["node", "gatehouse", ...args];
    try {
      await runMain(program);
      expect(process.exitCode ?? 0).toBe(expected);
    } finally {
      process.argv = argv;
      process.exitCode = undefined;
      written.mockRestore();
    }
  });
});

describe("tables", () => {
  it("aligns columns by what the terminal shows, not by colour codes", () => {
    const lines = table(
      ["a", "b"],
      [
        ["\u001b[32mlong\u001b[39m", "x"],
        ["s", "y"],
      ],
    ).split("\n");
    // oxlint-disable-next-line no-control-regex -- colour codes are what is removed
    expect(lines.map((line) => line.replace(/\u001b\[\d+m/g, ""))).toEqual(["a     b", "long  x", "s     y"]);
  });
});
