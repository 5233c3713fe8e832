import type { Command } from "commander";
import { withExamples, withJson, withStack } from "../support/options";
import { tokenContext, type TokenContext, type TokenOptions } from "../token/context";
import { gateKey, type GateKeyOptions } from "../token/gateKey";
import { giveGateKey, type GiveGateKeyOptions } from "../token/giveGateKey";
import { history } from "../token/history";
import { placeMinter } from "../token/minter";
import { mintLink } from "../token/mintLink";
import { policy, type PolicyOptions } from "../token/policy";
import { revoke, type RevokeOptions } from "../token/revoke";
import { rotate, type RotateOptions } from "../token/rotate";
import { logProgress, withExitCodes } from "../token/show";
import { status, type StatusOptions } from "../token/status";
import { put, type PutOptions } from "../token/supply";

type Act<Options extends TokenOptions> = (context: TokenContext, options: Options) => Promise<void>;

/**
 * `gatehouse token …`: the life of the machine user's GitHub token. No token is ever taken from an argument or printed.
 */
export function registerToken(program: Command): void {
  const token = program.command("token").description("make, check, replace and revoke the machine user's GitHub token");
  const sub = (name: string, description: string, ...examples: readonly string[]): Command =>
    withExamples(withJson(withStack(token.command(name).description(description))), ...examples);
  const run =
    <Options extends TokenOptions>(act: Act<Options>) =>
    (options: Options): Promise<void> =>
      withExitCodes(() => act(tokenContext(options, logProgress(options.json)), options));

  sub(
    "status",
    "show the token's state; exit 1 when somebody must act",
    "gatehouse token status --stack prod",
    "gatehouse token status --stack prod --remind",
  )
    .option("--remind", "also open or update the reminder issue and call the webhooks")
    .option("--offline", "do not ask GitHub whether the token still works")
    .action(run<StatusOptions>(status));
  sub(
    "mint-link",
    "print the link to GitHub's token page, filled in, and what to choose there",
    "gatehouse token mint-link --stack prod",
  ).action(run(mintLink));
  sub(
    "put",
    "store a token that a person made; reads it from standard input or a hidden prompt",
    "gatehouse token put --stack prod",
    "pass show github/claude-bot | gatehouse token put --stack prod",
  )
    .option("--standby", "app-user-token only: store the second authorization, which takes over when the first fails")
    .option("--reason <text>", "the reason that the history shows", "placed by hand")
    .action(run<PutOptions>(put));
  sub(
    "minter",
    "store the secret that mints tokens without a person (the App's private key or client secret, or a site administrator's token); reads it from standard input",
    "gatehouse token minter --stack prod < app.private-key.pem",
  ).action(run(placeMinter));
  sub(
    "rotate",
    "replace the token without a gap, or finish what an earlier run left",
    "gatehouse token rotate --stack prod",
    "gatehouse token rotate --stack prod --if-due",
  )
    .option("--from-stdin", "read the new token from standard input")
    .option("--resume", "only finish or roll back what an earlier run left")
    .option("--if-due", "do nothing unless the schedule says that the token is due")
    .option("--urgent", "the old token may be stolen: revoke it without waiting for caches")
    .option("--reason <text>", "the reason that the history shows", "by hand")
    .action(run<RotateOptions>(rotate));
  sub(
    "revoke",
    "revoke the token; the agent has no access until there is a new one",
    "gatehouse token revoke --stack prod --now",
    "gatehouse token revoke --stack prod --reopen",
  )
    .option("--now", "required: confirms that the token is revoked at once; works while Vault is down")
    .option("--from-stdin", "read the token to revoke from standard input, when the token store is down")
    .option("--reopen", "revoke nothing: let the gate serve requests again after an emergency")
    .option("--reason <text>", "the reason that the history shows", "emergency")
    .action(run<RevokeOptions>(revoke));
  sub("history", "list the rotations of the token, newest first", "gatehouse token history --stack prod").action(
    run(history),
  );
  sub(
    "gate-key",
    "write a new generation of the gate key into the environment file; old and new key work during the overlap",
    "gatehouse token gate-key --stack prod --dry-run",
  )
    .option("--dry-run", "print what would change, and write nothing")
    .action(run<GateKeyOptions>(gateKey));
  sub(
    "hand-over",
    "give the agent the new gate key, which standard input has; once a request shows it in use, end the old one",
    "pulumi stack output gateKey --show-secrets --stack prod | gatehouse token hand-over --stack prod",
  )
    .option("--wait <minutes>", "how long to wait for a request under the new key, 1 to 1440", "10")
    .action(run<GiveGateKeyOptions>(giveGateKey));
  sub(
    "policy",
    "print the rotation schedule of the environment file as policy text",
    "gatehouse token policy --stack prod --write docs/rotation.md",
    "gatehouse token policy --stack prod --check docs/rotation.md",
  )
    .option("--write <file>", "write the text to this file, if it changed")
    .option("--check <file>", "exit 1 when this file does not say the same as the environment file")
    .action(run<PolicyOptions>(policy));
}
