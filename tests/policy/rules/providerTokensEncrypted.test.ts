import { providerTokensEncrypted } from "../../../policy/rules/providerTokensEncrypted";
import { SECRET } from "../../../policy/library";
import { declare, said } from "../support/declare";

describe("provider-tokens-encrypted", () => {
  it("holds for an encrypted one, and for one from the environment", () => {
    expect(said(providerTokensEncrypted, declare("pulumi:providers:github", { token: SECRET }))).toEqual([]);
    expect(said(providerTokensEncrypted, declare("pulumi:providers:github", { version: "6.15.0" }))).toEqual([]);
  });

  it("refuses one in clear, and does not show it", () => {
    expect(said(providerTokensEncrypted, declare("pulumi:providers:cloudflare", { apiToken: "in clear" }))).toEqual([
      "apiToken of the provider is not encrypted.",
    ]);
  });
});
