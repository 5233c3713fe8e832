import { minterFor } from "../../rotation/minters";
import { CouldNotRun } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";

/** Prints the page on which a person makes the token, and what to choose there. */
export async function mintLink(ctx: TokenContext, options: TokenOptions): Promise<void> {
  const minter = minterFor(ctx.effects, ctx.plan, await ctx.minterSecrets());
  const link = minter.link?.();
  if (!link)
    throw new CouldNotRun(
      `A token of kind ${ctx.plan.kind} is minted without a person, so there is no link. Run: gatehouse token rotate`,
    );
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
            "4. Generate the token and paste it into: gatehouse token put (the first token) or gatehouse token rotate (every later one)",
          ]
        : [
            "2. Authorize the App twice (two browsers or two device codes). Give the first pair to: gatehouse token put; the second to: gatehouse token put --standby",
          ]),
      "",
    ].join("\n"),
  );
}
