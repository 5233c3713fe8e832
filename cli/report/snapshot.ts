import { parseUrn, STACK_TYPE } from "../../infra/config/urn";
import { SECRET, UNKNOWN_TEXT } from "../../policy/rule";
import { asRecord, asList, asText, type JsonRecord } from "../../infra/config/json";
import { CouldNotRun } from "../support/exit";
import { findDocument, type PreviewEvent, type PulumiDocument } from "./documents";

/** A resource as an export or a preview shows it; secrets are already masked. */
export interface SnapshotResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** Whether it is guarded against deletion; absent when it is not. */
  readonly protect?: boolean;
  /** What the preview would do with it; absent in an export. */
  readonly op?: string;
  /** When it was made, as an export tells: another time under the same URN is another resource. */
  readonly created?: string;
}

/** What a saved plan changes of an object, key by key. */
export interface PlannedDiff {
  readonly adds: JsonRecord;
  readonly deletes: readonly string[];
  readonly updates: JsonRecord;
}
/** A resource of a saved plan: only its difference from the state that the plan starts from. */
interface PlannedResource extends Omit<SnapshotResource, "inputs"> {
  readonly diff: PlannedDiff;
}

/** What a preview says beside the resources that it lists. */
export interface PreviewFacts {
  /** Whether it ran to its end: one that failed or was stopped lists only a part of what would change. */
  readonly finished: boolean;
  /** Whether it lists every resource, or only those that change. */
  readonly complete: boolean;
  /** Whether the stack itself stays; after a destroy it is gone. */
  readonly stackStays: boolean;
  /** URNs that it takes away: deleted ones, and the old names of those that an alias renames. */
  readonly gone: readonly string[];
  /** URNs that it found in the state it starts from, and those that it found not there. */
  readonly found: readonly string[];
  readonly missing: readonly string[];
  /** The stack's outputs before it, where it shows them. */
  readonly outputsBefore: Record<string, unknown>;
  /** The stack's configuration, by full keys; secrets read `[secret]`. */
  readonly config: Readonly<Record<string, string>>;
}

/**
 * What one file says of a stack: the output of `pulumi stack export`, of `pulumi preview --json` in either of its forms,
 * or a plan that `--save-plan` wrote.
 */
export interface Snapshot {
  readonly source: "export" | "preview";
  /** Name of the file, for messages. */
  readonly file?: string;
  /** Of a preview, what it lists; `wholeState` adds the rest. */
  readonly resources: readonly SnapshotResource[];
  /** Of an export, the providers with their configuration; a preview shows none. */
  readonly providers?: readonly SnapshotResource[];
  readonly outputs: Record<string, unknown>;
  readonly preview?: PreviewFacts;
  /** Of a saved plan, what it changes; `wholeState` lays it over the state that it starts from. */
  readonly plan?: { readonly resources: readonly PlannedResource[]; readonly outputs: PlannedDiff };
  /** The program and the plugins that made it, and when, as far as the file tells. */
  readonly made?: Made;
  /** Of the file's bytes. */
  readonly sha256?: string;
}

/** Who made a file. */
interface Made {
  /** Version of the Pulumi CLI. */
  readonly pulumi?: string;
  readonly time?: string;
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/**
 * Replaces every secret, encrypted or not, by a marker: a report never carries a value, not even a ciphertext. Pulumi's
 * own keys, such as `__defaults` in the inputs of a provider, say nothing about a resource and are left out.
 */
export function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (value === null || typeof value !== "object") return value;
  if (SIGNATURE in value) return SECRET;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("__"))
      .map(([key, inner]) => [key, mask(inner)]),
  );
}

interface State {
  urn?: string;
  type?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  protect?: boolean;
  created?: string;
  /** A replaced resource that waits for its deletion; its successor has the same URN. */
  delete?: boolean;
}
interface Step {
  op?: string | undefined;
  urn?: string | undefined;
  newState?: State | null | undefined;
  oldState?: State | null | undefined;
}

const record = (value: unknown): Record<string, unknown> => mask(value ?? {}) as Record<string, unknown>;
const resource = (state: State, op?: string): SnapshotResource => ({
  urn: state.urn ?? "",
  type: state.type ?? "",
  name: parseUrn(state.urn ?? "").name,
  inputs: record(state.inputs),
  ...(state.protect === true ? { protect: true } : {}),
  ...(op ? { op } : {}),
  ...(state.created === undefined ? {} : { created: state.created }),
});
/** Providers are Pulumi's own bookkeeping: an export lists them, a preview does not. */
const isProvider = ({ type = "" }: State): boolean => type.startsWith("pulumi:providers:");
const isListed = (state: State): boolean => state.type !== STACK_TYPE && !isProvider(state);

/**
 * Reads one file. Resources that a preview would delete are not part of what it shows to come; replaced ones count
 * once.
 * @throws CouldNotRun when the text holds neither an export nor a preview.
 */
export const readSnapshot = (text: string, file: string): Snapshot => snapshotOf(findDocument(text, file), file);

/** What a document says of a stack, without any secret. @throws CouldNotRun when it shows one, or is damaged */
export function snapshotOf(document: PulumiDocument, file: string): Snapshot {
  if (showsSecrets(document))
    throw new CouldNotRun(
      `${file}: this file shows secrets in clear; run the command again without --show-secrets, delete this file, and rotate what it shows`,
    );
  switch (document.kind) {
    case "export":
      return {
        ...ofExport(statesIn(document.deployment.resources, "deployment.resources", file)),
        made: madeBy(document.deployment.manifest),
        file,
      };
    case "plan":
      return { ...ofPlan(document.plan, file), made: madeBy(document.plan.manifest), file };
    case "events":
      return { ...ofEvents(document.events), file };
    case "preview": {
      const { steps, changeSummary, config, diagnostics } = document.digest;
      // Only how bad a diagnostic is, never what it says.
      const failed = asList(diagnostics).some((one) => asRecord(one).severity === "error");
      return { ...ofPreview(statesIn(steps, "steps", file) as Step[], { changeSummary, config, failed }), file };
    }
  }
}

/** A list whose elements name their resources. @throws CouldNotRun with the place of the first that does not */
function statesIn(value: unknown, place: string, file: string): State[] {
  if (value !== undefined && value !== null && !Array.isArray(value))
    throw new CouldNotRun(`${file}: ${place}: not a list; the file is damaged, or of a newer Pulumi`);
  return asList(value).map((one, index) => {
    if (typeof asRecord(one).urn !== "string")
      throw new CouldNotRun(`${file}: ${place}[${index}]: has no urn; the file is damaged, or of a newer Pulumi`);
    return one as State;
  });
}

const madeBy = (manifest: unknown): Made => {
  const { version, time } = asRecord(manifest);
  return {
    ...(typeof version === "string" ? { pulumi: version.replace(/^v/, "") } : {}),
    ...(typeof time === "string" ? { time } : {}),
  };
};

/** Pulumi's form of a secret that was asked for in clear. */
const PLAINTEXT = "plaintext";
/** What nobody but the stack may know, in types that every stack of Gatehouse has. */
const HIDDEN: Readonly<Record<string, string>> = {
  "random:index/randomPassword:RandomPassword": "result",
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": "secretId",
};

/** Whether a document was made with --show-secrets: a secret with its text, or a password that is a plain text. */
function showsSecrets(document: PulumiDocument): boolean {
  const shown = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(shown);
    if (value === null || typeof value !== "object") return false;
    if (SIGNATURE in value && PLAINTEXT in value) return true;
    const { type, outputs, goal, state } = value as State & { goal?: unknown; state?: unknown };
    // A plan keeps the type beside what is to be done, and the outputs as the state.
    const hidden = HIDDEN[type ?? asText(asRecord(goal).type)];
    const text = hidden === undefined ? undefined : asRecord(outputs ?? state)[hidden];
    if (typeof text === "string" && text !== SECRET && text !== UNKNOWN_TEXT) return true;
    return Object.values(value).some(shown);
  };
  return shown(document);
}

function ofExport(states: readonly State[]): Snapshot {
  const standing = states.filter((state) => state.delete !== true);
  return {
    source: "export",
    resources: standing.filter(isListed).map((state) => resource(state)),
    providers: standing.filter(isProvider).map((state) => resource(state)),
    outputs: record(standing.find((state) => state.type === STACK_TYPE)?.outputs),
  };
}

/** Operations of a plan that make a resource anew. */
const isReplacement = (op: string): boolean => /replace/.test(op);

/** A saved plan tells every resource that stands after it, by its difference from the state before. */
function ofPlan({ resourcePlans, config }: JsonRecord, file: string): Snapshot {
  const rows = Object.entries(asRecord(resourcePlans)).map(([urn, plan]) => {
    const { goal, steps } = asRecord(plan);
    if (!Array.isArray(steps))
      throw new CouldNotRun(
        `${file}: resourcePlans: a resource has no steps; the file is damaged, or of a newer Pulumi`,
      );
    const ops = steps.map(asText);
    return {
      urn,
      goal: asRecord(goal),
      ops,
      op: ops.find(isReplacement) === undefined ? (ops.at(-1) ?? "same") : "replace",
    };
  });
  const listed = rows.filter(({ urn }) => isListed({ type: parseUrn(urn).type }));
  const removed = (op: string): boolean => REMOVALS.has(op);
  const stack = rows.find(({ urn }) => parseUrn(urn).type === STACK_TYPE);
  return {
    source: "preview",
    resources: [],
    outputs: {},
    plan: {
      resources: listed
        .filter(({ op }) => !removed(op))
        .map(({ urn, goal, op }) => ({
          urn,
          type: parseUrn(urn).type,
          name: parseUrn(urn).name,
          diff: planned(goal.inputDiff),
          ...(goal.protect === true ? { protect: true } : {}),
          op,
        })),
      outputs: planned(stack?.goal.outputDiff),
    },
    preview: {
      finished: true,
      complete: false,
      stackStays: stack !== undefined && !removed(stack.op),
      gone: listed.filter(({ op }) => removed(op)).map(({ urn }) => urn),
      found: listed.filter(({ op }) => !CREATIONS.has(op)).map(({ urn }) => urn),
      missing: listed.filter(({ op }) => CREATIONS.has(op)).map(({ urn }) => urn),
      outputsBefore: {},
      config: Object.fromEntries(
        Object.entries(record(config)).map(([key, value]) => [
          key,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    },
  };
}

const planned = (diff: unknown): PlannedDiff => {
  const { adds, deletes, updates } = asRecord(diff);
  return { adds: record(adds), deletes: asList(deletes).map(asText), updates: record(updates) };
};

/** The stream: each resource is told of before and after; what comes later knows more. */
function ofEvents(events: readonly PreviewEvent[]): Snapshot {
  const steps = events.flatMap((event): Step[] => {
    const metadata = asRecord(event.resourcePreEvent ?? event.resOutputsEvent).metadata;
    if (metadata === undefined) return [];
    const {
      op,
      urn,
      old,
      new: next,
    } = metadata as { op?: string; urn?: string; old?: State | null; new?: State | null };
    return [{ op, urn, oldState: old, newState: next }];
  });
  const one = (name: string): JsonRecord => asRecord(events.find((event) => name in event)?.[name]);
  const summary = one("summaryEvent");
  return ofPreview(steps, {
    changeSummary: summary.resourceChanges,
    config: one("preludeEvent").config,
    failed: summary.result === "failed",
  });
}

/** Steps that leave nothing behind; of a replacement the other half stays. */
const REMOVALS = new Set(["delete", "discard", "remove"]);
/** Steps of a replacement that tell of the old resource alone. */
const OLD_HALVES = new Set(["delete-replaced", "discard-replaced", "read-discard"]);
const CREATIONS = new Set(["create", "import"]);
const UNCHANGED = new Set(["same", "refresh", "read"]);

function ofPreview(
  steps: readonly Step[],
  { changeSummary, config, failed }: { changeSummary: unknown; config: unknown; failed: boolean },
): Snapshot {
  const coming = new Map<string, { state: State; op: string }>();
  const gone = new Set<string>();
  const found = new Set<string>();
  const missing = new Set<string>();
  const unchanged = new Set<string>();
  let outputsBefore: Record<string, unknown> = {};
  for (const { op = "", urn = "", newState, oldState } of steps) {
    if (oldState?.delete === true || isProvider(newState ?? oldState ?? {})) continue;
    const before = oldState?.urn ?? urn;
    if (oldState) found.add(before);
    else if (CREATIONS.has(op) && !gone.has(urn)) missing.add(urn);
    if (oldState?.type === STACK_TYPE) outputsBefore = record(oldState.outputs);
    if (UNCHANGED.has(op)) unchanged.add(urn);
    if (REMOVALS.has(op)) {
      coming.delete(urn);
      gone.add(before);
    } else if (newState?.urn && !OLD_HALVES.has(op)) {
      coming.set(newState.urn, { state: newState, op });
      if (before !== newState.urn) gone.add(before);
    }
  }
  const all = [...coming.values()];
  const stack = all.find(({ state }) => state.type === STACK_TYPE);
  return {
    source: "preview",
    resources: all.filter(({ state }) => isListed(state)).map(({ state, op }) => resource(state, op)),
    outputs: record(stack?.state.outputs),
    preview: {
      finished: !failed && changeSummary !== undefined,
      complete: unchanged.size >= Number(asRecord(changeSummary).same ?? 0),
      stackStays: stack !== undefined,
      gone: [...gone],
      found: [...found],
      missing: [...missing],
      outputsBefore,
      config: asRecord(config) as Record<string, string>,
    },
  };
}
