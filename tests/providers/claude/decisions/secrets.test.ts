import fc from "fast-check";
import { fingerprint, mapSecrets, secretPaths, Secrets } from "../../../../providers/claude/decisions/secrets";
import { MODELS } from "../../../../providers/claude/model";
import { UNKNOWN } from "../../../../providers/claude/model/field";

const { inputs } = MODELS.find(({ name }) => name === "VaultCredential")!;

it("knows every secret of every type", () => {
  expect(Object.fromEntries(MODELS.map((model) => [model.name, secretPaths(model.inputs)]))).toEqual({
    Agent: [],
    Environment: [],
    Vault: [],
    VaultCredential: [
      "auth.secretValue",
      "auth.token",
      "auth.accessToken",
      "auth.refresh.refreshToken",
      "auth.refresh.tokenEndpointAuth.clientSecret",
    ],
  });
});

it("gives back what it concealed, and conceals nothing twice", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (token, other) => {
      const secrets = new Secrets();
      const given = { auth: { type: "static_bearer", mcpServerUrl: "https://a.dev", token } };
      const concealed = secrets.conceal(inputs, given);
      expect(concealed).toEqual({ auth: { ...given.auth, token: fingerprint(token) } });
      expect(secrets.conceal(inputs, concealed)).toEqual(concealed);
      expect(secrets.reveal(inputs, concealed)).toEqual(given);
      expect(fingerprint(token) === fingerprint(other)).toBe(token === other);
    }),
  );
});

it("leaves what is not known yet, and what was never given has no secret", () => {
  const secrets = new Secrets();
  const unknown = { auth: { type: "static_bearer", token: UNKNOWN } };
  expect(secrets.conceal(inputs, unknown)).toEqual(unknown);
  expect(() => secrets.reveal(inputs, { auth: { type: "static_bearer", token: fingerprint("x") } })).toThrow(
    "auth.token: the program gives no secret",
  );
  expect(mapSecrets(inputs, { auth: UNKNOWN }, () => "changed")).toEqual({ auth: UNKNOWN });
});
