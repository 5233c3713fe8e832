import { fieldsOf, isObject, UNKNOWN, type Field, type Fields, type Json } from "../model/field";

/**
 * One form for what means the same: defaults are filled in, and nothing, "", [] and {} are left out. So the inputs of a
 * program and the answer of the service can be compared. What is no field stays, for the check to name it.
 */
export function normalised(fields: Fields, given: Json): Json {
  const result: Json = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = normalisedValue(field, given[name] ?? field.default);
    if (value !== undefined && (field.default !== undefined || !isEmpty(field, value))) result[name] = value;
  }
  for (const [name, value] of Object.entries(given))
    if (!(name in fields) && value !== undefined && value !== null) result[name] = value;
  return result;
}

function normalisedValue(field: Field, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (field.kind === "list" && Array.isArray(value))
    return value.map((item: unknown) => normalisedValue(field.items, item) ?? item);
  if (!isObject(value)) return value;
  const own = fieldsOf(field, value);
  return own ? { ...(field.kind === "variants" ? { type: value.type } : {}), ...normalised(own, value) } : value;
}

/** Whether a value says no more than its absence. A required text that is empty stays, for the check to refuse it. */
function isEmpty(field: Field, value: unknown): boolean {
  if (value === UNKNOWN || field.required) return false;
  if (value === "") return true;
  if (field.kind !== "list" && field.kind !== "map" && field.kind !== "object") return false;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What an entry of a toolset leaves out is as in the set's default: filled in, so that a preview shows it. */
export function withToolsetDefaults(inputs: Json): Json {
  if (!Array.isArray(inputs.tools)) return inputs;
  return { ...inputs, tools: inputs.tools.map(withDefaults) };
}

function withDefaults(tool: unknown): unknown {
  if (!isObject(tool) || !isObject(tool.defaultConfig) || !Array.isArray(tool.configs)) return tool;
  const { enabled, permissionPolicy } = tool.defaultConfig;
  return {
    ...tool,
    configs: tool.configs.map((config: unknown) =>
      isObject(config)
        ? {
            ...config,
            enabled: config.enabled ?? enabled,
            permissionPolicy: config.permissionPolicy ?? permissionPolicy,
          }
        : config,
    ),
  };
}
