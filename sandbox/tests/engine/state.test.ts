import fc from "fast-check";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aliasUrns } from "../../engine/aliases";
import { Checkpoint } from "../../engine/checkpoint";
import { writeAtomically } from "../../engine/files";
import { deletionWaves, dependentsOf, needsOf } from "../../engine/graph";
import { acquireLock } from "../../engine/lock";
import { passphraseCrypter, type Crypter } from "../../engine/secrets";
import {
  decodeDeployment,
  encodeDeployment,
  saltOf,
  StateCodec,
  StateWriter,
  type Deployment,
  type ResourceState,
  type Snapshot,
} from "../../engine/state";
import { createUrn, displayType, parseUrn } from "../../engine/urns";
import { Secret } from "../../engine/values";
import { seconds } from "../../engine/wire";

const urn = (name: string): string => createUrn("dev", "test", undefined, "cloud:index/thing:Thing", name);
const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn: urn(name),
  custom: true,
  id: name,
  type: "cloud:index/thing:Thing",
  inputs: {},
  dependencies: [],
  ...more,
});
const folder = (): string => mkdtempSync(join(tmpdir(), "gatehouse-state-"));

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

describe("the checkpoint", () => {
  it("keeps what was handled first, in order, then what is left; a gone dependency is dropped, a former name followed", async () => {
    const written: Snapshot[] = [];
    const [one, two, three] = [
      state("one"),
      state("two", { dependencies: [urn("one")] }),
      state("three", { dependencies: [urn("two")] }),
    ];
    const checkpoint = new Checkpoint([one, two, three], (snapshot) => {
      written.push(snapshot);
    });
    const renamed = state("dos", { aliases: [urn("two")], dependencies: [urn("one")] });
    await checkpoint.begin(renamed, "updating");
    await checkpoint.end(renamed, { done: two, made: renamed });
    await checkpoint.begin(one, "deleting");
    await checkpoint.end(one, { done: one });
    expect(written.map(({ pending }) => pending.map(({ type }) => type))).toEqual([["updating"], [], ["deleting"], []]);
    const last = written[3]!.resources;
    expect(last.map((resource) => parseUrn(resource.urn).name)).toEqual(["dos", "three"]);
    expect(last[0]).toMatchObject({ dependencies: [] });
    expect(last[1]).toMatchObject({ dependencies: [urn("dos")] });
    expect(last[0]).not.toHaveProperty("aliases");
  });

  it("writes once for what is asked in one turn, and every caller waits for that write", async () => {
    let writes = 0;
    const checkpoint = new Checkpoint([], () => {
      writes += 1;
    });
    await Promise.all([checkpoint.begin(state("a"), "creating"), checkpoint.begin(state("b"), "creating")]);
    expect(writes).toBe(1);
    const failing = new Checkpoint([], () => {
      throw new Error("disk full");
    });
    await expect(failing.begin(state("a"), "creating")).rejects.toThrow("disk full");
  });

  it("is whole or not there: a write that fails leaves the old file and no other", () => {
    const dir = folder();
    const file = join(dir, "state.json");
    writeAtomically(file, "old");
    expect(() => writeAtomically(join(file, "below-a-file"), "x")).toThrow();
    writeAtomically(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(dir)).toEqual(["state.json"]);
    rmSync(dir, { recursive: true });
  });
});

describe("the order of deletion", () => {
  /** Random states in which each needs only earlier ones. */
  const anyStates = fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { maxLength: 12 }).map((needs) =>
    needs.map((of, index) =>
      state(`r${index}`, {
        dependencies: [...new Set(of.filter((need) => need < index).map((need) => urn(`r${need}`)))],
      }),
    ),
  );

  it("deletes everything once, and nothing before what needs it", () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const waves = deletionWaves(states);
        expect(waves.flat()).toHaveLength(states.length);
        const wave = new Map(waves.flatMap((some, index) => some.map((one) => [one.urn, index] as const)));
        for (const one of states)
          for (const need of needsOf(one)) expect(wave.get(need)!).toBeGreaterThan(wave.get(one.urn)!);
      }),
    );
  });

  it("ends even where a damaged state goes in circles", () => {
    expect(
      deletionWaves([state("a", { dependencies: [urn("b")] }), state("b", { dependencies: [urn("a")] })]).flat(),
    ).toHaveLength(2);
  });

  it("finds dependents through parents, providers and properties", () => {
    const root = state("root");
    const others = [
      state("child", { parent: urn("root") }),
      state("grand", { propertyDependencies: { x: [urn("child")] } }),
      state("with", { deletedWith: urn("root") }),
      state("managed", { provider: `${urn("root")}::id` }),
      state("apart"),
    ];
    expect(dependentsOf(root, [root, ...others]).map(({ id }) => id)).toEqual(["child", "grand", "with", "managed"]);
  });
});

describe("names", () => {
  it.each([
    ["vault:index/mount:Mount", "vault:index:Mount"],
    ["vault:appRole/authBackendRole:AuthBackendRole", "vault:appRole:AuthBackendRole"],
    ["pulumi:pulumi:Stack", "pulumi:pulumi:Stack"],
    ["pulumi:providers:vault", "pulumi:providers:vault"],
    ["sample:vault:TokenStore", "sample:vault:TokenStore"],
  ])("shows %s as %s", (type, shown) => {
    expect(displayType(type)).toBe(shown);
  });

  it("nests types of parents, but not the stack's", () => {
    const stack = createUrn("dev", "p", undefined, "pulumi:pulumi:Stack", "p-dev");
    const parent = createUrn("dev", "p", stack, "a:b:C", "c");
    expect(parent).toBe("urn:pulumi:dev::p::a:b:C::c");
    expect(createUrn("dev", "p", parent, "d:e:F", "x::y")).toBe("urn:pulumi:dev::p::a:b:C$d:e:F::x::y");
    expect(parseUrn("urn:pulumi:dev::p::a:b:C$d:e:F::x::y")).toEqual({
      stack: "dev",
      project: "p",
      qualifiedType: "a:b:C$d:e:F",
      type: "d:e:F",
      name: "x::y",
    });
  });

  it("finds a child under its parent's former name", () => {
    const found = new Map([["urn:pulumi:dev::p::t:c:New::newapp", "urn:pulumi:dev::p::t:c:Old::app"]]);
    expect(
      aliasUrns(
        { stack: "dev", project: "p", found },
        "newapp-role",
        "a:b:Role",
        "urn:pulumi:dev::p::t:c:New::newapp",
        [{ name: "newapp-right" }],
      ),
    ).toEqual([
      "urn:pulumi:dev::p::t:c:New$a:b:Role::newapp-right",
      "urn:pulumi:dev::p::t:c:Old$a:b:Role::app-role",
      "urn:pulumi:dev::p::t:c:Old$a:b:Role::app-right",
    ]);
  });

  it.each([
    ["", undefined],
    ["30s", 30],
    ["1h30m", 5400],
    ["1.5m", 90],
    ["250ms", 0.25],
  ])("reads the duration %j", (text, value) => {
    expect(seconds(text)).toBe(value);
  });
  it("refuses what is no duration", () => {
    expect(() => seconds("soon")).toThrow("not a duration such as 30s or 5m");
  });
});

describe("the lock", () => {
  it("is held by one at a time, told by whom, and leaves nothing behind", () => {
    const dir = folder();
    const file = join(dir, "dev.lock");
    const lock = acquireLock(file, "up");
    expect(() => acquireLock(file, "destroy")).toThrow(`process ${process.pid} has been running "up"`);
    lock.release();
    lock.release();
    acquireLock(file, "destroy").release();
    expect(readdirSync(dir)).toEqual([]);
    rmSync(dir, { recursive: true });
  });

  it.each([
    ["a process that is gone", { pid: 2 ** 22 - 3, token: "t", since: "", command: "up" }],
    ["a recycled process id", { pid: process.pid, started: "1", token: "t", since: "", command: "up" }],
    ["something unreadable", undefined],
  ])("of %s is taken over", (_what, holder) => {
    const dir = folder();
    const file = join(dir, "dev.lock");
    writeFileSync(file, holder ? JSON.stringify(holder) : "{");
    acquireLock(file, "up").release();
    expect(existsSync(file)).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
