import { CLOUDFLARE_TYPES, cloudflarePackage } from "../../providers/cloudflare";
import { RANDOM_TYPES, randomPackage } from "../../providers/random";
import { isInput, type Properties } from "../../providers/support/properties";
import { VAULT_TYPES, vaultPackage } from "../../providers/vault";
import { Sdk } from "./support/sdk";

const PACKAGES = [
  { pkg: cloudflarePackage, types: CLOUDFLARE_TYPES },
  { pkg: randomPackage, types: RANDOM_TYPES },
  { pkg: vaultPackage, types: VAULT_TYPES },
];
/** The bridge requires them, the SDK takes them as optional because it can make them up. */
const NAMED_AUTOMATICALLY = "name";

for (const { pkg, types } of PACKAGES) {
  describe(`the ${pkg.name} provider has the names of the pinned SDK`, () => {
    const sdk = new Sdk(pkg.name);

    it("stands for the version that is installed", () => {
      // oxlint-disable-next-line typescript/no-require-imports -- the version of an installed package
      expect((require(`@pulumi/${pkg.name}/package.json`) as { version: string }).version).toBe(pkg.version);
    });

    it.each(Object.entries(types))("%s", (token, { properties }) => {
      const known = sdk.type(token);
      const inputs = Object.keys(properties).filter((name) => isInput(properties[name] ?? { kind: "string" }));
      expect(inputs.sort()).toEqual([...known.inputs.keys()].sort());
      const kept = Object.keys(properties).filter((name) => !properties[name]?.writeOnly);
      expect(kept.sort()).toEqual([...known.outputs].filter((name) => !properties[name]?.writeOnly).sort());
      const required = Object.keys(properties).filter(
        (name) => properties[name]?.required && name !== NAMED_AUTOMATICALLY,
      );
      expect(required.sort()).toEqual([...known.required].filter((name) => name !== NAMED_AUTOMATICALLY).sort());
      const secrets = Object.keys(properties).filter((name) => properties[name]?.secret);
      expect(secrets.sort()).toEqual([...known.secrets].sort());
      for (const [name, nested] of known.inputs)
        expectNested(sdk, `${token}.${name}`, properties[name]?.fields, nested);
    });
  });
}

function expectNested(sdk: Sdk, path: string, fields: Properties | undefined, nested: string | undefined): void {
  if (nested === undefined) return expect({ path, fields }).toEqual({ path, fields: undefined });
  const known = sdk.nested(nested);
  expect({ path, fields: Object.keys(fields ?? {}).sort() }).toEqual({ path, fields: [...known.keys()].sort() });
  for (const [name, inner] of known) expectNested(sdk, `${path}.${name}`, fields?.[name]?.fields, inner);
}
