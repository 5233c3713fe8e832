import { isDead } from "../../rotation/github";
import { readJournal } from "../../rotation/journal";
import { JournalCell } from "../../rotation/journalCell";
import { adaptersFor } from "../../rotation/notify";
import { readRecord } from "../../rotation/record";
import { remind } from "../../rotation/reminders";
import { holds, judge, type Status } from "../../rotation/status";
import { DoesNotHold } from "../support/exit";
import { auditorStatus } from "./auditor";
import type { TokenContext, TokenOptions } from "./context";
import { sentence } from "./show";

export interface StatusOptions extends TokenOptions {
  readonly remind?: boolean;
  readonly offline?: boolean;
}

/** Prints how the token is. @throws DoesNotHold when somebody must act */
export async function status(ctx: TokenContext, options: StatusOptions): Promise<void> {
  const { effects, plan } = ctx;
  let found = await auditorStatus(ctx);
  if (!found) {
    const store = await ctx.store();
    const [token, journalCell] = await Promise.all([store.token.read(), store.journal.read()]);
    const record = readRecord(token.data);
    const journal = readJournal(journalCell.data);
    found = judge(record, journal, plan, effects.now());
    if (record && !options.offline && holds(found.level) && (await isDead(effects, plan, record.token, 1))) {
      found = {
        ...found,
        level: "expired",
        says: "GitHub no longer accepts the token: the agent has no access",
        todo: ["gatehouse token mint-link, then gatehouse token put"],
      };
    }
    if (options.remind) {
      const reminded = await remind(
        {
          effects,
          plan,
          adapters: adaptersFor(effects, plan, { webhookSecret: process.env.GATEHOUSE_WEBHOOK_SECRET }),
          ...(process.env.GATEHOUSE_ISSUE_TOKEN ? { issueToken: process.env.GATEHOUSE_ISSUE_TOKEN } : {}),
        },
        found,
        journal.reminded ?? 0,
      );
      for (const line of [...reminded.says, ...reminded.failed])
        process.stderr.write(`  ${"reminder".padEnd(12)} ${line}\n`);
      if (reminded.stage !== (journal.reminded ?? 0) && journal.phase === "idle") {
        const cell = new JournalCell(effects, store.journal, "reminder", 0);
        await cell.commit({ ...(await cell.load()), reminded: reminded.stage });
      }
    }
  }
  printStatus(found, options.json);
}

function printStatus(found: Status, json: boolean | undefined): void {
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else {
    const rows = Object.entries({
      account: found.login,
      kind: found.kind,
      sha256: found.sha256,
      expires: found.expiresAt,
      "last rotated": found.rotatedAt,
      due: found.dueAt,
      phase: found.phase,
    }).filter((row): row is [string, string] => Boolean(row[1]));
    process.stdout.write(
      `${rows.map(([name, value]) => `${name.padEnd(14)}${value}`).join("\n")}\n${sentence(found.says)}\n`,
    );
  }
  if (!holds(found.level))
    throw new DoesNotHold([sentence(found.says), ...found.todo.map((step, i) => `  ${i + 1}. ${step}`)].join("\n"));
}
