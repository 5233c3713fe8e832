import * as pulumi from "@pulumi/pulumi";
import { bindingKinds } from "../../../edge/bindings";
import { GATE_BINDINGS } from "../../../gate/contract";
import { selfHostConfig } from "../../../gate/selfHost";
import { bindingsOf, type BindingValues } from "../../../infra/cloudflare/bindings";
import { gateConditions } from "../../../infra/plans";
import { ROTATOR_BINDINGS } from "../../../rotation/contract";
import { environment } from "../../support/environment";
import { known } from "../../support/pulumi";

const ROTATOR: BindingValues<typeof ROTATOR_BINDINGS> = {
  TOKEN_STORE: { kind: "kv" },
  GATE: { service: "github-gate" },
  WEBHOOK_SECRET: "hook",
  VAULT_SECRET_ID: "id",
  OPERATOR_KEY: pulumi.output("operator"),
  TOKEN_KEY: "token",
  ROTATOR_KEY: "rotator",
};
const namesOf = (made: readonly { readonly name: pulumi.Input<string> }[]) => made.map(({ name }) => name);

describe("bindings of a contract", () => {
  it("are made where their conditions hold, sorted by name, with secrets as secrets", async () => {
    const made = bindingsOf(ROTATOR_BINDINGS, ["kv"], ROTATOR);
    expect(namesOf(made)).toEqual([
      "GATE",
      "OPERATOR_KEY",
      "ROTATOR_KEY",
      "TOKEN_KEY",
      "TOKEN_STORE",
      "WEBHOOK_SECRET",
    ]);
    expect(made[0]).toEqual({ name: "GATE", type: "service", service: "github-gate" });
    expect(await known(pulumi.output(made[4]?.json))).toBe('{"kind":"kv"}');
    for (const { name, text, type } of made)
      expect([name, text !== undefined && (await pulumi.isSecret(pulumi.output(text)))]).toEqual([
        name,
        type === "secret_text",
      ]);
    expect(namesOf(bindingsOf(ROTATOR_BINDINGS, ["vault"], ROTATOR))).toEqual([
      "GATE",
      "TOKEN_STORE",
      "VAULT_SECRET_ID",
      "WEBHOOK_SECRET",
    ]);
  });

  it("need a value each where they are there", () => {
    expect(() => bindingsOf(ROTATOR_BINDINGS, ["kv"], { ...ROTATOR, ROTATOR_KEY: undefined })).toThrow("ROTATOR_KEY");
    expect(() => bindingsOf(ROTATOR_BINDINGS, ["vault"], { ...ROTATOR, ROTATOR_KEY: undefined })).not.toThrow();
  });

  it("are the contract's alone, and of its kinds: the compiler refuses another name and another value", () => {
    const another = bindingsOf(ROTATOR_BINDINGS, ["vault"], {
      ...ROTATOR,
      // @ts-expect-error the contract has no such binding
      GITHUB_TOKEN: "token",
    });
    expect(namesOf(another)).not.toContain("GITHUB_TOKEN");
    // @ts-expect-error a service is bound to the name of a script
    bindingsOf(ROTATOR_BINDINGS, ["vault"], { ...ROTATOR, GATE: "github-gate" });
    // @ts-expect-error the Worker reads no such token store
    bindingsOf(ROTATOR_BINDINGS, ["vault"], { ...ROTATOR, TOKEN_STORE: { kind: "kv2" } });
  });
});

describe("the gate's contract", () => {
  it.each([
    ["Vault", {}, "VAULT_SECRET_ID", "TOKEN_KEY"],
    ["Workers KV", { tokenStore: { kind: "kv" } }, "TOKEN_KEY", "VAULT_SECRET_ID"],
  ])("holds with %s the secret of that store and not the other's", (_, changes, has, hasNot) => {
    const kinds: ReadonlyMap<string, string> = bindingKinds(GATE_BINDINGS, gateConditions(environment(changes)));
    expect([kinds.get(has), kinds.get(hasNot)]).toEqual(["secret_text", undefined]);
  });

  it("has an issuer of session keys only where the posture has such keys", () => {
    const kinds = (changes: object): ReadonlyMap<string, string> =>
      bindingKinds(GATE_BINDINGS, gateConditions(environment(changes as never)));
    expect(kinds({}).has("SESSION_ISSUERS")).toBe(false);
    expect(kinds({ "gate.sessionKeys": {} }).get("SESSION_ISSUERS")).toBe("json");
  });

  it("is all that a gate of one's own has, but for what is Cloudflare's", () => {
    const config = selfHostConfig({
      policy: {} as never,
      gateKeys: [],
      operatorKeys: [],
      sessionIssuers: [],
      tokenStore: { kind: "vault", address: "https://v", mount: "m", path: "p", authMount: "a", roleId: "r" },
      alerts: {},
      listen: "127.0.0.1:8787",
      clientIpHeader: "X-Real-IP",
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      modules: { gate: "gate.js", ledger: "ledger.js" },
    });
    const gate = /bindings = \[([\s\S]*?)\n {2}\],/.exec(config)?.[1] ?? "";
    const found = [...gate.matchAll(/\(name = "([A-Z_]+)"/g)].map(([, name]) => name);
    const cloudflare = ["TOKEN_KEY", "GITHUB_WEBHOOK_SECRET", "TOKENS", "AUDIT"];
    expect(found).toEqual(Object.keys(GATE_BINDINGS).filter((name) => !cloudflare.includes(name)));
  });

  it("knows every secret by its kind", () => {
    for (const [name, { kind }] of Object.entries({ ...GATE_BINDINGS, ...ROTATOR_BINDINGS }))
      expect([name, kind === "secret_text"]).toEqual([name, /_(?:SECRET|SECRET_ID|KEY)$/.test(name)]);
  });
});
