import { environmentJsonSchema, type SchemaNode } from "../infra/config/jsonSchema";

/** A node of Pulumi's package schema (pulumi.com/docs/iac/extending-pulumi/schema), as far as it is written here. */
interface PulumiType {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: PulumiType;
  readonly additionalProperties?: PulumiType;
}
export interface PulumiProperty extends PulumiType {
  readonly description?: string;
  readonly secret?: boolean;
}
export interface PulumiObject {
  readonly description?: string;
  readonly type: "object" | "string";
  readonly properties?: Readonly<Record<string, PulumiProperty>>;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly name: string; readonly value: string }[];
}

export const POSTURE_TYPE = "gatehouse:index:Posture";

const ANY: PulumiType = { $ref: "pulumi.json#/Any" };
const SECRET = { type: "string", secret: true } as const;
const OUTPUTS: Readonly<Record<string, PulumiProperty>> = {
  gateUrl: { type: "string", description: "Public address of the gate; absent when nothing tells it." },
  gateKey: { ...SECRET, description: "The key with which the agent signs in to the gate (`ghk_…`)." },
  operatorKey: { ...SECRET, description: "The key with which an operator signs in to the gate (`gop_…`)." },
  alertSecret: { ...SECRET, description: "The secret that signs the gate's alerts (`whsec_…`)." },
  auditPublicKey: { type: "string", description: "The key that checks the signed checkpoints of the audit trail." },
  tokenKey: { ...SECRET, description: "Only with Workers KV: GATEHOUSE_TOKEN_KEY of the token commands." },
  rotatorKey: { ...SECRET, description: "Only with Workers KV: GATEHOUSE_ROTATOR_KEY of the token commands." },
  sessionIssuerKey: { ...SECRET, description: "Only with gate.sessionKeys: makes keys of sessions (`gsi_…`)." },
  generatedSecrets: { type: "string", description: "How the secrets of the stack are made." },
  gateSettings: { ...ANY, description: "What the gate's plain bindings hold." },
  gatePolicy: { ...ANY, description: "What the gate lets through." },
  access: { ...ANY, description: "The access of the agent, by repository." },
  accessMatrix: { ...ANY, description: "Each action with what stops it, by level of access." },
  agentHosts: {
    type: "array",
    items: { type: "string" },
    description: "Hosts that the agent's environment must reach for GitHub: the gate, and none of GitHub's own.",
  },
  codeOwners: { ...ANY, description: "The text of CODEOWNERS, by repository." },
  missingLocks: { ...ANY, description: "Locks that GitHub does not offer on this plan." },
  controls: { ...ANY, description: "Controls of the CIS benchmark and whether they are met." },
  tokenPermissions: { ...ANY, description: "What the GitHub token may do, and no more." },
  names: { ...ANY, description: "Names of what is declared outside GitHub." },
};
const ALWAYS = Object.keys(OUTPUTS).filter(
  (name) => !["gateUrl", "tokenKey", "rotatorKey", "sessionIssuerKey"].includes(name),
);

/**
 * The schema of the package, from which Pulumi makes an SDK for each of its languages. Its inputs are those of the
 * environment file: they are derived from the same schema, with the same descriptions.
 */
export function packageSchema(version: string): Record<string, unknown> {
  const types: Record<string, PulumiObject> = {};
  const environment = objectOf(environmentJsonSchema(), "", types);
  return {
    name: "gatehouse",
    displayName: "Gatehouse",
    version,
    description: "The security posture of an AI coding agent's access to private GitHub repositories.",
    license: "Apache-2.0",
    language: {
      nodejs: { respectSchemaVersion: true },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      go: { respectSchemaVersion: true, generateResourceContainerTypes: true },
      csharp: { respectSchemaVersion: true },
    },
    resources: {
      [POSTURE_TYPE]: {
        isComponent: true,
        description:
          "The whole posture of one environment: machine user, repository access, review rules, token store, gate, rotator and audit trail.",
        inputProperties: environment.properties,
        requiredInputs: environment.required,
        properties: OUTPUTS,
        required: ALWAYS,
      },
    },
    types: Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

type Types = Record<string, PulumiObject>;

/** A mapping's keys; the types of what is inside are added to `types`. */
function objectOf(node: SchemaNode, name: string, types: Types): PulumiObject {
  const { properties, required } = node.properties ? node : merged(node.oneOf ?? []);
  return {
    ...(node.description ? { description: node.description } : {}),
    type: "object",
    properties: Object.fromEntries(
      Object.entries(properties ?? {}).map(([key, part]) => [key, property(part, name + pascal(key), types)]),
    ),
    required: [...(required ?? [])].sort(),
  };
}

function property(node: SchemaNode, name: string, types: Types): PulumiProperty {
  const text = [node.description, ...(hasDefault(node) ? [`Default: ${JSON.stringify(node.default)}.`] : [])]
    .filter(Boolean)
    .join(" ");
  return { ...typeOf(node, name, types), ...(text ? { description: text } : {}) };
}

const hasDefault = ({ default: value }: SchemaNode): boolean => value !== undefined && typeof value !== "object";

function typeOf(node: SchemaNode, name: string, types: Types): PulumiProperty {
  // A text, or what stands for an encrypted one in the environment file: a program gives a secret output.
  if (node.anyOf) return { type: "string", secret: true };
  if (node.enum) {
    types[token(name)] ??= {
      type: "string",
      enum: node.enum.map((value) => ({ name: pascal(String(value)), value: String(value) })),
    };
    return { $ref: reference(name) };
  }
  if (node.const !== undefined) return { type: "string" };
  if (node.type === "array") return { type: "array", items: typeOf(node.items ?? {}, singular(name), types) };
  if (node.properties ?? node.oneOf) {
    types[token(name)] ??= objectOf(node, name, types);
    return { $ref: reference(name) };
  }
  if (node.type === undefined) throw new Error(`no type of Pulumi's for ${name}`);
  return { type: node.type };
}

/**
 * Alternatives, told apart by `kind` or by their keys, as one mapping: Pulumi's languages have no such unions that all of
 * them check. What does not fit together is refused when the posture is declared.
 */
function merged(alternatives: readonly SchemaNode[]): Pick<SchemaNode, "properties" | "required"> {
  const properties: Record<string, SchemaNode> = {};
  for (const { properties: own = {} } of alternatives)
    for (const [key, node] of Object.entries(own)) {
      const kinds = [...(properties[key]?.enum ?? []), ...(node.const === undefined ? [] : [node.const])];
      properties[key] = kinds.length > 0 ? { type: "string", enum: kinds } : (properties[key] ?? node);
    }
  const [first, ...others] = alternatives.map(({ required = [] }) => required);
  return { properties, required: (first ?? []).filter((key) => others.every((keys) => keys.includes(key))) };
}

const token = (name: string): string => `gatehouse:index:${name}`;
const reference = (name: string): string => `#/types/${token(name)}`;
const pascal = (text: string): string =>
  text.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const singular = (name: string): string => name.replace(/ies$/, "y").replace(/s$/, "");
