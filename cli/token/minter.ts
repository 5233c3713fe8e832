import { checkAppKey } from "../../rotation/minters/appJwt";
import { MINTER_FIELD, minterRecord } from "../../rotation/stores/minterSecrets";
import { CouldNotRun } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";
import { readSecretText } from "./input";

/** Places the minting secret beside the token, where the rotator reads it; the one before is destroyed. */
export async function placeMinter(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const field = MINTER_FIELD[ctx.plan.kind];
  if (!field)
    throw new CouldNotRun(
      `A token of kind ${ctx.plan.kind} is made by a person, so there is no minting secret to store.`,
    );
  const record = minterRecord(ctx.plan.kind, await readSecretText(`the ${field.replaceAll("_", " ")}`));
  if (record.app_private_key) await checkAppKey(record.app_private_key);
  const cell = await ctx.minterCell();
  await cell.write(record, (await cell.read()).version);
  await cell.prune();
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ placed: field, where: cell.where })}\n`
      : `Stored the ${field.replaceAll("_", " ")} at ${cell.where}.\n`,
  );
}
