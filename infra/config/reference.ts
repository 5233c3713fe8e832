import { environmentJsonSchema, type SchemaNode } from "./jsonSchema";

/** Where the two files lie that are made from the environment's schema, from the root of the repository. */
export const SCHEMA_FILE = "infra/config/stackFile.schema.json";
export const REFERENCE_FILE = "docs/configuration.md";

interface Row {
  readonly key: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}
/** A table of the page: the keys of one mapping, or of one kind of it. */
interface Table {
  /** Above the table; empty for the first one. */
  readonly intro: string;
  readonly rows: readonly Row[];
}

/** docs/configuration.md: every key with its shape, unit, default, meaning and an example. */
export function configurationPage(schema: SchemaNode = environmentJsonSchema()): string {
  const { properties = {}, required = [] } = schema;
  const top = Object.entries(properties);
  const scalars = top.filter(([, node]) => isScalar(node));
  const sections = top.filter(([, node]) => !isScalar(node));
  const rowOf = ([key, node]: [string, SchemaNode]): Row => ({ key, node, required: required.includes(key) });
  return `# Configuration

Every key of \`Pulumi.<stack>.yaml\`, below \`config:\`. The page is made from the schema that reads the file (\`npm run configuration\`). \`pulumi preview\`
reports every mistake at once, with its key, what is wrong and what would be right. It also finds what several keys say together, such as records that are
deleted while a token of theirs still lives.

\`\`\`yaml
# yaml-language-server: $schema=./${SCHEMA_FILE}
\`\`\`

as the first line of the file lets an editor complete and check it (Visual Studio Code with the YAML extension, and every other editor with
yaml-language-server). \`gatehouse init\` writes a file that has it.

A key ending in a unit is counted in it. \`pulumi config set --path 'gatehouse:gate.requestsPerMinute' 60\` sets one key.

## The whole

${tableText({ intro: "", rows: scalars.map(rowOf) })}
${sections.map((entry) => sectionText(rowOf(entry))).join("\n")}`;
}

function sectionText({ key, node, required }: Row): string {
  const listed = node.type === "array" ? " A list." : "";
  return `## gatehouse:${key}

${sentence(node.description)}${listed} ${required ? "Required." : `Default: ${code(node.default)}.`}

${tablesOf("", node.type === "array" ? (node.items ?? {}) : node)
  .map(tableText)
  .join("\n")}`;
}

/** The tables of one mapping: its plain keys, then one for each kind of a part that comes in kinds. */
function tablesOf(prefix: string, node: SchemaNode): Table[] {
  const rows: Row[] = [];
  const later: Table[] = [];
  if (kindsOf(node)) later.push(...kindTables(prefix, node));
  for (const [name, part] of Object.entries(node.properties ?? {})) {
    const key = `${prefix}${name}`;
    rows.push({ key, node: part, required: node.required?.includes(name) ?? false });
    const inner = part.type === "array" ? part.items : part;
    const below = part.type === "array" ? `${key}[].` : `${key}.`;
    if (!inner) continue;
    if (kindsOf(inner)) later.push(...kindTables(below, inner));
    else if (inner.properties)
      for (const table of tablesOf(below, inner))
        if (table.intro === "") rows.push(...table.rows);
        else later.push(table);
  }
  return [...(rows.length > 0 ? [{ intro: "", rows }] : []), ...later];
}

function kindTables(prefix: string, node: SchemaNode): Table[] {
  return (kindsOf(node) ?? []).map((option) => {
    const kind = String(option.properties?.kind?.const);
    const { kind: _kind, ...others } = option.properties ?? {};
    const [own] = tablesOf(prefix, { ...option, properties: others });
    return {
      intro: `\`${prefix}kind: ${kind}\`. ${sentence(option.description)}`,
      rows: own?.rows ?? [],
    };
  });
}

/** The kinds of a mapping that comes in several, told apart by `kind`. */
function kindsOf(node: SchemaNode): readonly SchemaNode[] | undefined {
  return node.oneOf?.every(({ properties }) => properties?.kind !== undefined) ? node.oneOf : undefined;
}

function tableText({ intro, rows }: Table): string {
  const head = intro === "" ? "" : `${intro}\n`;
  if (rows.length === 0) return head;
  return `${head}${intro === "" ? "" : "\n"}| key | shape | default | meaning | example |
|---|---|---|---|---|
${rows.map(rowText).join("\n")}
`;
}

function rowText({ key, node, required }: Row): string {
  const example = node.examples?.[0] ?? (node.default === undefined ? firstValue(node) : undefined);
  const cells = [
    `\`${key}\``,
    shape(node, key),
    required ? "required" : node.default === undefined ? "none" : code(node.default),
    sentence(node.description),
    example === undefined ? "" : code(example),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const firstValue = (node: SchemaNode): unknown => node.const ?? node.enum?.[0];

/** What may stand at a key, in words. */
function shape(node: SchemaNode, key: string): string {
  if (node.const !== undefined) return code(node.const);
  if (node.enum) return node.enum.map(code).join(", ");
  const kinds = kindsOf(node);
  if (kinds) return `a mapping by \`kind\`: ${kinds.map(({ properties }) => code(properties?.kind?.const)).join(", ")}`;
  if (node.anyOf) return `${shape(node.anyOf[0] ?? {}, key)}, encrypted`;
  if (node.type === "integer") return numberShape(node, key);
  if (node.type === "boolean") return "`true`, `false`";
  if (node.type === "array") {
    const bounds = node.maxItems === undefined ? "" : `, at most ${number(node.maxItems)}`;
    return `a list${node.items?.type === "string" ? ` of texts (${shape(node.items, key)})` : ""}${bounds}`;
  }
  if (node.type === "object") return "a mapping";
  return (
    node.patternErrorMessage ??
    (node.maxLength === undefined ? "a text" : `a text of at most ${number(node.maxLength)} characters`)
  );
}

function numberShape({ minimum, maximum }: SchemaNode, key: string): string {
  const range = maximum === Number.MAX_SAFE_INTEGER ? "" : ` from ${number(minimum)} to ${number(maximum)}`;
  const unit = unitOf(key);
  return `a whole number${unit === "" ? "" : ` of ${unit}`}${range}`;
}

/** The unit that a key is counted in, which its name says: `graceMinutes` is in minutes, `bytesPerHour` in bytes per hour. */
export function unitOf(key: string): string {
  const name = key.split(/[.\]]/).at(-1) ?? "";
  const rate = /^([a-z]+)Per(Minute|Hour)$/.exec(name);
  if (rate) return `${rate[1]} per ${rate[2]?.toLowerCase()}`;
  return (
    /(Days|Hours|Minutes|Seconds|Bytes|Lines|Files|Objects|Versions|Sessions|Dollars)$/
      .exec(name)?.[1]
      ?.toLowerCase() ?? ""
  );
}

const number = (value: number | undefined): string => (value ?? 0).toLocaleString("en-US");

/** A value as the file has it, in the form that fits into one line. */
function code(value: unknown): string {
  return `\`${flow(value)}\``;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, part]) => `${key}: ${flow(part)}`)
      .join(", ")} }`;
  // A star or a brace at its beginning would be YAML's own.
  return typeof value === "string" && /^[*{[&!]|: |[{}[\]]/.test(value) ? JSON.stringify(value) : String(value);
}

const isScalar = ({ type, enum: values }: SchemaNode): boolean =>
  values !== undefined || type === "string" || type === "boolean" || type === "integer";

const sentence = (text = ""): string => text.trim();
