import { readJournal } from "../../rotation/journal";
import { table } from "../support/table";
import type { TokenContext, TokenOptions } from "./context";

/** Prints the rotations of the token, newest first. */
export async function history(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const journal = readJournal((await (await ctx.store()).journal.read()).data);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(journal.history)}\n`);
    return;
  }
  if (journal.history.length === 0) {
    process.stdout.write("No rotation has taken place yet.\n");
    return;
  }
  process.stdout.write(
    `${table(
      ["ended", "outcome", "reason", "old", "new", "expires"],
      journal.history.map((h) => [
        h.endedAt.slice(0, 19),
        h.outcome,
        h.reason,
        h.oldSha256?.slice(0, 12) ?? "-",
        h.newSha256?.slice(0, 12) ?? "-",
        h.expiresAt ?? "-",
      ]),
    )}\n`,
  );
}
