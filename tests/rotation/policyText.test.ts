import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseStackFile } from "../../infra/config";
import { planRotation } from "../../rotation/plan";
import { rotationPolicy } from "../../rotation/policyText";
import { KINDS, planFor } from "./support/world";

describe("docs/rotation.md", () => {
  const root = resolve(__dirname, "../..");
  it("is what the production environment says", () => {
    const plan = planRotation(
      parseStackFile(readFileSync(resolve(root, "Pulumi.prod.yaml"), "utf8"), "Pulumi.prod.yaml"),
    );
    expect(readFileSync(resolve(root, "docs/rotation.md"), "utf8")).toBe(rotationPolicy(plan, "Pulumi.prod.yaml"));
  });
  it.each(KINDS)("is the same twice, and names what %s needs and cannot", (kind) => {
    const text = rotationPolicy(planFor(kind), "x");
    expect(rotationPolicy(planFor(kind), "x")).toBe(text);
    expect(text).toContain(`| Kind | ${kind} |`);
    expect(text).not.toContain("undefined");
  });
});
