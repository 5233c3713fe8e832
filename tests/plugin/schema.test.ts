import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { environmentSchema } from "../../infra/model";
import { POSTURE_TYPE, packageSchema, type PulumiObject, type PulumiProperty } from "../../plugin/schema";

interface Package {
  readonly resources: Readonly<
    Record<string, { inputProperties: Record<string, PulumiProperty>; requiredInputs: string[]; properties: object }>
  >;
  readonly types: Readonly<Record<string, PulumiObject>>;
}
const made = packageSchema(version) as unknown as Package;
const type = (name: string): PulumiObject => made.types[`gatehouse:index:${name}`]!;

it("is the one that is checked in; `npm run schema` writes it", () => {
  const file = readFileSync(join(__dirname, "../../plugin/schema.json"), "utf8");
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(made)));
});

it("has every key of the environment file as an input, and requires the same", () => {
  const posture = made.resources[POSTURE_TYPE]!;
  expect(Object.keys(posture.inputProperties)).toEqual(Object.keys(environmentSchema.shape));
  expect(posture.requiredInputs).toEqual([
    "agent",
    "audit",
    "gate",
    "organization",
    "repositories",
    "review",
    "rotation",
    "tokenStore",
  ]);
  for (const input of Object.values(posture.inputProperties)) expect(input).toHaveProperty("description");
});

it("names a type only where there is one, and none that nobody names", () => {
  const named = [...JSON.stringify(made).matchAll(/"\$ref":"#\/types\/([^"]+)"/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(made.types).sort());
  for (const { properties = {} } of Object.values(made.types))
    for (const part of Object.values(properties)) expect(part.type ?? part.$ref).toBeDefined();
});

it("has alternatives as one mapping, of which only what all share is required", () => {
  expect(Object.keys(type("AgentCredential").properties!)).toEqual([
    "kind",
    "expiryDays",
    "clientId",
    "appId",
    "installationId",
  ]);
  expect(type("AgentCredential").required).toEqual(["kind"]);
  expect(type("AgentCredentialKind").enum).toContainEqual({
    name: "PersonalAccessToken",
    value: "personal-access-token",
  });
  expect(type("GateAllowedSecret").required).toEqual(["reason", "until"]);
  expect(type("AuditSink").properties!.destination).toMatchObject({ type: "string", secret: true });
});
