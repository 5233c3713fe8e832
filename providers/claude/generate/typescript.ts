import { MODELS } from "../model";
import type { Field, Fields } from "../model/field";

const HEAD = `// Made by \`npm run schema:claude\` from providers/claude/model. Do not edit.
import type { Input } from "@pulumi/pulumi";
`;

/** The TypeScript arguments of every resource, with the descriptions as doc comments. */
export function argumentsSource(): string {
  const types = new Map<string, string>();
  const args = MODELS.map(
    (model) =>
      `/** Arguments of {@link ${model.name}}. */\nexport interface ${model.name}Args ${body(model.inputs, types)}\n`,
  );
  return [HEAD, ...args, ...types.values()].join("\n");
}

function body(fields: Fields, types: Map<string, string>, more = ""): string {
  const lines = Object.entries(fields).map(([name, field]) => {
    const notes = [
      field.description,
      ...(field.default === undefined ? [] : [`Default: ${JSON.stringify(field.default)}.`]),
      ...(field.replace ? ["A new value makes a new resource."] : []),
      ...(field.kind === "string" && field.secret ? ["Write-only; the state keeps a fingerprint."] : []),
    ];
    return `/** ${notes.join(" ")} */\n${name}${field.required ? "" : "?"}: Input<${typeOf(field, types)}>;`;
  });
  return `{\n${[more, ...lines].filter(Boolean).join("\n")}\n}`;
}

function typeOf(field: Field, types: Map<string, string>): string {
  switch (field.kind) {
    case "json":
      return "unknown";
    case "map":
      return "Record<string, Input<string>>";
    case "list":
      return `Input<${typeOf(field.items, types)}>[]`;
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "string":
      return field.values?.map((value) => JSON.stringify(value)).join(" | ") ?? "string";
    case "object":
      declare(
        types,
        field.name,
        () => `export interface ${field.name} ${body(field.fields, types)}`,
        field.description,
      );
      return field.name;
    case "variants":
      declare(
        types,
        field.name,
        () =>
          `export type ${field.name} =${Object.entries(field.variants)
            .map(([kind, fields]) => `\n| ${body(fields, types, `type: Input<${JSON.stringify(kind)}>;`)}`)
            .join("")};`,
        field.description,
      );
      return field.name;
  }
}

function declare(types: Map<string, string>, name: string, make: () => string, description: string): void {
  if (types.has(name)) return;
  types.set(name, "");
  types.set(name, `/** ${description} */\n${make()}\n`);
}
