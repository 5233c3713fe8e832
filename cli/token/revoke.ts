import { revokeNow } from "../../rotation/emergency";
import { Unavailable, messageOf } from "../../rotation/errors";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";
import { readSecret } from "./input";

export interface RevokeOptions extends TokenOptions {
  readonly now?: boolean;
  readonly fromStdin?: boolean;
  readonly reopen?: boolean;
  readonly reason: string;
}

/** The emergency: closes the gate and ends the token. @throws DoesNotHold unless the token is proven dead */
export async function revoke(ctx: TokenContext, options: RevokeOptions): Promise<void> {
  if (options.reopen) {
    const gate = await ctx.gate();
    if (!gate) throw new CouldNotRun("The gate's address is not known; set GATEHOUSE_GATE_URL.");
    await gate.deny({ stop: false });
    process.stdout.write("The gate's kill switch is off: it serves requests again.\n");
    return;
  }
  if (!options.now)
    throw new CouldNotRun(
      "This revokes the token for good, and the agent loses its access at once. If you want that, run: gatehouse token revoke --now",
    );
  const supplied = options.fromStdin ? (await readSecret("Token to revoke")).split(/[ \t\r\n]+/)[0] : undefined;
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
