import { surroundings } from "../../infra/surroundings";
import { environment } from "../support/environment";

describe("what the machine must say", () => {
  it("is where Vault is, unless the environment does", () => {
    expect(() => surroundings(environment(), "Pulumi.test.yaml", {}, undefined)).toThrow(
      "Pulumi.test.yaml: gatehouse:tokenStore.address: missing, and VAULT_ADDR is not set either; ",
    );
    expect(
      surroundings(
        environment(),
        "f",
        { VAULT_ADDR: "http://127.0.0.1:8200", GITHUB_BASE_URL: "http://127.0.0.1:1/" },
        undefined,
      ),
    ).toEqual({ githubUrl: "http://127.0.0.1:1/", vaultAddress: "http://127.0.0.1:8200" });
    expect(
      surroundings(environment({ "tokenStore.address": "https://v.acme.dev" }), "f", {}, undefined).vaultAddress,
    ).toBeUndefined();
    expect(() => surroundings(environment(), "Pulumi.test.yaml", {}, "https://acme.ghe.com:444")).toThrow(
      "Pulumi.test.yaml: github:baseUrl: https://acme.ghe.com:444 is not the address of an enterprise on GHE.com; ",
    );
    expect(surroundings(environment({ tokenStore: { kind: "kv" } }), "f", {}, undefined)).toEqual({
      githubUrl: undefined,
      vaultAddress: undefined,
    });
  });
});
