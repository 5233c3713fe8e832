import { passphraseCrypter, type Crypter } from "../../engine/secrets";
import {
  decodeDeployment,
  encodeDeployment,
  saltOf,
  StateCodec,
  StateWriter,
  type Deployment,
  type Snapshot,
} from "../../engine/state";
import { Secret } from "../../engine/values";
import { state, urn } from "./support/states";

describe("the state format", () => {
  let crypter: Crypter;
  beforeAll(async () => {
    crypter = await passphraseCrypter("a passphrase");
  });
  const snapshot: Snapshot = {
    resources: [
      state("a", {
        inputs: { key: new Secret("hidden"), deep: { list: [new Secret({ x: 1 })] } },
        outputs: { b: 1, a: null },
        protect: true,
        ignoreChanges: ["key"],
        customTimeouts: { create: 60 },
      }),
    ],
    pending: [{ resource: state("b", { inputs: { z: 1, a: 2 } }), type: "creating" }],
  };

  it("comes back as it went, secrets and pending operations included, by either writer", () => {
    const codec = new StateCodec(crypter);
    const encoded = encodeDeployment(snapshot, crypter, codec);
    expect(JSON.stringify(encoded)).not.toContain("hidden");
    expect(decodeDeployment(encoded, new StateCodec(crypter))).toEqual(snapshot);
    const written = JSON.parse(new StateWriter(crypter, codec).text(snapshot)) as Deployment;
    expect({ ...written.deployment, manifest: 0 }).toEqual({ ...encoded.deployment, manifest: 0 });
  });

  it("keeps the ciphertext of a secret that did not change, and the text of a resource that did not", () => {
    const codec = new StateCodec(crypter);
    const writer = new StateWriter(crypter, codec);
    const body = (text: string): unknown => (JSON.parse(text) as Deployment).deployment.resources;
    const first = writer.text(snapshot);
    expect(body(writer.text(snapshot))).toEqual(body(first));
    snapshot.resources[0]!.delete = true;
    expect(body(writer.text(snapshot))).not.toEqual(body(first));
    delete snapshot.resources[0]!.delete;
    expect(body(writer.text(snapshot))).toEqual(body(first));
  });

  it("writes property bags in alphabetical order and leaves empty fields out, as Pulumi does", () => {
    const [resource] = encodeDeployment(
      {
        resources: [state("a", { inputs: { z: 1, a: { y: 1, b: 2 } }, dependencies: [], stackTrace: [] })],
        pending: [],
      },
      crypter,
      new StateCodec(crypter),
    ).deployment.resources!;
    expect(JSON.stringify(resource)).toBe(
      `{"urn":"${urn("a")}","custom":true,"id":"a","type":"cloud:index/thing:Thing","inputs":{"a":{"b":2,"y":1},"z":1}}`,
    );
  });

  it("opens only with the passphrase it was made with, and says what to set", async () => {
    await expect(passphraseCrypter("another", crypter.salt)).rejects.toThrow(
      "incorrect passphrase: set PULUMI_CONFIG_PASSPHRASE",
    );
    expect((await passphraseCrypter("a passphrase", crypter.salt)).decrypt(crypter.encrypt("x"))).toBe("x");
    expect(() => crypter.decrypt("v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAA=")).toThrow(
      "another passphrase or salt",
    );
    expect(() => crypter.decrypt("v2:x")).toThrow("not in the v1 format");
  });

  it("of another version or secrets provider is refused by name", () => {
    const codec = new StateCodec(crypter);
    expect(() =>
      decodeDeployment({ ...encodeDeployment(snapshot, crypter, codec), version: 2 } as unknown as Deployment, codec),
    ).toThrow("version 2");
    expect(() =>
      saltOf({
        version: 3,
        deployment: {
          manifest: { time: "", magic: "", version: "" },
          secrets_providers: { type: "cloud" },
          metadata: {},
        },
      }),
    ).toThrow('"cloud"');
  });
});
