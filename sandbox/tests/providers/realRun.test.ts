import { cloudflarePackage } from "../../providers/cloudflare";
import { vaultPackage } from "../../providers/vault";
import { randomPackage } from "../../providers/random";
import { githubPackage, githubProvider } from "../../providers/github";
import type { Props, SandboxProvider } from "../../providers/types";
import type { ResourceState } from "../../engine/state";
import { containsSecret, fromPlainBag, markSecret, Secret, toPlainBag, type Value } from "../../engine/values";
import { recorded, recordedResources } from "../../../tests/support/realRun";
import { findInClear, formsOf, secretTexts } from "../../../tests/support/secretsInClear";

let resources: ResourceState[];
let providers: Record<string, SandboxProvider>;
beforeAll(async () => {
  resources = await recordedResources();
  providers = {
    cloudflare: await cloudflarePackage.create({}, {}),
    github: githubProvider(() => Promise.reject(new Error("nothing is asked"))),
    random: await randomPackage.create({}, {}),
    vault: await vaultPackage.create({}, {}),
  };
});
const managed = (): ResourceState[] => resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
const providerOf = ({ type }: ResourceState): SandboxProvider => providers[type.split(":")[0] ?? ""]!;
const withoutDefaults = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  const filled = ((value as Props).__defaults ?? []) as string[];
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__defaults" && !filled.includes(key))
      .map(([key, item]) => [key, withoutDefaults(item)]),
  );
};

/** Where our inputs differ from the recorded ones, and why. */
const KNOWN_INPUTS: readonly { readonly type: RegExp; readonly names: readonly string[]; readonly why: string }[] = [
  {
    type: /^vault:/,
    names: [
      "clockSkewLeeway",
      "deleteAllVersions",
      "disableBoundClaimsParsing",
      "disableRead",
      "disableRemount",
      "expirationLeeway",
      "externalEntropyAccess",
      "local",
      "localSecretIds",
      "notBeforeLeeway",
      "userClaimJsonPointer",
      "verboseOidcLogging",
    ],
    why: "recorded on bridge 3.137; the published vault 7.8.0 has 3.125, which writes falsy defaults (fixtures/pulumi shows externalEntropyAccess: false)",
  },
];

describe("the recorded stack", () => {
  it("has resources of each package, and every type of it is known here", () => {
    expect(new Set(managed().map(({ type }) => type.split(":")[0]))).toEqual(
      new Set(["cloudflare", "github", "random", "vault"]),
    );
    const known = [cloudflarePackage, githubPackage, vaultPackage, randomPackage].flatMap(({ types }) => types);
    expect(managed().filter(({ type }) => !known.includes(type))).toEqual([]);
  });

  it("gets the recorded inputs from the same program: defaults, at every level, and secret marks", async () => {
    const found: string[] = [];
    for (const state of managed()) {
      const provider = providerOf(state);
      const plain = toPlainBag(state.inputs);
      const { inputs, failures } = await provider.check(state.urn, {}, withoutDefaults(plain) as Props);
      expect([state.urn, failures]).toEqual([state.urn, undefined]);
      const known = KNOWN_INPUTS.filter(({ type }) => type.test(state.type)).flatMap(({ names }) => names);
      const kept = (bag: Props): Props =>
        Object.fromEntries(
          Object.entries(bag)
            .filter(([name]) => !known.includes(name) || plain[name] !== undefined)
            .map(([name, value]) => [
              name,
              name === "__defaults" ? (value as string[]).filter((one) => !known.includes(one)) : value,
            ]),
        );
      expect({ urn: state.urn, inputs: kept(inputs) }).toEqual({ urn: state.urn, inputs: kept(plain) });
      // What the program leaves in clear and the real plugin makes secret.
      const marked = markSecret(fromPlainBag(inputs), provider.secretInputs?.(state.type) ?? []);
      for (const path of provider.secretInputs?.(state.type) ?? [])
        if (at(state.inputs, path) !== undefined && !(at(state.inputs, path) instanceof Secret))
          found.push(`${state.type} ${path} is no secret there`);
      if (state.type.startsWith("github:") && containsSecret(state.inputs))
        expect(at(marked, "configuration.url")).toBeInstanceOf(Secret);
    }
    expect(found).toEqual([]);
  });

  it("is as the program wants it: an import of the recorded state shows no change", async () => {
    for (const state of managed()) {
      const provider = providerOf(state);
      const { inputs } = await provider.check(
        state.urn,
        toPlainBag(state.inputs),
        withoutDefaults(toPlainBag(state.inputs)) as Props,
      );
      const diff = await provider.diff(
        state.id ?? "",
        state.urn,
        toPlainBag(state.outputs ?? {}),
        toPlainBag(state.inputs),
        inputs,
      );
      expect([state.urn, diff]).toEqual([state.urn, expect.objectContaining({ changes: false, replaces: [] })]);
    }
  });

  it("marks the outputs that are secret by the schema where the real plugin does, and no others", () => {
    for (const state of managed()) {
      const provider = providerOf(state);
      for (const path of provider.secretPaths?.(state.type) ?? []) {
        const value = at(state.outputs ?? {}, path);
        if (value !== undefined && value !== null)
          expect([state.urn, path, value]).toEqual([state.urn, path, expect.any(Secret)]);
      }
    }
  });

  it("warns before making what the real plugin cannot destroy", () => {
    const { diagnostics } = JSON.parse(recorded("1-create.preview.json")) as {
      diagnostics: { urn: string; message: string; severity: string }[];
    };
    const warned = diagnostics.filter(({ severity }) => severity === "warning");
    expect(warned).toHaveLength(4);
    const ours = managed().flatMap((state) =>
      (providerOf(state).creationWarnings?.(state.type) ?? []).map((message) => ({
        urn: state.urn,
        message: `warning: ${message}\n`,
        severity: "warning",
      })),
    );
    const order = (list: { urn: string }[]) => [...list].sort((a, b) => (a.urn < b.urn ? -1 : 1));
    expect(order(ours)).toEqual(order(warned));
  });
});

describe("the search for secrets in clear", () => {
  const secretsIn = (): Set<string> => {
    const found = new Set<string>();
    for (const { inputs, outputs } of resources) {
      secretTexts(inputs, false, found);
      secretTexts(outputs, false, found);
    }
    return found;
  };
  const SOURCES = [
    "1-create.export.json",
    "1-create.preview.json",
    "2-same.preview-show-sames.json",
    "3-widen.export.json",
    "5-drift.refresh.json",
  ];

  it("finds them in the recorded stack, as ids of RandomBytes and nowhere else", () => {
    const secrets = secretsIn();
    expect(secrets.size).toBeGreaterThan(8);
    const { deployment } = JSON.parse(recorded("1-create.export.json")) as {
      deployment: { resources: ResourceState[] };
    };
    const places = findInClear(deployment.resources, secrets);
    expect(places).toHaveLength(4);
    for (const place of places) {
      const [, index] = /^\[(\d+)\]\.id$/.exec(place) ?? [];
      expect(deployment.resources[Number(index)]?.type).toBe("random:index/randomBytes:RandomBytes");
    }
    // The same in what the command line printed.
    const printed = recorded("6-destroy.preview-diff.txt");
    const lines = findInClear(printed, secrets).map((line) => printed.split("\n")[Number(line.slice(5)) - 1]?.trim());
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(/^\[id=/);
  });

  it("finds nothing else in any recorded document", () => {
    const secrets = secretsIn();
    for (const name of SOURCES) {
      const places = findInClear(JSON.parse(recorded(name)), secrets);
      expect([name, places.filter((place) => !/\.id$/.test(place))]).toEqual([name, []]);
    }
  });

  it("knows a secret in each of its forms, in values and keys, and never repeats it", () => {
    const key = `ghk_${Buffer.alloc(32, 0xfb).toString("base64url")}`;
    const bytes = Buffer.alloc(32, 0xfb);
    for (const form of [
      key,
      bytes.toString("base64"),
      bytes.toString("hex"),
      encodeURIComponent(bytes.toString("base64")),
      Buffer.from(key).toString("base64"),
    ]) {
      expect(findInClear({ a: [{ urn: `urn::${form}::x` }] }, [key])).toEqual(["a[0].urn"]);
      expect(findInClear({ outputs: { [form]: 1 } }, [key])).toEqual(["outputs (a key)"]);
      expect(findInClear(`plain\n   [id=${form}]\n`, [key])).toEqual(["line 2"]);
    }
    expect(findInClear({ a: { ciphertext: "v1:x" } }, [key])).toEqual([]);
    expect(formsOf("correct horse battery staple")).toContain("correct horse battery staple");
  });

  it("takes of a hidden list only what is secret itself", () => {
    const bindings = new Secret([
      { name: "GATE_KEYS", type: "json", json: '[{"sha256":"not a secret, though hidden"}]' },
      { name: "ALERT_SECRET", type: "secret_text", text: "whsec_this-is-the-secret" },
    ]);
    expect([...secretTexts({ bindings })]).toEqual(["whsec_this-is-the-secret"]);
  });
});

function at(bag: Record<string, Value>, path: string): Value | undefined {
  return path
    .split(".")
    .reduce<Value | undefined>(
      (value, name) =>
        typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret)
          ? value[name]
          : undefined,
      bag,
    );
}
