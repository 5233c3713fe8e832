import { canonical, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import { CloudflareError, type CloudflareClient } from "./client";
import { writeForm, type FormPart } from "./multipart";
import { accountPath, SCHEMA_500, segment } from "./rest";

const PROPERTIES: Properties = {
  accountId: { kind: "string", replace: true },
  namespaceId: { kind: "string", required: true, replace: true },
  keyName: { kind: "string", required: true, replace: true },
  value: { kind: "string", required: true },
  metadata: { kind: "json" },
};

/** A value in a KV namespace. Its value is no secret of the schema: who puts one there marks it. */
export const KV_VALUE: ResourceType<CloudflareClient> = {
  properties: PROPERTIES,

  create: (client, { plan }) => put(client, plan),

  async read(client, id, state) {
    const located = (state.accountId ?? "") === "" ? imported(id) : state;
    let answer;
    try {
      answer = await client.send({
        method: "GET",
        path: path(located, "values"),
        headers: { accept: "application/octet-stream" },
      });
    } catch (error) {
      if (error instanceof CloudflareError && error.status === 404) return undefined;
      throw error;
    }
    const metadata = await client.resultIfAny({ method: "GET", path: path(located, "metadata") });
    const { accountId, namespaceId, keyName } = located;
    const told = metadata === undefined || metadata === null ? {} : { metadata: canonical(metadata) };
    return {
      id: String(keyName),
      outs: { accountId, namespaceId, keyName, value: answer.text, ...told, __meta: SCHEMA_500 },
    };
  },

  update: (client, _id, { plan }) => put(client, plan),

  delete: (client, _id, state) => client.remove(path(state, "values")),
};

async function put(client: CloudflareClient, plan: Props): Promise<Live> {
  if ((plan.accountId ?? "") === "") throw new ProviderError(`missing accountId of the key "${String(plan.keyName)}"`);
  const parts: FormPart[] = [{ name: "value", body: String(plan.value) }];
  if ((plan.metadata ?? undefined) !== undefined) parts.push({ name: "metadata", body: String(plan.metadata) });
  await client.send({ method: "PUT", path: path(plan, "values"), raw: writeForm(parts) });
  return { id: String(plan.keyName), outs: { __meta: SCHEMA_500 } };
}

function path(props: Props, kind: "values" | "metadata"): string {
  return accountPath(props, `storage/kv/namespaces/${segment(props.namespaceId)}/${kind}/${segment(props.keyName)}`);
}

/** An import's id is `<account id>/<namespace id>/<key>`. */
function imported(id: string): Props {
  const [accountId, namespaceId, ...key] = id.split("/");
  return { accountId, namespaceId, keyName: key.join("/") };
}
