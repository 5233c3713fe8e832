import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "../../../fixtures/real-run");

/** A recorded file of the real engine, see README.md of the folder. */
export const recorded = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

interface Step {
  op: string;
  urn: string;
  oldState?: Record<string, unknown>;
  newState?: Record<string, unknown>;
}
export interface Digest {
  config?: Record<string, string>;
  steps: Step[];
  diagnostics?: object[];
  changeSummary?: Record<string, number>;
}
export const digest = (name: string): Digest => JSON.parse(recorded(name)) as Digest;

/** A changed copy of a digest, as text. */
export const changed = (name: string, change: (copy: Digest) => void): string => {
  const copy = digest(name);
  change(copy);
  return JSON.stringify(copy, null, 4);
};

/** What the SDK tells at debug level: with secrets in clear. */
const debug = (message: string): object => ({
  diagnosticEvent: { prefix: "debug: ", message, color: "never", severity: "debug" },
});

/**
 * The digest's steps as the stream tells them: events as in tests/fixtures/pulumi/5-streaming.preview.json. The stack
 * is told of twice; the second time with its outputs, when there are any. Between the events stand the SDK's debug
 * messages.
 */
export function streamed(
  { config, steps, changeSummary }: Digest,
  { outputs, secret = "", result = "succeeded" }: { outputs?: object; secret?: string; result?: string } = {},
): string {
  const metadata = ({ op, urn, oldState, newState }: Step, after?: object): object => ({
    metadata: {
      op,
      urn,
      type: (newState ?? oldState)?.type,
      old: oldState ?? null,
      new: newState ? { ...newState, outputs: after ?? newState.outputs ?? {} } : null,
      detailedDiff: null,
      logical: true,
      provider: "",
    },
    planning: true,
  });
  const stack = steps.find(({ newState }) => newState?.type === "pulumi:pulumi:Stack");
  const events = [
    { preludeEvent: { config } },
    ...steps.flatMap((step) => [
      { resourcePreEvent: metadata(step) },
      debug(`RegisterResource RPC finished: resource:${step.urn}; err: null, resp: ${secret}\n`),
      { resOutputsEvent: metadata(step) },
    ]),
    ...(stack && outputs ? [{ resOutputsEvent: metadata(stack, outputs) }] : []),
    {
      summaryEvent: {
        maybeCorrupt: false,
        durationSeconds: 3,
        resourceChanges: changeSummary,
        isPreview: true,
        result,
      },
    },
    { cancelEvent: {} },
  ];
  return events.map((event, sequence) => `${JSON.stringify({ sequence, timestamp: 1795401352, ...event })}\n`).join("");
}

/** The outputs of the stack in a recorded export. */
export function outputsIn(name: string): Record<string, unknown> {
  const { deployment } = JSON.parse(recorded(name)) as {
    deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] };
  };
  return deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
}
