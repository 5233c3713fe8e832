import { asList, asRecord, asText } from "../../../infra/config/json";
import { byCode } from "../../../infra/model/text";
import type { Snapshot } from "../snapshot";
import { decisive } from "./compare";
import type { Fact } from "./fact";
import { CLOUDFLARE_READERS, gateFacts, networkFacts, tokenFacts } from "./gate";
import { GITHUB_READERS, type Reader, type RepositoryNames } from "./github";
import { VAULT_READERS } from "./vault";

export { compare, type Change } from "./compare";

const READERS: Readonly<Record<string, Reader>> = { ...GITHUB_READERS, ...VAULT_READERS, ...CLOUDFLARE_READERS };

/** The controls of Scorecard and CIS, met or not. */
const controlFacts = (controls: unknown): Fact[] =>
  Object.entries(asRecord(controls)).map(([id, says]) => ({
    id: `control/${id}`,
    area: "review",
    says: `${id} is ${asText(says)}`,
    power: asText(says).startsWith("met") ? 0 : 1,
  }));

/** What a state of the stack says, in a fixed order. */
export function facts({ resources, outputs }: Snapshot): Fact[] {
  const known = asList(asRecord(outputs.gatePolicy).repositories).map(asRecord);
  const names: RepositoryNames = {
    byId: new Map(known.map(({ id, name }) => [Number(id ?? 0), asText(name)])),
    byNodeId: new Map(known.map(({ nodeId, name }) => [asText(nodeId), asText(name)])),
  };
  return decisive([
    ...resources.flatMap((resource) => READERS[resource.type]?.(resource, names) ?? []),
    ...controlFacts(outputs.controls),
    ...tokenFacts(outputs.tokenPermissions),
    ...networkFacts(outputs.agentHosts),
    ...(outputs.gatePolicy !== null && typeof outputs.gatePolicy === "object"
      ? gateFacts(asRecord(outputs.gatePolicy))
      : []),
  ]).sort((a, b) => byCode(a.id, b.id));
}
