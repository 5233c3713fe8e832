import { rotationPolicy } from "../../rotation/policyText";
import { DoesNotHold } from "../support/exit";
import type { TokenContext, TokenOptions } from "./context";
import { writeIfChanged } from "./files";

export interface PolicyOptions extends TokenOptions {
  readonly write?: string;
  readonly check?: string;
}

/** Prints, writes or checks the rotation schedule as policy text. */
export async function policy(ctx: TokenContext, options: PolicyOptions): Promise<void> {
  const text = rotationPolicy(ctx.plan, `Pulumi.${ctx.stack}.yaml`);
  if (options.check) {
    if (!(await writeIfChanged(options.check, text, true))) return;
    throw new DoesNotHold(
      `${options.check} does not match Pulumi.${ctx.stack}.yaml. Write it again: gatehouse token policy --stack ${ctx.stack} --write ${options.check}`,
    );
  }
  if (options.write)
    process.stdout.write(
      (await writeIfChanged(options.write, text)) ? `Wrote ${options.write}.\n` : `${options.write} is up to date.\n`,
    );
  else process.stdout.write(text);
}
