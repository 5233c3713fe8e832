import { z } from "zod";
import { environmentSchema } from "../model/schema";

/** A node of a JSON Schema (draft 7, which editors know best), as far as it is read here. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  /** What an editor says in place of the pattern (yaml-language-server). */
  readonly patternErrorMessage?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
}

/**
 * The environment, as a person writes it, in JSON Schema: what the schema in `infra/model/schema.ts` says of each key
 * alone. What several keys say together (a token that outlives its records, a reviewer that is the machine user) only
 * `parseEnvironment` finds. So whatever the parser takes is right here too; the other way round does not hold.
 */
export function environmentJsonSchema(): SchemaNode {
  return z.toJSONSchema(environmentSchema, {
    io: "input",
    target: "draft-7",
    override: ({ zodSchema, jsonSchema }) => {
      const pattern = zodSchema._zod.def.checks?.find(({ _zod }) => _zod.def.check === "string_format");
      const message = pattern?._zod.def.error?.({} as never);
      if (jsonSchema.pattern !== undefined && typeof message === "string") jsonSchema.patternErrorMessage = message;
      restore(zodSchema, jsonSchema);
      if (jsonSchema.secret === true) encryptable(jsonSchema);
    },
  }) as SchemaNode;
}

/** zod leaves out examples and defaults of whatever has a date or a hash below it, because their output differs. */
function restore(zodSchema: z.core.$ZodTypes, jsonSchema: Record<string, unknown>): void {
  const { examples } = z.globalRegistry.get(zodSchema) ?? {};
  if (Array.isArray(examples)) jsonSchema.examples = examples;
  if (zodSchema._zod.def.type === "default") jsonSchema.default = zodSchema._zod.def.defaultValue;
}

/** A text that may also stand there as `pulumi config set --secret` writes it. */
function encryptable(node: Record<string, unknown>): void {
  const { type, minLength } = node;
  delete node.secret;
  delete node.type;
  delete node.minLength;
  node.anyOf = [
    { type, minLength },
    {
      type: "object",
      properties: { secure: { type: "string", description: "Written by pulumi config set --secret." } },
      required: ["secure"],
      additionalProperties: false,
    },
  ];
}

/**
 * The schema of a whole `Pulumi.<stack>.yaml`, for editors: the keys with the prefix `gatehouse:`, beside those of other
 * packages and of Pulumi itself. Pulumi also reads keys without the prefix; an editor then asks for the prefix.
 * @example `# yaml-language-server: $schema=./infra/config/stackFile.schema.json` as the first line of the file
 */
export function stackFileSchema(): Record<string, unknown> {
  const { properties = {}, required = [] } = environmentJsonSchema();
  const prefixed = (key: string): string => `gatehouse:${key}`;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "An environment of Gatehouse",
    description: "Pulumi.<stack>.yaml: who may do what. docs/configuration.md lists every key.",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(Object.entries(properties).map(([key, node]) => [prefixed(key), node])),
        required: required.map(prefixed),
        // Whatever else begins with the prefix is mistyped; the keys of other packages are none of this schema's.
        patternProperties: { [`^gatehouse:(?!(?:${Object.keys(properties).join("|")})$)`]: false },
      },
    },
    required: ["config"],
  };
}
