import { readFileSync, writeFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import { CouldNotRun } from "../support/exit";

export interface KeyChange {
  readonly generation: number;
  /** ISO; until then both keys are good. */
  readonly previousUntil: string;
}

/**
 * Begins a new generation of the gate key in an environment file: the next `pulumi up` makes the new key, and the gate
 * takes both until `previousUntil`. Comments and order of the file stay as they are.
 * @throws CouldNotRun while an earlier overlap lasts: three keys at once are never good
 */
export function nextGateKey(
  text: string,
  file: string,
  overlapHours: number,
  now: number,
): { text: string; change: KeyChange } {
  const document = parseDocument(text);
  const gate = document.getIn(["config", "gatehouse:gate"]);
  if (!isMap(gate)) throw new CouldNotRun(`${file}: no gatehouse:gate mapping to change.`);
  const key = ["config", "gatehouse:gate", "key"];
  const until = document.getIn([...key, "previousUntil"]);
  if (typeof until === "string" && Date.parse(until) > now)
    throw new CouldNotRun(`The last change of the gate key overlaps until ${until}; finish it first.`);
  const generation = Number(document.getIn([...key, "generation"]) ?? 1) + 1;
  const previousUntil = new Date(now + overlapHours * 3_600_000).toISOString().replace(/\.\d{3}Z$/, "Z");
  document.setIn(key, document.createNode({ generation, previousUntil }, { flow: true }));
  return { text: document.toString({ lineWidth: 0 }), change: { generation, previousUntil } };
}

export function changeGateKey(file: string, overlapHours: number, now: number, dry: boolean): KeyChange {
  const { text, change } = nextGateKey(readFileSync(file, "utf8"), file, overlapHours, now);
  if (!dry) writeFileSync(file, text);
  return change;
}
