import { vaultCheckAndSet } from "../../../policy/rules/vaultCheckAndSet";
import { declare, said } from "../support/declare";

const kv = (casRequired: unknown) => declare("vault:kv/secretBackendV2:SecretBackendV2", { casRequired });

describe("vault-check-and-set", () => {
  it("holds with it", () => expect(said(vaultCheckAndSet, kv(true))).toEqual([]));
  it.each([false, undefined])("refuses %s", (value) => {
    expect(said(vaultCheckAndSet, kv(value))).toEqual(["Two rotators can overwrite each other's token."]);
  });
});
