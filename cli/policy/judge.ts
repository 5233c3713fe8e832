import { readFileSync } from "node:fs";
import { parse } from "yaml";
import {
  ExceptionsError,
  evaluate,
  readExceptions,
  withUnknowns,
  type DeclaredResource,
  type PolicyException,
  type PolicyFinding,
} from "../../policy/library";
import type { Snapshot } from "../report/snapshot";
import { CouldNotRun } from "../support/exit";

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

/** Reads a file of exceptions; none where no file is given. @throws CouldNotRun with every mistake and its place */
export function exceptionsIn(file: string | undefined): PolicyException[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CouldNotRun(`${file}: the file cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
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
