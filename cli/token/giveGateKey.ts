import { planClaudeAgent } from "../../infra/plans";
import { handOver } from "../../rotation/handOver";
import { adaptersFor, type NotifyAdapter } from "../../rotation/notify";
import { claudeRuntime } from "../../rotation/runtime/claude";
import { toldRuntime } from "../../rotation/runtime/told";
import type { AgentRuntime } from "../../rotation/runtime/types";
import { claudeClient } from "../audit/pull/claude";
import { CouldNotRun } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";
import { readSecret } from "./input";

export interface GiveGateKeyOptions extends TokenOptions {
  readonly wait: string;
}

/** Gives the agent's runtime the new gate key, proves that it is used, and ends the old one. */
export async function giveGateKey(ctx: TokenContext, options: GiveGateKeyOptions): Promise<void> {
  const minutes = Number(options.wait);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 1440)
    throw new CouldNotRun(`--wait: ${JSON.stringify(options.wait)} is not a whole number of minutes from 1 to 1440`);
  const key = await readSecret("New gate key");
  if (!/^ghk_[A-Za-z0-9_-]{43}$/.test(key))
    throw new CouldNotRun(
      `This is no gate key: it looks like ghk_ and 43 letters and digits. Pipe what \`pulumi stack output gateKey --show-secrets --stack ${ctx.stack}\` prints.`,
    );
  const gate = await ctx.gate();
  if (!gate) throw new CouldNotRun("The gate's address is not known; set GATEHOUSE_GATE_URL.");
  const adapters = adaptersFor(ctx.effects, ctx.plan, { webhookSecret: process.env.GATEHOUSE_WEBHOOK_SECRET });
  const done = await handOver({
    effects: ctx.effects,
    gate,
    runtime: runtimeOf(ctx, adapters),
    adapters,
    key,
    waitMs: minutes * 60_000,
  });
  if (options.json) return void process.stdout.write(`${JSON.stringify(done)}\n`);
  process.stdout.write(
    [
      done.provenBy === undefined
        ? "No session was open; the next one takes the new gate key."
        : `The new gate key is in use: request ${done.provenBy}.`,
      done.ended.length === 0
        ? "The gate takes no other key of the agent's."
        : `The gate refuses the old key from now on. Remove previousUntil from Pulumi.${ctx.stack}.yaml and run pulumi up when it suits.`,
      ...done.notes.map((note) => `  - ${note}`),
      "",
    ].join("\n"),
  );
}

/** Where the agent runs, as the environment file says; with nothing said, whoever looks after it is told. */
function runtimeOf({ effects, environment, stack }: TokenContext, adapters: readonly NotifyAdapter[]): AgentRuntime {
  const plan = planClaudeAgent(environment);
  if (plan === undefined) return toldRuntime(effects, adapters, { stack, agent: environment.agent.name });
  const claude = claudeClient(process.env, 0);
  if ("missing" in claude) throw new CouldNotRun(`The agent's vault cannot be reached: ${claude.missing}.`);
  return claudeRuntime(effects, claude.client, plan);
}
