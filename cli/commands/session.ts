import type { Command } from "commander";
import { planClaudeAgent } from "../../infra/plans";
import { GateControl } from "../../rotation/gateControl";
import { claudeClient } from "../audit/pull/claude";
import { claudeSessions, type ClaudeSessions } from "../session/claude";
import { endSession, isOver, listSessions, startSession } from "../session/sessions";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { withExamples, withJson, withStack } from "../support/options";
import { tokenContext, type TokenContext, type TokenOptions } from "../token/context";
import { logProgress, withExitCodes } from "../token/show";

interface StartOptions extends TokenOptions {
  readonly hours?: string;
  readonly title?: string;
}

/** `gatehouse session …`: sessions of a Claude Managed Agent that have a gate key each. No key is ever printed. */
export function registerSession(program: Command): void {
  const group = program
    .command("session")
    .description("start, list and end sessions of the agent that have a gate key each (docs/claude.md)");
  const sub = (name: string, description: string, ...examples: readonly string[]): Command =>
    withExamples(withJson(withStack(group.command(name).description(description))), ...examples);

  sub(
    "start",
    "start a session with a gate key of its own, so that every record of it names the session",
    "gatehouse session start --stack prod --hours 2 --title 'Issue 17'",
  )
    .option("--hours <number>", "how long the key is good (default: gate.sessionKeys.maxHours, which is the most)")
    .option("--title <text>", "the session's title")
    .action((options: StartOptions) => withExitCodes(() => start(options)));
  sub(
    "list",
    "list the sessions whose key is open; exit 1 when one is over and its key is not",
    "gatehouse session list --stack prod",
  ).action((options: TokenOptions) => withExitCodes(() => list(options)));
  sub(
    "end",
    "end a session's gate key at once, then the session and its vault",
    "gatehouse session end --stack prod sesn_0123456789",
  )
    .argument("<session>", "its id")
    .action((session: string, options: TokenOptions) => withExitCodes(() => end(session, options)));
}

const contextOf = (options: TokenOptions): TokenContext => tokenContext(options, logProgress(options.json));

/** The door for keys of sessions. An operator's key may list and end, and make none. */
async function doorOf(ctx: TokenContext, toMake: boolean): Promise<GateControl> {
  if (ctx.environment.gate.sessionKeys === undefined)
    throw new CouldNotRun(
      `Pulumi.${ctx.stack}.yaml declares no keys of sessions. Add gatehouse:gate.sessionKeys, such as { maxHours: 8 }, and run pulumi up.`,
    );
  const key = process.env.GATEHOUSE_SESSION_ISSUER_KEY;
  if (key) {
    const url = ctx.gateUrl();
    if (url === undefined) throw new CouldNotRun("The gate's address is not known; set GATEHOUSE_GATE_URL.");
    return new GateControl(ctx.effects, url, key);
  }
  const operator = toMake ? undefined : await ctx.gate();
  if (operator) return operator;
  throw new CouldNotRun(
    `The issuer's key is missing; set GATEHOUSE_SESSION_ISSUER_KEY to what \`pulumi stack output sessionIssuerKey --show-secrets --stack ${ctx.stack}\` prints.`,
  );
}

/** Undefined where no variable has a credential for Anthropic. */
function claudeOf({ effects, environment, stack }: TokenContext): ClaudeSessions | { readonly missing: string } {
  const plan = planClaudeAgent(environment);
  if (plan === undefined)
    throw new CouldNotRun(
      `Pulumi.${stack}.yaml does not say that the agent is a Claude Managed Agent; add gatehouse:agent.environment.`,
    );
  const claude = claudeClient(process.env, 0);
  return "missing" in claude ? claude : claudeSessions(effects, claude.client, plan);
}

async function start(options: StartOptions): Promise<void> {
  const ctx = contextOf(options);
  const gate = await doorOf(ctx, true);
  const maxHours = ctx.environment.gate.sessionKeys?.maxHours ?? 0;
  const hours = Number(options.hours ?? maxHours);
  if (!(hours > 0 && hours <= maxHours))
    throw new CouldNotRun(
      `--hours: ${JSON.stringify(options.hours)} is no number of hours up to ${maxHours}, which gate.sessionKeys.maxHours allows`,
    );
  const claude = claudeOf(ctx);
  if ("missing" in claude) throw new CouldNotRun(`No session can be started at Anthropic: ${claude.missing}.`);
  const made = await startSession({ effects: ctx.effects, gate, claude }, hours, options.title);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(made)}\n`
      : [
          `Started ${made.session} (agent ${made.agent}, version ${made.version}, vault ${made.vault}).`,
          `Its gate key, ${made.gateKeySha256} in the records, is good until ${made.notAfter}.`,
          `End it: npx --no-install gatehouse session end --stack ${ctx.stack} ${made.session}`,
          "",
        ].join("\n"),
  );
}

async function list(options: TokenOptions): Promise<void> {
  const ctx = contextOf(options);
  const claude = claudeOf(ctx);
  const listed = await listSessions(await doorOf(ctx, false), "missing" in claude ? undefined : claude);
  if (options.json) process.stdout.write(`${JSON.stringify({ sessions: listed })}\n`);
  else if (listed.length === 0) process.stdout.write("No session has a key.\n");
  else
    process.stdout.write(
      `${listed.map((one) => `${one.session}  ${one.status.padEnd(10)}  until ${one.notAfter}  ${one.gateKeySha256}`).join("\n")}\n`,
    );
  const over = listed.filter(({ status }) => isOver(status)).map(({ session }) => session);
  if (over.length > 0)
    throw new DoesNotHold(
      `${over.join(", ")}: over, and the gate still takes the key. Run: npx --no-install gatehouse session end --stack ${ctx.stack} ${over[0]}`,
    );
}

async function end(session: string, options: TokenOptions): Promise<void> {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(session))
    throw new CouldNotRun(`${JSON.stringify(session)} is no id of a session; it looks like sesn_0123456789.`);
  const ctx = contextOf(options);
  const claude = claudeOf(ctx);
  const left = await endSession(await doorOf(ctx, false), "missing" in claude ? undefined : claude, session);
  if (options.json) process.stdout.write(`${JSON.stringify({ session, left })}\n`);
  else process.stdout.write(`The gate refuses the key of ${session} from now on.\n`);
  if (left.length > 0)
    throw new DoesNotHold(
      [...left, ...("missing" in claude ? [claude.missing] : [])].map((one) => `${one}.`).join("\n"),
    );
}
