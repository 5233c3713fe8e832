import { MODELS, PACKAGE, tokenOf } from "../model";
import { SETTINGS } from "../model/settings";
import type { Field, Fields, Json, Output } from "../model/field";
import { FUNCTIONS } from "../model/functions";

const typeToken = (name: string): string => `${PACKAGE}:index:${name}`;

/**
 * The package's schema, from which Pulumi makes an SDK for each of its languages. Shapes that are told apart by `type`
 * become one object with the fields of all: not every language can check unions. The provider refuses what does not fit.
 */
export function packageSchema(version: string): Json {
  const types: Json = {};
  const functions = Object.entries(FUNCTIONS).map(([name, { description, inputs, outputs }]) => [
    typeToken(name),
    {
      description,
      inputs: { type: "object", ...members(inputs, types) },
      outputs: { type: "object", ...members(outputs, types) },
    },
  ]);
  return {
    name: PACKAGE,
    displayName: "Claude Managed Agents",
    version,
    description: "Environments, agents, vaults and credentials of Claude Managed Agents.",
    keywords: ["pulumi", "claude", "category/infrastructure", "kind/native"],
    license: "Apache-2.0",
    language: {
      nodejs: { respectSchemaVersion: true },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      go: { respectSchemaVersion: true, generateResourceContainerTypes: true },
      csharp: { respectSchemaVersion: true },
    },
    config: { variables: members(SETTINGS, types).properties },
    provider: {
      description: "Where the service is, and as whom to ask it.",
      inputProperties: members(SETTINGS, types).properties,
    },
    resources: Object.fromEntries(
      MODELS.map((model) => {
        const inputs = members(model.inputs, types);
        return [
          tokenOf(model),
          {
            description: model.description,
            inputProperties: inputs.properties,
            requiredInputs: inputs.required,
            properties: { ...inputs.properties, ...outputs(model.outputs) },
            required: [...inputs.required, ...Object.keys(model.outputs)].sort(),
          },
        ];
      }),
    ),
    functions: Object.fromEntries(functions),
    types: Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const outputs = (of: Readonly<Record<string, Output>>): Json =>
  Object.fromEntries(Object.entries(of).map(([name, { kind, description }]) => [name, { type: kind, description }]));

function members(fields: Fields, types: Json): { properties: Json; required: string[] } {
  return {
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, property(field, types)])),
    required: Object.keys(fields)
      .filter((name) => fields[name]?.required)
      .sort(),
  };
}

function property(field: Field, types: Json): Json {
  const standard = field.default === undefined ? "" : ` Default: ${JSON.stringify(field.default)}.`;
  return {
    ...typeOf(field, types),
    description: `${field.description}${standard}`,
    ...(field.kind === "string" && field.secret ? { secret: true } : {}),
    ...(field.replace ? { willReplaceOnChanges: true } : {}),
  };
}

function typeOf(field: Field, types: Json): Json {
  switch (field.kind) {
    case "json":
      return { $ref: "pulumi.json#/Any" };
    case "map":
      return { type: "object", additionalProperties: { type: "string" } };
    case "list":
      return { type: "array", items: typeOf(field.items, types) };
    case "object":
      types[typeToken(field.name)] ??= {
        type: "object",
        description: field.description,
        ...members(field.fields, types),
      };
      return { $ref: `#/types/${typeToken(field.name)}` };
    case "variants":
      types[typeToken(field.name)] ??= merged(field, types);
      return { $ref: `#/types/${typeToken(field.name)}` };
    default:
      // A closed list of values is checked by the provider: enumerations differ too much between languages.
      return { type: field.kind };
  }
}

function merged(field: Extract<Field, { kind: "variants" }>, types: Json): Json {
  const kinds = Object.entries(field.variants);
  const properties: Json = {
    type: { type: "string", description: `One of: ${kinds.map(([kind]) => kind).join(", ")}.` },
  };
  for (const [kind, fields] of kinds)
    for (const [name, own] of Object.entries(fields)) {
      const inAll = kinds.every(([, others]) => name in others);
      properties[name] ??= {
        ...property(own, types),
        ...(inAll ? {} : { description: `${kind}: ${own.description}` }),
      };
    }
  const [, first] = kinds[0] ?? [];
  const everywhere = Object.keys(first ?? {}).filter((name) => kinds.every(([, fields]) => fields[name]?.required));
  return { type: "object", description: field.description, properties, required: ["type", ...everywhere].sort() };
}
