import { existsSync, readFileSync } from "node:fs";
import type { JsonRecord } from "../../infra/config/json";
import { CouldNotRun } from "../support/exit";

/**
 * The lines of a file that a pull writes beside the gate's records; none where the file is missing.
 * @param fields those that each line has, with what `typeof` says of them
 * @param what what a line is, for the message
 * @throws CouldNotRun with the line that is none
 */
export function pulledLines<T>(file: string, fields: Readonly<Record<string, "string" | "object">>, what: string): T[] {
  if (!existsSync(file)) return [];
  const isOne = (value: JsonRecord): boolean =>
    Object.entries(fields).every(([name, type]) => typeof value[name] === type);
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, i) => {
      if (line === "") return [];
      try {
        const value = JSON.parse(line) as JsonRecord;
        if (isOne(value)) return [value as T];
      } catch {
        // said below
      }
      throw new CouldNotRun(`${file}:${i + 1}: this is no ${what} that a pull writes`);
    });
}
