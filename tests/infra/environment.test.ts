import * as pulumi from "@pulumi/pulumi";
import { PostureError } from "../../infra/model";
import { asRunError } from "../../infra/environment";

it("ends the program with the mistakes alone: an error that Pulumi prints as it is, without a stack", () => {
  const mistake = new PostureError(
    [{ path: "gatehouse:plan", wrong: "no such plan: gold", right: "free, team or enterprise" }],
    "Pulumi.dev.yaml",
  );
  const spoken = asRunError(mistake) as Error;
  expect(pulumi.RunError.isInstance(spoken)).toBe(true);
  expect(spoken.message).toBe("Pulumi.dev.yaml: gatehouse:plan: no such plan: gold; free, team or enterprise");
  expect(spoken.stack).not.toMatch(/\n\s+at /);
});

it("leaves a defect as it is, with its stack", () => {
  const defect = new TypeError("boom");
  expect(asRunError(defect)).toBe(defect);
  expect(defect.stack).toMatch(/\n\s+at /);
});
