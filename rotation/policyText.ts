import { DAY_MS } from "../edge/time";
import { byCode } from "../infra/model/text";
import type { RotationPlan } from "./plan";
import { declarationOf } from "./minters/declarations";

/** The schedule as a policy that a company can adopt. The same environment gives the same text, to the byte. */
export function rotationPolicy(plan: RotationPlan, source: string): string {
  const d = declarationOf(plan);
  const end = plan.expiryDays === undefined ? d.lifetime : `${plan.expiryDays} days`;
  const permissions = Object.entries(plan.permissions).sort(([a], [b]) => byCode(a, b));
  return `<!-- Generated from ${source} by \`gatehouse token policy --write\`. Change the environment file, not this page. -->

# Rotation of the agent's GitHub credential

## Scope

This policy covers the credential with which the machine user \`${plan.login}\` acts in the organization \`${plan.organization}\`, and the gate keys that agents show to the gate. It binds whoever operates Gatehouse.

| | |
|---|---|
| Kind | ${plan.kind} |
| Made by | ${d.alone ? "Gatehouse, without a person" : `a person signed in as \`${plan.login}\`, on a page that Gatehouse fills in`} |
| Needs | ${d.needs.join("; ")} |
| Longest life | ${end} |
| Replaced | every ${plan.everyDays} day${plan.everyDays === 1 ? "" : "s"}${d.lifetimeMs < DAY_MS ? ", and always at two thirds of its life" : ""}, and at once on suspicion |
| Old token accepted | at most ${plan.graceMinutes} minutes after the new one is stored |
| A revocation reaches every part of the gate | within ${plan.cacheSeconds} s by the token store; the gate also keeps its own list of refused tokens, which does not need the store |
| Reminders | ${d.alone ? "not needed; a failed run is reported" : `from ${plan.remindDays} days before the date, louder in the last third, and a failing check after it`} |
| Gate keys | both keys valid for ${plan.gateKeyOverlapHours} hours when one is replaced |

## What the credential may do

Exactly this, in exactly these repositories. A token with less or more is refused before it is stored.

| permission | level |
|---|---|
${(plan.scopes.length > 0 ? plan.scopes.map((s) => [`scope ${s}`, "-"]) : permissions).map(([name, level]) => `| ${name} | ${level} |`).join("\n")}

Repositories: ${plan.repositories.map((r) => `\`${r.name}\` (${r.access})`).join(", ")}.

## How a rotation goes

1. The intent is written to the journal, beside the secret.
2. The new token is ${d.alone ? "made" : "made by a person and read once, from standard input or a hidden prompt"}.
3. It is verified: it authenticates, as \`${plan.login}\`, ends when declared, and has the declared permissions as far as GitHub shows them. What GitHub does not show is written down.
4. It is stored by check-and-set; nothing that somebody else wrote is overwritten.
5. The gate takes it up, and a request through the gate proves by the hash in its audit record that it is in use.
6. The old token is revoked, and proven dead: GitHub answers 401.
7. Old versions are destroyed, and those who must know are told.

It may be stopped at any point: any rotator goes on from the journal, and finishes or rolls back.

## What GitHub does not offer

${d.limits.map((limit) => `- ${limit}`).join("\n")}

## Duties

- **Operator**: ${d.alone ? "keeps the minting secret in its store and answers reports of failed runs." : `creates the token on time (\`gatehouse token mint-link\`, \`gatehouse token rotate\`); two people can sign in as \`${plan.login}\`.`}
- **Security**: on suspicion of a leak ends the token at once (\`gatehouse token revoke --now\`), before looking for the cause.
- **Auditor**: reads age, hash and history without being able to read the token (\`gatehouse token status\`, role auditor).
- **Nobody** pastes a token into a file, a chat, an issue, an argument or a variable of a pipeline.

## Evidence

\`gatehouse token history\` lists every rotation with the hashes of both tokens. The hash is the base64 SHA-256 that GitHub's audit log shows as \`hashed_token\` and the gate's audit records as \`tokenSha256\`, so that all three can be joined.
`;
}
