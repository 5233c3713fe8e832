import { readJournal } from "../../rotation/journal";
import type { StartRequest } from "../../rotation/machine";
import { readRecord } from "../../rotation/record";
import { dueAt } from "../../rotation/status";
import { iso } from "../../rotation/text";
import type { TokenContext, TokenOptions } from "./context";
import { readSecret } from "./input";
import { mintLink } from "./mintLink";
import { runRotation } from "./run";
import { printOutcome } from "./show";
import { startWith } from "./supply";

export interface RotateOptions extends TokenOptions {
  readonly fromStdin?: boolean;
  readonly resume?: boolean;
  readonly ifDue?: boolean;
  readonly urgent?: boolean;
  readonly reason: string;
}

/** Replaces the token without a gap, or finishes what an earlier run left. */
export async function rotate(ctx: TokenContext, options: RotateOptions): Promise<void> {
  const { effects, plan } = ctx;
  const deps = await ctx.deps();
  if (options.resume) return printOutcome(await runRotation(deps, undefined), options.json);
  if (options.ifDue) {
    const record = readRecord((await deps.store.token.read()).data);
    const journal = readJournal((await deps.store.journal.read()).data);
    const due = record && dueAt(record, journal.history.find((h) => h.outcome === "finished")?.endedAt, plan);
    if (due !== undefined && due > effects.now()) {
      const left = await runRotation(deps, undefined);
      return printOutcome(
        left.result === "nothing" ? { ...left, says: `not due before ${iso(due)}` } : left,
        options.json,
      );
    }
  }
  let start: StartRequest = { reason: options.reason, ...(options.urgent ? { urgent: true } : {}) };
  if (options.fromStdin)
    start = { ...start, ...(await startWith(ctx, await readSecret(`New token of ${plan.login}`), options.reason)) };
  else if (!deps.minter.declaration.unattended) {
    // What was left is finished without a person; a new token needs one.
    const left = await runRotation(deps, undefined);
    if (left.result !== "nothing") printOutcome(left, options.json);
    if (!process.stdin.isTTY) deps.minter.intend({}, undefined, effects.now()); // throws what a person has to do
    await mintLink(ctx, { stack: options.stack, config: options.config });
    start = { ...start, ...(await startWith(ctx, await readSecret(`New token of ${plan.login}`), options.reason)) };
  }
  printOutcome(await runRotation(deps, start), options.json);
}
