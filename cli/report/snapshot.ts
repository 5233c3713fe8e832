import { parseUrn, STACK_TYPE } from "../../infra/config/urn";
import { SECRET, UNKNOWN_TEXT } from "../../policy/rule";
import { asRecord, asList, type JsonRecord } from "../../infra/config/json";
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
 * What one file says of a stack: the output of `pulumi stack export` or of `pulumi preview --json`, in either of its
 * forms.
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
});
/** Providers are Pulumi's own bookkeeping: an export lists them, a preview does not. */
const isProvider = ({ type = "" }: State): boolean => type.startsWith("pulumi:providers:");
const isListed = (state: State): boolean => state.type !== STACK_TYPE && !isProvider(state);

/**
 * Reads one file. Resources that a preview would delete are not part of what it shows to come; replaced ones count
 * once.
 * @throws CouldNotRun when the text holds neither an export nor a preview.
 */
export function readSnapshot(text: string, file: string): Snapshot {
  const document = findDocument(text, file);
  if (showsSecrets(document))
    throw new CouldNotRun(
      `${file}: this file shows secrets in clear; run the command again without --show-secrets, delete this file, and rotate what it shows`,
    );
  if (document.kind === "export") return { ...ofExport(asList(document.deployment.resources) as State[]), file };
  if (document.kind === "events") return { ...ofEvents(document.events), file };
  const { steps, changeSummary, config, diagnostics } = document.digest;
  // Only how bad a diagnostic is, never what it says.
  const failed = asList(diagnostics).some((one) => asRecord(one).severity === "error");
  return { ...ofPreview(asList(steps) as Step[], { changeSummary, config, failed }), file };
}

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
    const { type, outputs } = value as State;
    const hidden = HIDDEN[type ?? ""];
    const text = hidden === undefined ? undefined : asRecord(outputs)[hidden];
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
