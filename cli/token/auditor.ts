import { names } from "../../infra/model";
import type { Status } from "../../rotation/status";
import { VaultCell } from "../../rotation/stores/vault";
import { statusFromNotes } from "../live/tokenNotes";
import type { TokenContext } from "./context";

/**
 * The status as an auditor sees it: from the custom metadata alone, without any right to the token. Undefined when
 * this is not an auditor's run.
 */
export async function auditorStatus(
  ctx: TokenContext,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Status | undefined> {
  const where = names(ctx.environment).vault;
  const session = ctx.vault();
  if (env.GATEHOUSE_VAULT_ROLE !== "auditor" || !where || !session) return undefined;
  const facts = await new VaultCell(session, where.mount, where.token).facts();
  return statusFromNotes(facts?.notes ?? {}, ctx.plan, ctx.effects.now());
}
