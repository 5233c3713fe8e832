import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProjectStack } from "../../../cli/support/project";
import { ROOT } from "../../support/sandbox";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gatehouse-project-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

it("reads both environments of this project", () => {
  expect(readProjectStack("dev", [], ROOT).environment.repositories.length).toBeGreaterThan(1);
  expect(readProjectStack("prod", [], ROOT).environment.review.approvals).toBe(2);
});

it("takes overrides in Pulumi's form", () => {
  expect(
    readProjectStack("dev", ["gatehouse:gate.requestsPerMinute=5000"], ROOT).environment.gate.requestsPerMinute,
  ).toBe(5000);
});

it("names the folder without a project, and the file of a stack that is not there", () => {
  expect(() => readProjectStack("dev", [], dir)).toThrow(/no Pulumi\.yaml here/);
  writeFileSync(join(dir, "Pulumi.yaml"), "name: x\nruntime: nodejs\n");
  expect(() => readProjectStack("qa", [], dir)).toThrow(/^Pulumi\.qa\.yaml: no such file/);
});

it("reports every mistake of the file at once, a line each", () => {
  writeFileSync(join(dir, "Pulumi.yaml"), "name: x\nruntime: nodejs\n");
  writeFileSync(join(dir, "Pulumi.dev.yaml"), "config:\n  gatehouse:organization: '-bad-'\n  gatehouse:nonsense: 1\n");
  expect(() => readProjectStack("dev", [], dir)).toThrow(/Pulumi\.dev\.yaml: gatehouse:organization: [^\n]+\n/);
});
