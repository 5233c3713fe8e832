import { noTokenInResource } from "../../../policy/rules/noTokenInResource";
import { declare, said } from "../support/declare";

// Put together here, so that the file holds nothing that looks like a token.
const TOKEN = ["ghp", "A1b2C3d4".repeat(5)].join("_");

describe("no-token-in-resource", () => {
  it("holds for ordinary inputs, and for a Worker that names the formats", () => {
    const script = declare("cloudflare:index/workersScript:WorkersScript", { content: `const x = "${TOKEN}"` });
    expect(said(noTokenInResource, declare("github:index/team:Team", { name: "agents" }), script)).toEqual([]);
  });

  it("names the place and never the value", () => {
    const secret = declare("github:index/actionsSecret:ActionsSecret", { values: [{ plaintext: `x ${TOKEN}` }] });
    const found = said(noTokenInResource, secret);
    expect(found).toEqual(["values[0].plaintext holds what looks like a credential (github-classic-token)."]);
    expect(found.join("")).not.toContain(TOKEN);
  });
});
