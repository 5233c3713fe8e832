import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEmbeddedPolicy } from "../../gate/policy/embed";
import { asList, asRecord } from "../../infra/config/json";

interface State {
  urn: string;
  type: string;
  parent?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

const RECORDED = join(__dirname, "../../tests/fixtures/report/real/create.export.json");
/** Whether a resource belongs to the recorded repository that the agent writes to. */
const isOfRepository = ({ urn }: State): boolean => /::gatehouse-(?:fence|owners|access)-api(?:-|$)/.test(urn);

/**
 * An export with so many repositories that the agent writes to: the recorded state of the real engine, with the
 * resources of its repository once for each. Outputs are as large as the plugins make them.
 * @param widened how many repositories, of those that there are, lose the second approval
 */
export function exportOf(count: number, { widened = 0 }: { widened?: number } = {}): string {
  const document = JSON.parse(readFileSync(RECORDED, "utf8")) as { deployment: { resources: State[] } };
  const states = document.deployment.resources;
  const own = states.filter(isOfRepository);
  const names = Array.from({ length: count }, (_, i) => `repo-${String(i).padStart(5, "0")}`);
  const copies = names.flatMap((name, i) =>
    own.map((state) => {
      const copy = JSON.parse(JSON.stringify(state).replace(/\bapi\b/g, name)) as State;
      if (i < widened)
        copy.inputs = JSON.parse(
          JSON.stringify(copy.inputs ?? {}).replace(
            '"requiredApprovingReviewCount":1',
            '"requiredApprovingReviewCount":0',
          ),
        ) as object as Record<string, unknown>;
      return {
        ...copy,
        id: `${name}:${i}`,
        created: "2026-11-30T20:49:12.7Z",
        outputs: { etag: `W/"${"0".repeat(64)}"`, nodeId: `R_${i}`, ...copy.inputs },
      };
    }),
  );
  const grown = (policy: unknown): object => {
    const sample = asRecord(asList(asRecord(policy).repositories)[0]);
    return {
      ...asRecord(policy),
      repositories: names.map((name, i) => ({ ...sample, name, id: i + 1, nodeId: `R_${i}` })),
    };
  };
  const others = states
    .filter((state) => !isOfRepository(state))
    .map((state) => {
      const { content } = state.inputs ?? {};
      const policy = typeof content === "string" ? readEmbeddedPolicy(content) : undefined;
      if (policy !== undefined && state.inputs)
        // The code behind the policy, as long as it is.
        state.inputs.content = `const GATEHOUSE_POLICY = ${JSON.stringify(grown(policy), null, 2)};\n${"// code\n".repeat(55_000)}`;
      if (state.outputs && "gatePolicy" in state.outputs) state.outputs.gatePolicy = grown(state.outputs.gatePolicy);
      return state;
    });
  document.deployment.resources = [...others, ...copies];
  return JSON.stringify(document, null, 4);
}
