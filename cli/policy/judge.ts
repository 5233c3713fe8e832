import { parse } from "yaml";
import {
  enforcementOf,
  ExceptionsError,
  evaluate,
  readExceptions,
  withUnknowns,
  type DeclaredResource,
  type PolicyException,
  type PolicyFinding,
} from "../../policy/library";
import type { Snapshot } from "../report/snapshot";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { readNamedFile } from "../support/files";

/** Today in UTC, `YYYY-MM-DD`: the day by which exceptions expire. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/** Every resource of a whole state, with its inputs as the rules read them. */
export const declared = ({ resources, providers = [] }: Snapshot): DeclaredResource[] =>
  [...resources, ...providers].map(({ urn, type, name, inputs }) => ({
    urn,
    type,
    name,
    inputs: withUnknowns(inputs) as Record<string, unknown>,
  }));

/** What the rules say of a whole state. */
export const judge = (state: Snapshot, exceptions: readonly PolicyException[]): PolicyFinding[] =>
  evaluate(declared(state), { today: today(), exceptions });

/**
 * @param profile as of `enforcementOf`
 * @throws DoesNotHold when a finding without an exception stops the update
 */
export function refuseStopped(findings: readonly PolicyFinding[], profile: "strict" | "lenient"): void {
  const enforcement = enforcementOf(profile);
  const stops = findings.filter(
    ({ rule, exception }) => exception === undefined && enforcement[rule] === "mandatory",
  ).length;
  if (stops > 0) throw new DoesNotHold(`${stops === 1 ? "1 finding stops" : `${stops} findings stop`} the update.`);
}

/** Reads a file of exceptions; none where no file is given. @throws CouldNotRun with every mistake and its place */
export function exceptionsIn(file: string | undefined): PolicyException[] {
  if (file === undefined) return [];
  const text = readNamedFile(file).toString();
  let raw: unknown;
  try {
    raw = parse(text);
  } catch {
    throw new CouldNotRun(`${file}: not YAML; write a list of exceptions as docs/policy.md shows`);
  }
  try {
    return readExceptions(raw, file, today());
  } catch (error) {
    if (error instanceof ExceptionsError) throw new CouldNotRun(error.message);
    throw error;
  }
}
