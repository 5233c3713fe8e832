import fc from "fast-check";
import { changesBetween, mustReplace, rootOf } from "../../../../providers/claude/decisions/diff";
import { normalised } from "../../../../providers/claude/decisions/normalise";
import { MODELS } from "../../../../providers/claude/model";
import { UNKNOWN, type Json } from "../../../../providers/claude/model/field";
import { PROGRAMS } from "../support";

const fields = (type: string) => MODELS.find(({ name }) => name === type)!.inputs;

it("names each change by its place and its kind", () => {
  const old = normalised(fields("Environment"), PROGRAMS.Environment!(""));
  const networking = { type: "limited", allowedHosts: ["a.dev", "b.dev"], allowMcpServers: false };
  const next = { name: "agents", config: { type: "cloud", networking }, metadata: { team: "x", owner: "y" } };
  expect(changesBetween(fields("Environment"), old, normalised(fields("Environment"), next))).toEqual({
    description: "delete",
    "config.networking.allowedHosts[0]": "update",
    "config.networking.allowedHosts[1]": "add",
    "config.networking.allowPackageManagers": "update",
    "config.packages": "delete",
    "metadata.team": "update",
    "metadata.owner": "add",
  });
});

it("makes a new one only where the service cannot change it", () => {
  const old: Json = PROGRAMS.VaultCredential!("vlt_1");
  const changes = changesBetween(fields("VaultCredential"), old, {
    ...old,
    vaultId: UNKNOWN,
    displayName: UNKNOWN,
  });
  expect(changes).toEqual({ vaultId: "update-replace", displayName: "update" });
  expect(mustReplace(changes)).toBe(true);
  expect(mustReplace({ displayName: "update" })).toBe(false);
  expect(rootOf("tools[0].configs")).toBe("tools");
});

it("finds nothing between equal inputs, and something between others", () => {
  const any = fc.dictionary(fc.constantFrom("name", "description", "metadata", "config"), fc.jsonValue());
  fc.assert(
    fc.property(any, (inputs) => {
      expect(changesBetween(fields("Environment"), inputs, structuredClone(inputs))).toEqual({});
    }),
  );
  fc.assert(
    fc.property(any, fc.constantFrom("name", "description"), fc.string({ minLength: 1 }), (inputs, name, value) => {
      fc.pre(inputs[name] !== value);
      expect(Object.keys(changesBetween(fields("Environment"), inputs, { ...inputs, [name]: value }))).toEqual([name]);
    }),
  );
});
