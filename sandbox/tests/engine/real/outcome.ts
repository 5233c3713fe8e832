import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SIG } from "../../../engine/values";

/** What both engines tell about a step before they take it. */
export interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly keys?: readonly string[] | null | undefined;
  readonly diffs?: readonly string[] | null | undefined;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What one command came to, without what differs from run to run. */
export interface Outcome {
  readonly failed: boolean;
  /** `op name`, and for replacements the properties that force them. */
  readonly steps: readonly string[];
  /** What the provider was asked to do that changes or reads the cloud, in order. */
  readonly calls: readonly string[];
  readonly errors: readonly string[];
  /** The resources of the state after it. */
  readonly state: readonly Record<string, unknown>[];
  readonly pending: readonly string[];
  readonly shown: readonly string[];
}

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/**
 * The calls among the lines of the cloud's log; the announcement of a call and the configuration of the provider are
 * left out.
 */
export const callsOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => /^(create|read|update|delete) /.test(line));

/** Changes things behind the engine's back. */
export function applyOutside(dir: string, things: Readonly<Record<string, object | null>>): void {
  for (const [key, thing] of Object.entries(things)) {
    const file = join(dir, `${encodeURIComponent(key)}.json`);
    if (thing === null) rmSync(file, { force: true });
    else writeFileSync(file, JSON.stringify(thing));
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Of a time only whether it is there says anything; places in the program depend on how it is read. */
const LEFT_OUT = new Set(["created", "modified", "sourcePosition", "stackTrace"]);

/** Secrets as `{ secret }`, URNs from the type on, generated ids as one word. */
function stable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stable);
  if (typeof value === "string")
    return value
      .replace(/urn:pulumi:[a-z]+::test::/g, "")
      .replace(UUID, (text) => (text.startsWith("04da6b54") ? "unknown" : "an-id"));
  if (typeof value !== "object" || value === null) return value;
  if (SIG in value && "plaintext" in value) return { secret: JSON.parse(String(value.plaintext)) as unknown };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !LEFT_OUT.has(key))
      .map(([key, item]) => [key, stable(item)]),
  );
}

/** The lines that a person reads: without times, progress dots and the end. */
function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/ ?\(\d+(\.\d+)?s\) ?/g, "").trimEnd());
  const end = lines.findIndex((line) => line.startsWith("Duration:"));
  return lines.slice(0, end < 0 ? undefined : end).filter((line) => line !== "" && !line.startsWith("@ "));
}

const isDefaultProvider = (urn: string): boolean => /(^|::)pulumi:providers:(cloud|pulumi)::default/.test(urn);

/**
 * The bridge repeats a resource's id among its outputs, and so do the sandbox's providers; the small cloud's plugin
 * does not.
 */
function withoutRepeatedId({ outputs, ...rest }: Record<string, unknown>): Record<string, unknown> {
  if (typeof outputs !== "object" || outputs === null) return rest;
  const { id: _, ...others } = outputs as Record<string, unknown>;
  return { ...rest, outputs: others };
}

const byWord =
  (place: number) =>
  (left: string, right: string): number =>
    (left.split(/[ ;]/)[place] ?? "").localeCompare(right.split(/[ ;]/)[place] ?? "");

/** What the display shows otherwise than Pulumi, and why that is left so. */
const KNOWN_DISPLAY: readonly { readonly line: RegExp; readonly reason: string }[] = [
  {
    line: /(creating|running ?)read \S+:\S+ /,
    reason: "while something is read, Pulumi names it in the stack's own row",
  },
  {
    line: /^ {4}pulumi:pulumi:Stack test-dev$/,
    reason: "after a discard, Pulumi shows no row for a stack that is gone",
  },
  { line: /\*\*failed\*\*/, reason: "a read that failed ends with a count of errors, ours with the error" },
];

/**
 * What may be compared: resources that do not need each other come in either order, so only the order for each resource
 * is kept.
 */
export function comparable(outcome: Outcome): Outcome {
  return {
    ...outcome,
    // Forgetting a resource that is gone already is shown to nobody.
    steps: outcome.steps.filter((step) => !/^remove-pending-replace |^\S+ default$/.test(step)).sort(byWord(1)),
    calls: [...outcome.calls].sort(byWord(1)),
    state: [...outcome.state].sort((left, right) =>
      JSON.stringify([left.urn, left.delete ?? false]).localeCompare(
        JSON.stringify([right.urn, right.delete ?? false]),
      ),
    ),
    shown: outcome.shown.filter((text) => !KNOWN_DISPLAY.some(({ line }) => line.test(text))).sort(),
  };
}

export function outcomeOf(ran: {
  failed: boolean;
  steps: readonly StepMetadata[];
  calls: readonly string[];
  errors: readonly string[];
  shown: string;
  exported: {
    deployment: {
      resources?: Record<string, unknown>[];
      pending_operations?: { type: string; resource: { urn: string } }[];
    };
  };
}): Outcome {
  const { resources = [], pending_operations: pending = [] } = ran.exported.deployment;
  return {
    failed: ran.failed,
    steps: ran.steps
      .filter(({ urn }) => !isDefaultProvider(urn))
      .map(({ op, urn, keys, diffs }) =>
        [
          `${op} ${nameOf(urn)}`,
          ...(keys?.length ? [`replaced for ${[...keys].sort().join(", ")}`] : []),
          ...(diffs?.length ? [`changed ${[...diffs].sort().join(", ")}`] : []),
        ].join("; "),
      ),
    calls: ran.calls,
    errors: ran.errors.map((text) => String(stable(text)).trim()),
    shown: linesOf(ran.shown).map((line) => String(stable(line))),
    state: resources
      .filter(({ urn }) => !/::pulumi:providers:cloud::default/.test(String(urn)))
      .map((resource) => withoutRepeatedId(stable(resource) as Record<string, unknown>)),
    pending: pending.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`),
  };
}
