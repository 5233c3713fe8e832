import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020";
import type { OcsfEvent } from "../../../../cli/audit/ocsf";

const ROOT = join(__dirname, "..", "..", "..", "..");
const read = (file: string): object => JSON.parse(readFileSync(join(ROOT, file), "utf8")) as object;

/** The published schema of the gate's record. */
export const recordSchema = (): ValidateFunction =>
  new Ajv2020({ allErrors: true }).compile(read("docs/schemas/audit-record-v1.json"));

const classes = new Map<number, ValidateFunction>();
let ajv: Ajv2020 | undefined;

/** What the official schema finds in an event, and what it lets pass although the documents say otherwise. */
export function ocsfProblems(event: OcsfEvent): string[] {
  ajv ??= new Ajv2020({ allErrors: true, strict: false }).addSchema(
    read("tests/fixtures/ocsf/schema-1.8.0.json"),
    "ocsf",
  );
  const uid = event.class_uid;
  const validate = classes.get(uid) ?? ajv.compile({ $ref: `ocsf#/$defs/class-${uid}` });
  classes.set(uid, validate);
  const { metadata, ...rest } = event as unknown as Record<string, unknown> & { metadata: Record<string, unknown> };
  return [
    ...(validate(event)
      ? []
      : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message ?? ""} ${JSON.stringify(one.params)}`)),
    ...(rest.type_uid === uid * 100 + Number(rest.activity_id) ? [] : ["type_uid is not class and activity"]),
    ...(metadata.version === "1.8.0" ? [] : ["metadata.version"]),
    ...(event.time > 1e12 ? [] : ["time is not in milliseconds"]),
    ...("action_id" in rest === (Array.isArray(metadata.profiles) && metadata.profiles.includes("security_control"))
      ? []
      : ["the profile is not the one that metadata names"]),
  ];
}
