import { HOUR_MS } from "../../edge/time";
import { readFileSync, writeFileSync } from "node:fs";
import { isMap, parseDocument, type Scalar } from "yaml";
import { readStackFile } from "../../infra/config";
import { instant } from "../../infra/model";
import { CouldNotRun } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";

export interface GateKeyOptions extends TokenOptions {
  readonly dryRun?: boolean;
}

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
  if (!isMap(gate)) throw new CouldNotRun(`${file}: gatehouse:gate is missing or is no mapping; add it under config.`);
  const key = ["config", "gatehouse:gate", "key"];
  // As Pulumi reads it, whatever it is written with: aliases, merge keys, a time without quotes.
  const current = (readStackFile(text, file).gate as { key?: { generation?: unknown; previousUntil?: unknown } }).key;
  const until = typeof current?.previousUntil === "string" ? instant(current.previousUntil) : undefined;
  if (until !== undefined && Date.parse(until) > now)
    throw new CouldNotRun(
      `The last change of the gate key overlaps until ${until}; wait until then, so that no more than two keys are valid.`,
    );
  const generation = Number(current?.generation ?? 1) + 1;
  const previousUntil = new Date(now + overlapHours * HOUR_MS).toISOString().replace(/\.\d{3}Z$/, "Z");
  const node = document.createNode({ generation, previousUntil }, { flow: true });
  (node.get("previousUntil", true) as Scalar).type = "QUOTE_DOUBLE"; // without quotes it would be a time
  document.setIn(key, node);
  return { text: document.toString({ lineWidth: 0 }), change: { generation, previousUntil } };
}

function changeGateKey(file: string, overlapHours: number, now: number, dry: boolean): KeyChange {
  const { text, change } = nextGateKey(readFileSync(file, "utf8"), file, overlapHours, now);
  if (!dry) writeFileSync(file, text);
  return change;
}

/** Writes a new generation of the gate key into the environment file, and prints what to do next. */
export async function gateKey(ctx: TokenContext, options: GateKeyOptions): Promise<void> {
  const file = `Pulumi.${ctx.stack}.yaml`;
  const change = changeGateKey(file, ctx.plan.gateKeyOverlapHours, ctx.effects.now(), options.dryRun === true);
  if (options.json) return void process.stdout.write(`${JSON.stringify(change)}\n`);
  process.stdout.write(
    [
      `${options.dryRun ? "Would write" : "Wrote"} generation ${change.generation} into ${file}; both keys work until ${change.previousUntil}.`,
      `  1. run pulumi up --stack ${ctx.stack}: the gate then accepts the new key and the old one`,
      `  2. give it to the agent, and end the old one once a request shows the new one in use:`,
      `     pulumi stack output gateKey --show-secrets --stack ${ctx.stack} | npx --no-install gatehouse token hand-over --stack ${ctx.stack}`,
      `  3. after ${change.previousUntil} the gate refuses the old key in any case; remove previousUntil from the file and run pulumi up`,
      "",
    ].join("\n"),
  );
}
