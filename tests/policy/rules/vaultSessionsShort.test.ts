import { vaultSessionsShort } from "../../../policy/rules/vaultSessionsShort";
import { declare, said } from "../support/declare";

const GOOD = { tokenMaxTtl: 300, tokenNoDefaultPolicy: true, tokenPolicies: ["gate"] };
const appRole = (inputs: object) => declare("vault:appRole/authBackendRole:AuthBackendRole", { ...GOOD, ...inputs });
const jwtRole = (inputs: object) => declare("vault:jwt/authBackendRole:AuthBackendRole", { ...GOOD, ...inputs });

describe("vault-sessions-short", () => {
  it("holds for short sessions that are bound to a repository", () => {
    expect(said(vaultSessionsShort, appRole({}), jwtRole({ boundClaims: { repository: "acme/docs" } }))).toEqual([]);
  });

  it.each([
    [appRole({ tokenMaxTtl: undefined }), "A session may last longer than an hour."],
    [appRole({ tokenMaxTtl: 7200 }), "A session may last longer than an hour."],
    [appRole({ tokenNoDefaultPolicy: false }), "A session has Vault's default policy too."],
    [appRole({ tokenPolicies: ["root"] }), "A session has the root policy."],
    [jwtRole({ boundClaims: { ref: "main" } }), "Any repository's workflow may sign in."],
  ])("refuses %#", (role, message) => {
    expect(said(vaultSessionsShort, role)).toEqual([message]);
  });
});
