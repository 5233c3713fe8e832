import { METADATA_PAIRS, MARK_KEY } from "../model/common";
import { fieldsOf, isObject, UNKNOWN, type Field, type Fields, type Json } from "../model/field";

/** One refused input: the path of the property, and what is wrong with it and what would be right. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Everything that is wrong with these inputs, by the description of their type and by the service's own rules. */
export function failuresOf(resource: string, fields: Fields, inputs: Json): Failure[] {
  return [...fieldFailures(fields, inputs, ""), ...(RULES[resource]?.(inputs) ?? []), ...metadataFailures(inputs)];
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** What does not fit the description of the fields, at any depth. */
export function fieldFailures(fields: Fields, value: Json, path: string): Failure[] {
  const found = Object.entries(fields).flatMap(([name, field]): Failure[] => {
    const at = join(path, name);
    const own = value[name];
    if (own !== undefined && own !== null) return valueFailures(field, own, at);
    return field.required ? [{ property: at, reason: `missing; ${lowerFirst(field.description)}` }] : [];
  });
  const strangers = Object.keys(value).filter((name) => !(name in fields) && !name.startsWith("__"));
  return [
    ...found,
    ...strangers.map((name) => ({
      property: join(path, name),
      reason: `no such field; here there are ${Object.keys(fields).join(", ") || "none"}`,
    })),
  ];
}

function valueFailures(field: Field, value: unknown, at: string): Failure[] {
  if (value === UNKNOWN) return [];
  const wrong = (reason: string): Failure[] => [{ property: at, reason }];
  switch (field.kind) {
    case "string":
      return typeof value === "string" ? textFailures(field, value).flatMap(wrong) : wrong(must("a text", value));
    case "integer":
      if (!Number.isInteger(value)) return wrong(must("a whole number", value));
      return Number(value) < (field.minimum ?? -Infinity) ? wrong(`must be at least ${field.minimum}`) : [];
    case "boolean":
      return typeof value === "boolean" ? [] : wrong(must("true or false", value));
    case "json":
      return [];
    case "map":
      if (!isObject(value)) return wrong(must("a map of texts", value));
      return Object.entries(value).flatMap(([key, one]) =>
        typeof one === "string" ? [] : [{ property: join(at, key), reason: must("a text", one) }],
      );
    case "list":
      if (!Array.isArray(value)) return wrong(must("a list", value));
      return [
        ...(value.length > (field.maxItems ?? Infinity)
          ? wrong(`has ${value.length} entries; at most ${field.maxItems} are allowed`)
          : []),
        ...value.flatMap((item: unknown, index) => valueFailures(field.items, item, `${at}[${index}]`)),
      ];
    default:
      return isObject(value) ? objectFailures(field, value, at) : wrong(must("an object", value));
  }
}

function textFailures(field: Extract<Field, { kind: "string" }>, value: string): string[] {
  // A secret is never quoted.
  const shown = field.secret ? "it" : JSON.stringify(value);
  if (value === "") return field.required ? ["must not be empty"] : [];
  if (field.values && !field.values.includes(value)) return [`${shown} is not one of ${field.values.join(", ")}`];
  if (value.length > (field.maxLength ?? Infinity))
    return [`has ${value.length} characters; at most ${field.maxLength} are allowed`];
  const problem = field.problem?.(value);
  return problem === undefined ? [] : [`${shown} ${problem}`];
}

function objectFailures(field: Extract<Field, { kind: "object" | "variants" }>, value: Json, at: string): Failure[] {
  if (field.kind === "object") return fieldFailures(field.fields, value, at);
  if (value.type === UNKNOWN) return [];
  const own = fieldsOf(field, value);
  if (own) {
    const { type: _, ...others } = value;
    return fieldFailures(own, others, at);
  }
  const kinds = Object.keys(field.variants).join(", ");
  return [
    {
      property: `${at}.type`,
      reason:
        value.type === undefined ? `missing; one of ${kinds}` : `${JSON.stringify(value.type)} is not one of ${kinds}`,
    },
  ];
}

const must = (wanted: string, value: unknown): string =>
  `must be ${wanted}, but is ${Array.isArray(value) ? "a list" : value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`}`;
const lowerFirst = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);

function metadataFailures({ metadata }: Json): Failure[] {
  if (!isObject(metadata)) return [];
  const entries = Object.entries(metadata);
  return [
    ...(entries.length > METADATA_PAIRS
      ? [{ property: "metadata", reason: `has ${entries.length} pairs; at most ${METADATA_PAIRS} are allowed` }]
      : []),
    ...entries.flatMap(([key, value]) => {
      const property = join("metadata", key);
      if (key === MARK_KEY) return [{ property, reason: "is the provider's own; choose another key" }];
      if (key.length > 64) return [{ property, reason: "the key is longer than 64 characters" }];
      return typeof value === "string" && value.length > 512 && value !== UNKNOWN
        ? [{ property, reason: "the value is longer than 512 characters" }]
        : [];
    }),
  ];
}

/** What the service refuses beyond the shape, so that it is refused before anything is made. */
const RULES: Readonly<Record<string, (inputs: Json) => Failure[]>> = {
  Agent: (inputs) => [...serverFailures(inputs), ...toolFailures(inputs), ...teamFailures(inputs)],
  Environment: ({ config }) => {
    if (!isObject(config) || !isObject(config.networking) || !isObject(config.packages)) return [];
    const { type, allowPackageManagers } = config.networking;
    return type === "limited" && allowPackageManagers === false
      ? [
          {
            property: "config.packages",
            reason:
              "need networking.allowPackageManagers: true, because the network is limited; or leave the packages out",
          },
        ]
      : [];
  },
  VaultCredential: ({ auth }) => {
    if (!isObject(auth)) return [];
    const { injectionLocation, networking } = auth;
    return [
      ...(isObject(injectionLocation) && injectionLocation.header === false && injectionLocation.body === false
        ? [
            {
              property: "auth.injectionLocation",
              reason: "header or body must be true: otherwise nobody gets the secret",
            },
          ]
        : []),
      ...(isObject(networking) && Array.isArray(networking.allowedHosts) && networking.allowedHosts.length === 0
        ? [{ property: "auth.networking.allowedHosts", reason: "must name a host: otherwise nobody gets the secret" }]
        : []),
    ];
  },
};

const objects = (list: unknown): [Json, number][] =>
  Array.isArray(list)
    ? list.flatMap((one: unknown, index) => (isObject(one) ? [[one, index] as [Json, number]] : []))
    : [];

/** Whether an earlier object of a list has the same name. */
const isRepeated = (list: [Json, number][], name: unknown, index: number): boolean =>
  list.some(([other, at]) => at < index && other.name === name);

function serverFailures({ mcpServers, tools }: Json): Failure[] {
  const toolsets = objects(tools).filter(([tool]) => tool.type === "mcp_toolset");
  const named = toolsets.map(([tool]) => tool.mcpServerName);
  const servers = objects(mcpServers).map(([server]) => server.name);
  // What is not known yet may be any name.
  if ([mcpServers, tools, ...named, ...servers].includes(UNKNOWN)) return [];
  return [
    ...objects(mcpServers).flatMap(([server, index]): Failure[] => {
      // A name that is missing, or no text, is said already; here and below.
      if (typeof server.name !== "string") return [];
      const property = `mcpServers[${index}].name`;
      const name = JSON.stringify(server.name);
      if (isRepeated(objects(mcpServers), server.name, index))
        return [{ property, reason: `${name} stands there twice` }];
      return named.includes(server.name)
        ? []
        : [{ property, reason: `no mcp_toolset in tools has mcpServerName ${name}; add one, or take the server out` }];
    }),
    ...toolsets.flatMap(([tool, index]): Failure[] =>
      typeof tool.mcpServerName !== "string" || servers.includes(tool.mcpServerName)
        ? []
        : [
            {
              property: `tools[${index}].mcpServerName`,
              reason: `${JSON.stringify(tool.mcpServerName)} is no server of mcpServers (${servers.filter((name) => typeof name === "string").join(", ") || "there are none"})`,
            },
          ],
    ),
  ];
}

/** Fields of a built-in tool that only some tools have. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  allowedDomains: ["web_fetch", "web_search"],
  blockedDomains: ["web_fetch", "web_search"],
  maxContentTokens: ["web_fetch"],
  urlSources: ["web_fetch"],
  userLocation: ["web_search"],
};

function toolFailures({ tools }: Json): Failure[] {
  return objects(tools).flatMap(([tool, index]) =>
    objects(tool.configs).flatMap(([config, at]): Failure[] => {
      const path = `tools[${index}].configs[${at}]`;
      if (config.name === UNKNOWN || typeof config.name !== "string") return [];
      const twice = isRepeated(objects(tool.configs), config.name, at);
      return [
        ...(twice ? [{ property: `${path}.name`, reason: `${JSON.stringify(config.name)} stands there twice` }] : []),
        ...Object.entries(ONLY).flatMap(([name, of]) =>
          name in config && !of.includes(String(config.name))
            ? [
                {
                  property: `${path}.${name}`,
                  reason: `only ${of.join(" and ")} has it, ${String(config.name)} has not`,
                },
              ]
            : [],
        ),
        ...("allowedDomains" in config && "blockedDomains" in config
          ? [{ property: `${path}.blockedDomains`, reason: "cannot stand beside allowedDomains; keep one of the two" }]
          : []),
      ];
    }),
  );
}

function teamFailures({ multiagent }: Json): Failure[] {
  if (!isObject(multiagent)) return [];
  return ["subagents", "workflows"].flatMap((name): Failure[] => {
    const team = multiagent[name];
    if (!isObject(team) || team.type !== "enabled" || !isObject(team.inlineAgents)) return [];
    return team.inlineAgents.type === "disabled" && team.predefinedAgents === undefined
      ? [
          {
            property: `multiagent.${name}.predefinedAgents`,
            reason: "must name an agent, because inlineAgents is disabled; or disable the whole member",
          },
        ]
      : [];
  });
}
