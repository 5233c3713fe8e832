import { names } from "../../infra/model";
import { emptyJournal } from "../../rotation/journal";
import { judge, type Status } from "../../rotation/status";
import { VaultCell } from "../../rotation/stores/vault";
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
  const notes = facts?.notes ?? {};
  const record =
    facts && notes.token_sha256
      ? {
          token: "not read",
          sha256: notes.token_sha256,
          kind: ctx.plan.kind,
          login: ctx.plan.login,
          expires_at: notes.expires_at ?? "",
          rotation_id: notes.rotation_id ?? "",
        }
      : undefined;
  const journal = notes.rotated_at
    ? {
        ...emptyJournal,
        history: [
          {
            id: notes.rotation_id ?? "",
            reason: "",
            startedAt: "",
            endedAt: notes.rotated_at,
            outcome: "finished" as const,
            notes: [],
            phases: {},
          },
        ],
      }
    : emptyJournal;
  return judge(record, journal, ctx.plan, ctx.effects.now());
}
