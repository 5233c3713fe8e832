import { CouldNotRun } from "../support/exit";

/** A resource as an export or a preview shows it; secrets are already masked. */
export interface SnapshotResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** What the preview would do with it; absent in an export. */
  readonly op?: string;
}

/** One state of a stack, read from `pulumi stack export` or from `pulumi preview --json`. */
export interface Snapshot {
  readonly source: "export" | "preview";
  readonly resources: readonly SnapshotResource[];
  readonly outputs: Record<string, unknown>;
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "[secret]";

/** Replaces every secret, encrypted or not, by a marker: a report never carries a value, not even a ciphertext. */
export function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (value === null || typeof value !== "object") return value;
  if (SIGNATURE in value) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
}

interface State {
  urn?: string;
  type?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}
interface Step extends State {
  op?: string;
  newState?: State;
  oldState?: State;
}

const STACK_TYPE = "pulumi:pulumi:Stack";
const record = (value: unknown): Record<string, unknown> => mask(value ?? {}) as Record<string, unknown>;
const resource = (state: State, op?: string): SnapshotResource => ({
  urn: state.urn ?? "",
  type: state.type ?? "",
  name: (state.urn ?? "").split("::").slice(3).join("::"),
  inputs: record(state.inputs),
  ...(op ? { op } : {}),
});

/**
 * Reads either form. Resources that a preview would delete are not part of what it shows to come; replaced ones count once.
 * @throws CouldNotRun when the text is neither form.
 */
export function readSnapshot(text: string, file: string): Snapshot {
  let json: { deployment?: { resources?: State[] }; steps?: Step[] };
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    throw new CouldNotRun(`${file}: not JSON; give the output of \`pulumi stack export\` or \`pulumi preview --json\``);
  }
  const exported = json.deployment?.resources ?? (json.deployment ? [] : undefined);
  if (exported) {
    const stack = exported.find((state) => state.type === STACK_TYPE);
    return {
      source: "export",
      resources: exported.filter((state) => state.type !== STACK_TYPE).map((state) => resource(state)),
      outputs: record(stack?.outputs),
    };
  }
  if (!Array.isArray(json.steps))
    throw new CouldNotRun(
      `${file}: neither a stack export nor a preview; give the output of \`pulumi stack export\` or \`pulumi preview --json\``,
    );
  const coming = new Map<string, { state: State; op: string }>();
  for (const step of json.steps) {
    const state = step.newState;
    if (state?.urn && step.op !== "delete" && step.op !== "delete-replaced")
      coming.set(state.urn, { state, op: step.op ?? "" });
  }
  const all = [...coming.values()];
  const stack = all.find(({ state }) => state.type === STACK_TYPE);
  return {
    source: "preview",
    resources: all.filter(({ state }) => state.type !== STACK_TYPE).map(({ state, op }) => resource(state, op)),
    outputs: record(stack?.state.outputs),
  };
}
