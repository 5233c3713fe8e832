import Ajv, { type ValidateFunction } from "ajv";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Fixture {
  operations: Record<string, { id: string; responses: Record<string, unknown> }>;
  undescribed: string[];
  schemas: Record<string, unknown>;
}

/** GitHub's own description of the operations that the stand-in has; see tests/fixtures/github/make-openapi.mjs. */
export const CONTRACT = JSON.parse(
  readFileSync(join(__dirname, "..", "..", "..", "..", "tests", "fixtures", "github", "openapi.json"), "utf8"),
) as Fixture;

/*
 * An event's payload must be exactly one of sixteen, says the description, but that of watching asks for nothing but an
 * `action`: whatever has one is two of them. Here one that fits is enough.
 */
const { payload } = (CONTRACT.schemas.event as { properties: { payload: { oneOf?: unknown; anyOf?: unknown } } })
  .properties;
payload.anyOf = payload.oneOf;
delete payload.oneOf;

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
ajv.addFormat("date", /^\d{4}-\d\d-\d\d$/);
ajv.addFormat("uri", (text) => {
  try {
    new URL(text.replace(/\{[^}]*\}/g, ""));
    return true;
  } catch {
    return false;
  }
});
ajv.addFormat("email", /@/);
for (const name of [
  "uri-template",
  "binary",
  "repo.nwo",
  "timestamp",
  "hostname",
  "ip",
  "uuid",
  "int64",
  "int32",
  "float",
  "double",
])
  ajv.addFormat(name, true);
ajv.addSchema({ $id: "github", ...CONTRACT });
const compiled = new Map<string, ValidateFunction>();

/**
 * Problems of an answer, none when it is what GitHub describes. An undescribed status is one; a status without a schema
 * promises no body.
 */
export function problemsOf(operation: string, status: number, body: unknown): string[] {
  const described = CONTRACT.operations[operation];
  if (!described) return [`${operation} is not described`];
  if (!(String(status) in described.responses))
    return [`${operation} answered ${status}, described are ${Object.keys(described.responses).join(", ")}`];
  if (described.responses[String(status)] === null) return [];
  const key = `${operation} ${status}`;
  let validate = compiled.get(key);
  if (!validate) {
    const pointer = ["operations", operation, "responses", String(status)]
      .map((part) => encodeURIComponent(part.replace(/~/g, "~0").replace(/\//g, "~1")))
      .join("/");
    validate = ajv.compile({ $ref: `github#/${pointer}` });
    compiled.set(key, validate);
  }
  if (validate(body)) return [];
  return (validate.errors ?? []).map((e) => `${e.instancePath || "/"} ${e.message ?? ""} ${JSON.stringify(e.params)}`);
}
