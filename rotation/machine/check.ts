import { short } from "../text";
import { acceptInvitation, verify } from "../verify";
import type { Run } from "./run";

/** minted → verified: the new token is what was declared, asked of GitHub with the token itself. */
export async function check(run: Run): Promise<void> {
  const { effects, plan, grant } = run.deps;
  const r = run.rotation;
  const { next } = run;
  const notes = [...r.notes];
  const invitation = r.placedByPerson || !r.old ? await acceptInvitation(effects, plan, next.token) : undefined;
  if (invitation) notes.push(invitation);
  const verdict = await verify(effects, plan, next.token, {
    ...(grant ? { grant } : {}),
    granted: {
      expiresAt: next.expires_at,
      ...(r.granted?.permissions ? { granted: r.granted.permissions } : {}),
      ...(r.granted?.repositories ? { grantedRepositories: r.granted.repositories } : {}),
    },
  });
  if (verdict.problems.length > 0)
    return run.turnBack(`the new token is not what was declared: ${verdict.problems.join("; ")}`, { notes });
  run.report(
    "verified",
    `${short(next.sha256)} is ${verdict.login}'s and has exactly what was declared, as far as GitHub shows`,
  );
  await run.reach("verified", {
    next: { ...next, login: verdict.login, expires_at: verdict.expiresAt },
    notes: [...notes, ...verdict.unseen],
  });
}
