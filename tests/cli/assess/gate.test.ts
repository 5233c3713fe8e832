import { hidesSecrets, readEmbeddedPolicy } from "../../../gate/policy/embed";
import { differences } from "../../../cli/assess/cloudflare";
import { EMBEDDED_POLICY, HIDDEN_SECRETS, embed, embedPolicy } from "../../../gate/policy/embed";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { environment } from "../../support/environment";

const posture = environment();

describe("the deployed policy", () => {
  const policy = compilePolicy(posture, {
    repositories: [{ name: "api", id: 1, nodeId: "R_1" }],
    endpoints: { api: "https://api.github.com", graphql: "https://api.github.com/graphql", git: "https://github.com" },
  });
  it("is read back from the module, and differs nowhere", () => {
    const read = readEmbeddedPolicy(`--x\r\n\r\n${embedPolicy("export default {};\n", policy)}\r\n--x--`);
    expect(differences(JSON.parse(JSON.stringify(policy)), read)).toEqual([]);
    expect(readEmbeddedPolicy("export default {};")).toBeUndefined();
  });
  it("tells a gate whose keys stand in clear in the state: one that an older version deployed", () => {
    expect(hidesSecrets(embedPolicy("export default {};\n", policy))).toBe(true);
    expect(hidesSecrets(`--x\r\n\r\n${embedPolicy("export default {};\n", policy)}\r\n--x--`)).toBe(true);
    expect(hidesSecrets(embed("export default {};\n", EMBEDDED_POLICY, policy))).toBe(false);
    expect(hidesSecrets(embed("export default {};\n", EMBEDDED_POLICY, { text: `};\n${HIDDEN_SECRETS}\n` }))).toBe(
      false,
    );
    expect(hidesSecrets("")).toBe(false);
  });
  it("tells each difference by its place", () => {
    const read = JSON.parse(JSON.stringify(policy)) as {
      mode: unknown;
      limits: Record<string, number>;
      routes: { read: string[] };
    };
    read.mode = { kind: "observe", until: "2030-01-01" };
    read.limits.maxPushBytes = 1;
    read.routes.read.push("gists.create");
    expect(differences(JSON.parse(JSON.stringify(policy)), read)).toEqual([
      'routes.read also has "gists.create"',
      "limits.maxPushBytes is 1, declared 10485760",
      'mode.kind is "observe", declared "enforce"',
      'mode.until is "2030-01-01", declared nothing',
    ]);
  });
});
