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
| Made by | ${d.unattended ? "Gatehouse, without a person" : `a person signed in as \`${plan.login}\`, on a page that Gatehouse fills in`} |
| Needs | ${d.needs.join("; ")} |
| Longest life | ${end} |
| Replaced | every ${plan.everyDays} day${plan.everyDays === 1 ? "" : "s"}${d.lifetimeMs < DAY_MS ? ", and always at two thirds of its life" : ""}, and at once on suspicion |
| Old token accepted | at most ${plan.graceMinutes} minutes after the new one is stored |
| A revocation reaches every part of the gate | within ${plan.cacheSeconds} s by the token store; the gate also keeps its own list of refused tokens, which does not need the store |
| Reminders | ${d.unattended ? "not needed; a failed run is reported" : `from ${plan.remindDays} days before the date, urgent in the last third; a failing check after the date`} |
| Gate keys | both keys valid for ${plan.gateKeyOverlapHours} hours when one is replaced |

## What the credential may do

Exactly these permissions, in exactly these repositories. Gatehouse refuses to store a token with fewer or more.

| permission | level |
|---|---|
${(plan.scopes.length > 0 ? plan.scopes.map((s) => [`scope ${s}`, "-"]) : permissions).map(([name, level]) => `| ${name} | ${level} |`).join("\n")}

Repositories: ${plan.repositories.map((r) => `\`${r.name}\` (${r.access})`).join(", ")}.

## How a rotation goes

1. The rotator writes its intent to the journal, which is kept beside the secret.
2. ${d.unattended ? "The rotator makes the new token" : "A person makes the new token; Gatehouse reads it once, from standard input or a hidden prompt"}.
3. The rotator verifies it: it authenticates as \`${plan.login}\`, expires when declared, and has the declared permissions as far as GitHub shows them. The record says what GitHub does not show.
4. The rotator stores it by check-and-set, so that it never overwrites what another rotator wrote.
5. The gate switches to it. A request through the gate proves that it is in use: the audit record shows its hash.
6. The rotator revokes the old token and proves it dead: GitHub answers 401.
7. The rotator destroys old versions and notifies the agent's runtime.

A rotation may stop at any point. Any rotator continues from the journal and finishes or rolls back.

## What GitHub does not offer

${d.limits.map((limit) => `- ${limit}`).join("\n")}

## Duties

- **Operator**: ${d.unattended ? "keeps the minting secret in its store and responds to reports of failed runs." : `creates the token on time (\`gatehouse token mint-link\`, \`gatehouse token rotate\`); two people can sign in as \`${plan.login}\`.`}
- **Security**: revokes the token at once when a leak is suspected (\`gatehouse token revoke --now\`), and looks for the cause afterwards.
- **Auditor**: reads age, hash and history without being able to read the token (\`gatehouse token status\`, role auditor).
- **Nobody** pastes a token into a file, a chat, an issue, an argument or a variable of a pipeline.

## Evidence

\`gatehouse token history\` lists every rotation with the hashes of both tokens. The hash is the base64 SHA-256 that GitHub's audit log shows as \`hashed_token\` and the gate's audit records as \`tokenSha256\`, so that all three can be joined.
`;
}
