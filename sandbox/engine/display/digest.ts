import type { Diagnostic, EngineEvent, StateView, StepInfo } from "../events";
import { resourceToJson, type ResourceState } from "../state";
import { STACK_TYPE } from "../urns";
import { blind, toWire, type Values } from "../values";
import { isShown } from "./info";
import { SEVERITY_PREFIX } from "./wording";

/** Go's zero time: previews show that a resource has times, not which. */
const ZERO_TIME = "0001-01-01T00:00:00Z";

/** What `pulumi preview --json` prints. */
export interface PreviewDigest {
  config?: Record<string, string>;
  steps?: Record<string, unknown>[];
  diagnostics?: { urn?: string; message: string; severity: string }[];
  /** Nanoseconds. */
  duration?: number;
  changeSummary?: Record<string, number>;
  maybeCorrupt?: boolean;
}

function stateJson(state: StateView): Record<string, unknown> {
  const shown = {
    ...state,
    inputs: blind(state.inputs) as Values,
    ...(state.outputs ? { outputs: blind(state.outputs) as Values } : {}),
  } as ResourceState;
  if (shown.created) shown.created = ZERO_TIME;
  if (shown.modified) shown.modified = ZERO_TIME;
  return resourceToJson(shown, toWire);
}

/** The halves of a replacement are not listed; the replacement itself is. */
const isListed = (step: StepInfo): boolean =>
  (isShown(step) || step.type === STACK_TYPE) &&
  !(
    !step.logical &&
    ["create-replacement", "delete-replaced", "read-replacement", "import-replacement", "discard-replaced"].includes(
      step.op,
    )
  );

function stepJson(step: StepInfo): Record<string, unknown> {
  return {
    op: step.op,
    urn: step.urn,
    ...(step.provider ? { provider: step.provider } : {}),
    ...(step.old ? { oldState: stateJson(step.old) } : {}),
    ...(step.new ? { newState: stateJson(step.new) } : {}),
    ...(step.diffs && step.diffs.length > 0 ? { diffReasons: [...step.diffs] } : {}),
    ...(step.keys && step.keys.length > 0 ? { replaceReasons: [...step.keys] } : {}),
    detailedDiff: step.detailedDiff
      ? Object.fromEntries(
          Object.entries(step.detailedDiff)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([path, { kind, inputDiff }]) => [path, { kind, inputDiff }]),
        )
      : null,
  };
}

const diagnosticJson = ({
  urn,
  message,
  severity,
}: Diagnostic): { urn?: string; message: string; severity: string } => ({
  ...(urn ? { urn } : {}),
  message: `${SEVERITY_PREFIX[severity]}${message}`,
  severity,
});

/** Gathers the events of a preview into the document that `pulumi preview --json` prints. */
export function previewDigest(events: readonly EngineEvent[]): PreviewDigest {
  const digest: PreviewDigest = {};
  const refreshing = new Set<string>();
  for (const event of events) {
    switch (event.kind) {
      case "prelude":
        if (Object.keys(event.config).length > 0) digest.config = event.config;
        break;
      case "resource-pre":
        if (event.step.op === "refresh") refreshing.add(event.step.urn);
        if (isListed(event.step)) (digest.steps ??= []).push(stepJson(event.step));
        break;
      case "resource-outputs": {
        const { op, urn, detailedDiff } = event.step;
        // What a refresh found replaces the announcement that it would look.
        if (refreshing.has(urn) && ((op === "update" && detailedDiff) || op === "delete"))
          digest.steps = (digest.steps ?? []).map((step) => (step.urn === urn ? stepJson(event.step) : step));
        break;
      }
      case "diagnostic":
        if (!event.diagnostic.ephemeral && event.diagnostic.severity !== "debug")
          (digest.diagnostics ??= []).push(diagnosticJson(event.diagnostic));
        break;
      case "summary":
        digest.duration = Math.round(event.durationMs * 1e6);
        digest.changeSummary = Object.fromEntries(Object.entries(event.changes).sort(([a], [b]) => (a < b ? -1 : 1)));
        break;
      // What policies found stands nowhere in the document: Pulumi leaves it out.
      case "policy-packs":
      case "policy":
      case "resource-failed":
      case "checkpoint":
        break;
    }
  }
  return digest;
}
