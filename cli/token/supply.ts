import { tokenHash } from "../../edge/encoding";
import { readJournal, type Slot, type SlotName } from "../../rotation/journal";
import { JournalCell } from "../../rotation/journalCell";
import type { StartRequest } from "../../rotation/machine";
import { otherThan } from "../../rotation/minters/appUserToken";
import { verify } from "../../rotation/verify";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";
import { readSecret } from "./input";
import { runRotation } from "./run";
import { printOutcome } from "./show";

export interface PutOptions extends TokenOptions {
  readonly standby?: boolean;
  readonly reason: string;
}

/** Takes a token that a person made, and puts it to use once it is proven. */
export async function put(ctx: TokenContext, options: PutOptions): Promise<void> {
  const given = await readSecret(
    `Token of ${ctx.plan.login}${ctx.plan.kind === "app-user-token" ? ", a space, and its refresh token" : ""}`,
  );
  const deps = await ctx.deps();
  if (options.standby) return standby(ctx, given);
  printOutcome(await runRotation(deps, await startWith(ctx, given, options.reason)), options.json);
}

/** A supplied token, and for app user tokens the authorization that comes with it. */
export async function startWith(ctx: TokenContext, given: string, reason: string): Promise<StartRequest> {
  const [supplied = "", refreshToken] = given.split(/[ \t\r\n]+/);
  if (ctx.plan.kind !== "app-user-token") {
    if (refreshToken) throw new CouldNotRun("More than one word was given; give the token alone.");
    return { reason, supplied };
  }
  const slot = await slotOf(supplied, refreshToken);
  const { current } = readJournal((await (await ctx.store()).journal.read()).data);
  return { reason, supplied, slot: { name: current === undefined ? "a" : otherThan(current), value: slot } };
}

async function slotOf(supplied: string, refreshToken: string | undefined): Promise<Slot> {
  if (!refreshToken)
    throw new CouldNotRun(
      "The refresh token is missing; give the access token and its refresh token, separated by a space.",
    );
  return { refreshToken, refreshExpiresAt: "", accessSha256: await tokenHash(supplied), state: "ok" };
}

/** Places the second authorization, which stands by; the gate is not touched. */
async function standby(ctx: TokenContext, given: string): Promise<void> {
  if (ctx.plan.kind !== "app-user-token")
    throw new CouldNotRun(`--standby is only for the credential app-user-token; this stack has ${ctx.plan.kind}.`);
  const [supplied = "", refreshToken] = given.split(/[ \t\r\n]+/);
  const slot = await slotOf(supplied, refreshToken);
  const verdict = await verify(ctx.effects, ctx.plan, supplied);
  if (verdict.problems.length > 0) throw new DoesNotHold(`The token was not stored: ${verdict.problems.join("; ")}.`);
  const cell = new JournalCell(ctx.effects, (await ctx.store()).journal, "standby", 0);
  const journal = await cell.load();
  if (journal.phase !== "idle")
    throw new DoesNotHold("Another rotation is not finished. Run first: gatehouse token rotate --resume");
  const name: SlotName = otherThan(journal.current);
  await cell.commit({ ...journal, slots: { ...journal.slots, [name]: slot } });
  process.stdout.write(`Stored authorization ${name} as the standby.\n`);
}
