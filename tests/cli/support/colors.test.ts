import { showsColors } from "../../../cli/support/colors";
import { gatehouse } from "../../support/sandbox";

it.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{ isTTY: false }, { CI: "true" }, false],
  [{}, { CI: "true" }, false],
])("a stream %j with %j: %j", (stream, env, expected) => {
  expect(showsColors(stream, env)).toBe(expected);
});

it("a message that a CI job reads has no escape sequences", async () => {
  const running = gatehouse(["assess", "--stack", "../x"], { env: { CI: "true" } });
  expect(await running.exited).toBe(2);
  expect(running.stderr()).not.toContain("\u001b");
  expect(running.stderr()).toContain("../x");
});
