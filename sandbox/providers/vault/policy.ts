import type { InvokeFunction, Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import type { VaultClient } from "./client";
import { listOf, NAMESPACE, textOf } from "./values";

/** An ACL policy. One of that name that exists already is overwritten. */
export const POLICY: ResourceType<VaultClient> = {
  properties: {
    ...NAMESPACE,
    name: { kind: "string", required: true, replace: true, autoname: true },
    policy: { kind: "string", required: true },
  },

  async create(root, { plan }, exists) {
    const name = textOf(plan, "name");
    const client = root.within(plan.namespace);
    await client.write(policyPath(name), { policy: textOf(plan, "policy") });
    exists({ id: name, outs: {} });
    return readPolicy(client, name);
  },

  // A policy that is gone reads as an empty one, as with the real plugin: the next update writes it again.
  read: (root, id, state) => readPolicy(root.within(state.namespace), id),

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    await client.write(policyPath(id), { policy: textOf(plan, "policy") });
    return readPolicy(client, id);
  },

  delete: (root, id, state) => root.within(state.namespace).remove(policyPath(id)),

  async find(root, inputs) {
    const name = textOf(inputs, "name");
    return (await root.within(inputs.namespace).read(policyPath(name))) ? name : undefined;
  },
};

function policyPath(name: string): string {
  return `sys/policies/acl/${name}`;
}

async function readPolicy(client: VaultClient, name: string): Promise<Live> {
  const data = await client.read(policyPath(name));
  return { id: name, outs: { name, policy: String(data?.policy ?? "") } };
}

const CAPABILITIES = new Set(["create", "read", "update", "delete", "list", "sudo", "deny", "patch", "subscribe"]);

/** `vault.getPolicyDocument`: writes a policy from its rules. Makes no call. */
export const policyDocument: InvokeFunction<unknown> = (_client, args) => {
  const rules = listOf(args, "rules") as Props[];
  const hcl = rules.map(ruleOf).join("\n");
  return Promise.resolve({
    id: String(crc32(hcl)),
    hcl,
    rules,
    ...(args.namespace === undefined ? {} : { namespace: args.namespace }),
  });
};

function ruleOf(rule: Props): string {
  const path = textOf(rule, "path");
  if (path === "") throw new ProviderError("getPolicyDocument: a rule has no path");
  for (const capability of listOf(rule, "capabilities")) {
    if (!CAPABILITIES.has(String(capability)))
      throw new ProviderError(`getPolicyDocument: invalid capability "${String(capability)}" for the path "${path}"`);
  }
  const lines = [`path "${path}" {`, `  capabilities = ${quotedList(listOf(rule, "capabilities"))}`];
  for (const [name, key] of [
    ["requiredParameters", "required_parameters"],
    ["subscribeEventTypes", "subscribe_event_types"],
  ] as const) {
    if (listOf(rule, name).length > 0) lines.push(`  ${key} = ${quotedList(listOf(rule, name))}`);
  }
  for (const [name, key] of [
    ["allowedParameters", "allowed_parameters"],
    ["deniedParameters", "denied_parameters"],
  ] as const) {
    const parameters = listOf(rule, name) as Props[];
    if (parameters.length === 0) continue;
    const sorted = [...parameters].sort((a, b) => (textOf(a, "key") < textOf(b, "key") ? -1 : 1));
    lines.push(
      `  ${key} = {`,
      ...sorted.map((parameter) => `    "${textOf(parameter, "key")}" = ${quotedList(listOf(parameter, "values"))}`),
      "  }",
    );
  }
  for (const [name, key] of [
    ["minWrappingTtl", "min_wrapping_ttl"],
    ["maxWrappingTtl", "max_wrapping_ttl"],
  ] as const) {
    if (textOf(rule, name) !== "") lines.push(`  ${key} = "${textOf(rule, name)}"`);
  }
  const description = textOf(rule, "description");
  return `${description === "" ? "" : `# ${description}\n`}${lines.join("\n")}\n}\n`;
}

function quotedList(values: unknown[]): string {
  return `[${values.map((value) => `"${String(value)}"`).join(", ")}]`;
}

/** The checksum that Terraform makes ids of. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
