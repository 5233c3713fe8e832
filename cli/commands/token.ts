import type { Command } from "commander";
import { tokenHash } from "../../edge/encoding";
import { iso } from "../../rotation/text";
import { revokeNow } from "../../rotation/emergency";
import { Unavailable, messageOf } from "../../rotation/errors";
import { isDead } from "../../rotation/github";
import { readJournal } from "../../rotation/journal";
import { JournalCell } from "../../rotation/journalCell";
import { minterFor } from "../../rotation/minters";
import { otherThan } from "../../rotation/minters/appUserToken";
import { adaptersFor } from "../../rotation/notify";
import { rotationPolicy } from "../../rotation/policyText";
import { readRecord } from "../../rotation/record";
import { remind } from "../../rotation/reminders";
import { dueAt, holds, judge, type Status } from "../../rotation/status";
import { checkAppKey } from "../../rotation/minters/appJwt";
import { MINTER_FIELD, minterRecord } from "../../rotation/stores/minterSecrets";
import { verify } from "../../rotation/verify";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { table } from "../support/table";
import { auditorStatus } from "../token/auditor";
import { tokenContext, type TokenContext, type TokenOptions } from "../token/context";
import { writeIfChanged } from "../token/files";
import { changeGateKey } from "../token/gateKey";
import { readSecret, readSecretText } from "../token/input";
import { runRotation } from "../token/run";
import { conclude, progress, sentence, speaking } from "../token/show";
import type { Slot, SlotName } from "../../rotation/journal";
import type { StartRequest } from "../../rotation/machine";

const collect = (value: string, all: string[]): string[] => [...all, value];

/** `gatehouse token …`: the life of the machine user's GitHub token. No token is ever taken from an argument or printed. */
export function registerToken(program: Command): void {
  const token = program.command("token").description("the life of the machine user's GitHub token");
  const sub = (name: string, description: string): Command =>
    token
      .command(name)
      .description(description)
      .option("--stack <name>", "environment: Pulumi.<name>.yaml", "dev")
      .option("--config <key.path=value>", "override a value, as Pulumi's --config --path", collect, [])
      .option("--json", "print one JSON object");
  const context = (options: TokenOptions): TokenContext => tokenContext(options, progress(options.json));

  sub("status", "say how the token is, and fail when it needs somebody")
    .option("--remind", "open or update the reminder issue, and tell the webhooks")
    .option("--offline", "do not ask GitHub whether it is alive")
    .action((options: TokenOptions & { remind?: boolean; offline?: boolean }) =>
      speaking(() => status(context(options), options)),
    );
  sub("mint-link", "print the page on which a person makes the token, filled in").action((options: TokenOptions) =>
    speaking(() => mintLink(context(options), options)),
  );
  sub("put", "place a token that a person made: from standard input or a hidden prompt")
    .option("--standby", "app-user-token: place the second authorization")
    .option("--reason <text>", "for the history", "placed by hand")
    .action((options: TokenOptions & { standby?: boolean; reason: string }) =>
      speaking(() => put(context(options), options)),
    );
  sub(
    "minter",
    "place what minting without a person takes, from standard input: the App's key or client secret, a site administrator's token",
  ).action((options: TokenOptions) => speaking(() => placeMinter(context(options), options)));
  sub("rotate", "replace the token without a gap, or finish what an earlier run left")
    .option("--from-stdin", "read the new token from standard input")
    .option("--resume", "only finish or roll back what an earlier run left")
    .option("--if-due", "do nothing before the schedule wants it")
    .option("--urgent", "the old token is suspected stolen: end it without waiting for caches")
    .option("--reason <text>", "for the history", "by hand")
    .action((options: RotateOptions) => speaking(() => rotateNow(context(options), options)));
  sub("revoke", "end the token; the agent has no access until there is a new one")
    .option("--now", "without asking: the emergency path, which works when Vault is down")
    .option("--from-stdin", "read the token to end from standard input, when the store is down")
    .option("--reopen", "open the gate's kill switch again")
    .option("--reason <text>", "for the history", "emergency")
    .action((options: RevokeOptions) => speaking(() => revoke(context(options), options)));
  sub("history", "list the rotations of this token").action((options: TokenOptions) =>
    speaking(() => history(context(options), options)),
  );
  sub("gate-key", "begin a new generation of the gate key: both keys are good during the overlap")
    .option("--dry-run", "say what would change, and change nothing")
    .action((options: TokenOptions & { dryRun?: boolean }) => speaking(() => gateKey(context(options), options)));
  sub("policy", "print the rotation schedule as policy text, from the environment file")
    .option("--write <file>", "write it to a file, if it changed")
    .option("--check <file>", "fail when the file is not what the environment file says")
    .action((options: TokenOptions & { write?: string; check?: string }) =>
      speaking(() => policy(context(options), options)),
    );
}

interface RotateOptions extends TokenOptions {
  fromStdin?: boolean;
  resume?: boolean;
  ifDue?: boolean;
  urgent?: boolean;
  reason: string;
}
interface RevokeOptions extends TokenOptions {
  now?: boolean;
  fromStdin?: boolean;
  reopen?: boolean;
  reason: string;
}

async function status(
  ctx: TokenContext,
  options: TokenOptions & { remind?: boolean; offline?: boolean },
): Promise<void> {
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

async function mintLink(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const minter = minterFor(ctx.effects, ctx.plan, await ctx.minterSecrets());
  const link = minter.link?.();
  if (!link)
    throw new CouldNotRun(`A token of kind ${ctx.plan.kind} is made without a person: gatehouse token rotate.`);
  const { plan } = ctx;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ link, login: plan.login, repositories: plan.repositories.map((r) => r.name), permissions: plan.permissions, expiryDays: plan.expiryDays })}\n`,
    );
    return;
  }
  process.stdout.write(
    [
      `1. Sign in to GitHub as ${plan.login} and open:`,
      `   ${link}`,
      ...(plan.kind === "personal-access-token"
        ? [
            `2. Choose "Only select repositories": ${plan.repositories.map((r) => r.name).join(", ")}`,
            `3. Check the permissions: ${Object.entries(plan.permissions)
              .map(([name, level]) => `${name} ${level}`)
              .join(", ")}; nothing else.`,
            "4. Generate the token and paste it into: gatehouse token put (the first) or gatehouse token rotate (later)",
          ]
        : [
            "2. Authorize the App twice (two browsers or two device codes), and give each pair to: gatehouse token put, gatehouse token put --standby",
          ]),
      "",
    ].join("\n"),
  );
}

async function put(ctx: TokenContext, options: TokenOptions & { standby?: boolean; reason: string }): Promise<void> {
  const given = await readSecret(
    `Token of ${ctx.plan.login}${ctx.plan.kind === "app-user-token" ? ", a space, and its refresh token" : ""}`,
  );
  const deps = await ctx.deps();
  if (options.standby) return standby(ctx, given);
  conclude(await runRotation(deps, await startWith(ctx, given, options.reason)), options.json);
}

/** A supplied token, and for app user tokens the authorization that comes with it. */
async function startWith(ctx: TokenContext, given: string, reason: string): Promise<StartRequest> {
  const [supplied = "", refreshToken] = given.split(/[ \t\r\n]+/);
  if (ctx.plan.kind !== "app-user-token") {
    if (refreshToken) throw new CouldNotRun("One token, please: there was more than one word.");
    return { reason, supplied };
  }
  const slot = await slotOf(supplied, refreshToken);
  const { current } = readJournal((await (await ctx.store()).journal.read()).data);
  return { reason, supplied, slot: { name: current === undefined ? "a" : otherThan(current), value: slot } };
}

async function slotOf(supplied: string, refreshToken: string | undefined): Promise<Slot> {
  if (!refreshToken)
    throw new CouldNotRun("An app user token comes with its refresh token: give both, separated by a space.");
  return { refreshToken, refreshExpiresAt: "", accessSha256: await tokenHash(supplied), state: "ok" };
}

/** Places the second authorization, which stands by; the gate is not touched. */
async function standby(ctx: TokenContext, given: string): Promise<void> {
  if (ctx.plan.kind !== "app-user-token") throw new CouldNotRun("Only app-user-token has a standby authorization.");
  const [supplied = "", refreshToken] = given.split(/[ \t\r\n]+/);
  const slot = await slotOf(supplied, refreshToken);
  const verdict = await verify(ctx.effects, ctx.plan, supplied);
  if (verdict.problems.length > 0) throw new DoesNotHold(`Not taken: ${verdict.problems.join("; ")}.`);
  const cell = new JournalCell(ctx.effects, (await ctx.store()).journal, "standby", 0);
  const journal = await cell.load();
  if (journal.phase !== "idle")
    throw new DoesNotHold("A rotation is under way; run gatehouse token rotate --resume first.");
  const name: SlotName = otherThan(journal.current);
  await cell.commit({ ...journal, slots: { ...journal.slots, [name]: slot } });
  process.stdout.write(`Authorization ${name} stands by.\n`);
}

/** Places the minting secret beside the token, where the rotator reads it; the one before is destroyed. */
async function placeMinter(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const field = MINTER_FIELD[ctx.plan.kind];
  if (!field) throw new CouldNotRun(`A token of kind ${ctx.plan.kind} is made by a person: there is nothing to place.`);
  const record = minterRecord(ctx.plan.kind, await readSecretText(`the ${field.replaceAll("_", " ")}`));
  if (record.app_private_key) await checkAppKey(record.app_private_key);
  const cell = await ctx.minterCell();
  await cell.write(record, (await cell.read()).version);
  await cell.prune();
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ placed: field, where: cell.where })}\n`
      : `The ${field.replaceAll("_", " ")} is at ${cell.where}.\n`,
  );
}

async function rotateNow(ctx: TokenContext, options: RotateOptions): Promise<void> {
  const { effects, plan } = ctx;
  const deps = await ctx.deps();
  if (options.resume) return conclude(await runRotation(deps, undefined), options.json);
  if (options.ifDue) {
    const record = readRecord((await deps.store.token.read()).data);
    const journal = readJournal((await deps.store.journal.read()).data);
    const due = record && dueAt(record, journal.history.find((h) => h.outcome === "finished")?.endedAt, plan);
    if (due !== undefined && due > effects.now()) {
      const left = await runRotation(deps, undefined);
      return conclude(left.result === "nothing" ? { ...left, says: `not due before ${iso(due)}` } : left, options.json);
    }
  }
  let start: StartRequest = { reason: options.reason, ...(options.urgent ? { urgent: true } : {}) };
  if (options.fromStdin)
    start = { ...start, ...(await startWith(ctx, await readSecret(`New token of ${plan.login}`), options.reason)) };
  else if (!deps.minter.declaration.alone) {
    // What was left is finished without a person; a new token needs one.
    const left = await runRotation(deps, undefined);
    if (left.result !== "nothing") conclude(left, options.json);
    if (!process.stdin.isTTY) deps.minter.intend({}, undefined, effects.now()); // throws what a person has to do
    await mintLink(ctx, {});
    start = { ...start, ...(await startWith(ctx, await readSecret(`New token of ${plan.login}`), options.reason)) };
  }
  conclude(await runRotation(deps, start), options.json);
}

async function revoke(ctx: TokenContext, options: RevokeOptions): Promise<void> {
  if (options.reopen) {
    const gate = await ctx.gate();
    if (!gate) throw new CouldNotRun("No gate is known: set GATEHOUSE_GATE_URL.");
    await gate.deny({ stop: false });
    process.stdout.write("The gate's kill switch is open.\n");
    return;
  }
  if (!options.now)
    throw new CouldNotRun(
      "This ends the token for good and the agent loses its access at once. Say so with: gatehouse token revoke --now",
    );
  const supplied = options.fromStdin ? (await readSecret("Token to end")).split(/[ \t\r\n]+/)[0] : undefined;
  const report = await revokeNow({
    effects: ctx.effects,
    plan: ctx.plan,
    reason: options.reason,
    ...(supplied ? { supplied } : {}),
    store: () => ctx.store(),
    secrets: () => ctx.minterSecrets(),
    gate: async () => {
      try {
        return await ctx.gate();
      } catch (error) {
        throw new Unavailable("the gate", "become reachable", messageOf(error));
      }
    },
  });
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else
    process.stdout.write(
      `${report.steps.map((s) => `${s.ok ? "done  " : "failed"}  ${(s.ms / 1000).toFixed(1).padStart(5)} s  ${s.step}: ${s.says}`).join("\n")}\n`,
    );
  const lines = report.todo.map((step, i) => `  ${i + 1}. ${step}`).join("\n");
  if (!report.dead)
    throw new DoesNotHold(
      `${report.contained ? "The gate is closed, but the token is not proven dead." : "The token is not proven dead and the gate could not be closed."}\n${lines}`,
    );
  if (!options.json) process.stdout.write(`The token is dead.\n${lines}\n`);
}

async function history(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const journal = readJournal((await (await ctx.store()).journal.read()).data);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(journal.history)}\n`);
    return;
  }
  if (journal.history.length === 0) {
    process.stdout.write("No rotation yet.\n");
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

async function gateKey(ctx: TokenContext, options: TokenOptions & { dryRun?: boolean }): Promise<void> {
  const file = `Pulumi.${ctx.stack}.yaml`;
  const change = changeGateKey(file, ctx.plan.gateKeyOverlapHours, ctx.effects.now(), options.dryRun === true);
  if (options.json) return void process.stdout.write(`${JSON.stringify(change)}\n`);
  process.stdout.write(
    [
      `${options.dryRun ? "Would write" : "Wrote"} generation ${change.generation} into ${file}; both keys are good until ${change.previousUntil}.`,
      `  1. pulumi up --stack ${ctx.stack}: the gate takes the new key and the old one`,
      "  2. give the new key to the agent's vault",
      `  3. after ${change.previousUntil} the gate refuses the old key by itself; remove previousUntil and run pulumi up to forget it`,
      "",
    ].join("\n"),
  );
}

async function policy(ctx: TokenContext, options: TokenOptions & { write?: string; check?: string }): Promise<void> {
  const text = rotationPolicy(ctx.plan, `Pulumi.${ctx.stack}.yaml`);
  if (options.check) {
    if (!(await writeIfChanged(options.check, text, true))) return;
    throw new DoesNotHold(
      `${options.check} is not what Pulumi.${ctx.stack}.yaml says. Write it again: gatehouse token policy --stack ${ctx.stack} --write ${options.check}`,
    );
  }
  if (options.write)
    process.stdout.write(
      (await writeIfChanged(options.write, text)) ? `Wrote ${options.write}.\n` : `${options.write} is up to date.\n`,
    );
  else process.stdout.write(text);
}

export { registerToken as register };
