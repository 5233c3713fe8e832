import { noTokenInWorkerSecret } from "../../../policy/rules/noTokenInWorkerSecret";
import { SECRET } from "../../../policy/library";
import { declare, said } from "../support/declare";

const TOKEN = ["github", "pat", "A1b2C3d4".repeat(9)].join("_");
const script = (bindings: unknown) => declare("cloudflare:index/workersScript:WorkersScript", { bindings });

describe("no-token-in-worker-secret", () => {
  it("holds for other secrets, and where all bindings are encrypted", () => {
    expect(said(noTokenInWorkerSecret, script([{ name: "KEY", type: "secret_text", text: "x".repeat(43) }]))).toEqual(
      [],
    );
    expect(said(noTokenInWorkerSecret, script(SECRET))).toEqual([]);
  });

  it("names the binding and never the value", () => {
    const found = said(noTokenInWorkerSecret, script([{ name: "GITHUB", type: "secret_text", text: TOKEN }]));
    expect(found).toEqual(["The binding GITHUB holds what looks like a GitHub token."]);
  });
});
