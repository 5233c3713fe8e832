import { rawFromConfig } from "../../infra/config";
import { endpoints, environmentSchema, names, readableMatrix } from "../../infra/model";
import { agentHosts, readableControls, tokenPermissions } from "../../infra/plans";
import { EMBEDDED_POLICY } from "../../gate/policy/embed";
import { compilePolicy } from "../../infra/plans/gatePolicy";
import { embedded } from "../../policy/read";
import { CouldNotRun } from "../support/exit";
import { asRecord, asList, type JsonRecord } from "../../infra/config/json";
import type { PlannedDiff, PreviewFacts, Snapshot, SnapshotResource } from "./snapshot";

const EXPORT = "`pulumi stack export`";
const STREAM = "`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json`";

/**
 * The whole state that a snapshot stands for. An export is one. A preview may list only what changes: the rest is taken
 * from `base`, the state that it starts from. It never tells the stack's new outputs, unless it is streamed: those that
 * the report reads are computed from the configuration, as the program computes them.
 * @throws CouldNotRun with the command to run instead, when the file cannot carry that.
 */
export function wholeState(snapshot: Snapshot, base?: Snapshot): Snapshot {
  const { preview } = snapshot;
  const file = snapshot.file ?? "The snapshot";
  if (!preview) {
    if (snapshot.resources.length > 0 && !hasPolicy(snapshot.outputs))
      throw new CouldNotRun(
        `${file}: this export has resources but no output "gatePolicy": it is no stack of Gatehouse, or its last update did not finish; run \`pulumi up\` to its end, then ${EXPORT}`,
      );
    return snapshot;
  }
  if (!preview.finished)
    throw new CouldNotRun(
      `${file}: this preview failed or was stopped, so it lists only a part of what would change; run \`pulumi preview --json\` again when it succeeds`,
    );
  if (snapshot.plan) {
    const resources = overlaid({ ...snapshot, resources: unfolded(snapshot.plan, base) }, preview, base);
    const outputs = preview.stackStays ? applied(base?.outputs ?? {}, snapshot.plan.outputs) : {};
    return { ...snapshot, resources, outputs };
  }
  const resources = preview.complete ? snapshot.resources : overlaid(snapshot, preview, base);
  return { ...snapshot, resources, outputs: outputsOf(snapshot, preview, resources, base) };
}

/** A whole state with the policy that the gate's module carries: the gate obeys it, whatever a program shows. */
export function asDeployed(state: Snapshot): Snapshot {
  const deployed = state.resources.map(embeddedPolicy).find((policy) => policy);
  return deployed === undefined ? state : { ...state, outputs: { ...state.outputs, gatePolicy: deployed } };
}

/** The resources of a saved plan with all their inputs. */
function unfolded(plan: NonNullable<Snapshot["plan"]>, base: Snapshot | undefined): SnapshotResource[] {
  const known = new Map(base?.resources.map(({ urn, inputs }) => [urn, inputs]));
  return plan.resources.map(({ diff, ...resource }) => ({
    ...resource,
    inputs: applied(known.get(resource.urn) ?? {}, diff),
  }));
}

const applied = (
  before: Record<string, unknown>,
  { adds, deletes, updates }: PlannedDiff,
): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(before).filter(([key]) => !deletes.includes(key))),
  ...adds,
  ...updates,
});

const hasPolicy = (outputs: Record<string, unknown>): boolean => Object.keys(asRecord(outputs.gatePolicy)).length > 0;

/** What a partial preview lists, over what it does not mention. */
function overlaid(snapshot: Snapshot, preview: PreviewFacts, base: Snapshot | undefined): SnapshotResource[] {
  const file = snapshot.file ?? "The snapshot";
  // A plan that finds nothing starts from nothing.
  if (!base && preview.found.length === 0 && snapshot.plan) return [...snapshot.resources];
  if (!base && snapshot.plan)
    throw new CouldNotRun(
      `${file}: this plan holds only differences from the state that it starts from; give that state, ${EXPORT}, as --before`,
    );
  if (!base)
    throw new CouldNotRun(
      `${file}: this preview lists only what it changes, not the whole state; give ${EXPORT} here, or \`pulumi preview --json --show-sames\``,
    );
  const known = new Set(base.resources.map(({ urn }) => urn));
  const about = (urn: string): boolean =>
    !urn.includes("::pulumi:pulumi:Stack::") && !urn.includes("::pulumi:providers:");
  const stale =
    preview.found.some((urn) => about(urn) && !known.has(urn)) ||
    preview.missing.some((urn) => known.has(urn)) ||
    !sameOutputs(preview.outputsBefore, base.outputs);
  if (stale)
    throw new CouldNotRun(
      `${file}: this preview does not start from the state in ${base.file ?? "the other file"}: the stack has changed between the two, or they are of different stacks; run ${EXPORT} and \`pulumi preview --json\` one right after the other`,
    );
  const replaced = new Set([...preview.gone, ...snapshot.resources.map(({ urn }) => urn)]);
  return [...base.resources.filter(({ urn }) => !replaced.has(urn)), ...snapshot.resources];
}

/** Whether a preview shows the outputs of the state that it is laid over; one that shows none is taken at its word. */
const sameOutputs = (shown: Record<string, unknown>, base: Record<string, unknown>): boolean =>
  ["gatePolicy", "controls"].every(
    (name) => !(name in shown) || JSON.stringify(shown[name]) === JSON.stringify(base[name]),
  );

/** The outputs that the report reads. */
function outputsOf(
  snapshot: Snapshot,
  preview: PreviewFacts,
  resources: readonly SnapshotResource[],
  base: Snapshot | undefined,
): Record<string, unknown> {
  if (!preview.stackStays || hasPolicy(snapshot.outputs)) return snapshot.outputs;
  const parsed = environmentSchema.safeParse(rawFromConfig(preview.config));
  if (!parsed.success) {
    const missing = Object.keys(preview.config).length === 0;
    const why = missing
      ? "nor the configuration to compute them from"
      : "and parts of its configuration are secret or missing";
    throw new CouldNotRun(
      `${snapshot.file ?? "The snapshot"}: this preview does not carry the stack's outputs, ${why}; run ${STREAM}, which carries them`,
    );
  }
  const environment = parsed.data;
  const before = asRecord(base?.outputs.gatePolicy);
  const computed = compilePolicy(environment, {
    repositories: knownRepositories(resources, base),
    endpoints: endpoints(environment.githubUrl),
  });
  return {
    ...snapshot.outputs,
    // The address of GitHub may come from the deployment's environment, which no file tells.
    gatePolicy: { ...without(computed, ADDRESSES), ...only(before, ADDRESSES) },
    controls: readableControls(environment),
    accessMatrix: readableMatrix(environment),
    agentHosts: agentHosts(environment),
    tokenPermissions: tokenPermissions(environment),
    names: names(environment),
  };
}

/** The policy that a gate's module carries. */
const embeddedPolicy = ({ inputs }: SnapshotResource): JsonRecord | undefined =>
  embedded(inputs.content, EMBEDDED_POLICY);

/** The parts of a gate's policy that follow from GitHub's address. */
const ADDRESSES: readonly string[] = ["upstream", "downloadHosts", "lfsHosts"];
const only = (policy: object, keys: readonly string[]): object =>
  Object.fromEntries(Object.entries(policy).filter(([key]) => keys.includes(key)));
const without = (policy: object, keys: readonly string[]): object =>
  Object.fromEntries(Object.entries(policy).filter(([key]) => !keys.includes(key)));

interface KnownRepository {
  readonly name: string;
  readonly id: number;
  readonly nodeId: string;
}

/** Names and ids of repositories: as the gate's modules carry them, and as the state before knew them. */
function knownRepositories(resources: readonly SnapshotResource[], base: Snapshot | undefined): KnownRepository[] {
  const policies = [base?.outputs.gatePolicy, ...resources.map(embeddedPolicy)];
  return policies.flatMap((policy) => asList(asRecord(policy).repositories) as KnownRepository[]);
}
