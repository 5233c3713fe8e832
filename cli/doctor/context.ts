import type { Effects } from "../../rotation/effects";
import { assessContext, type Context, type Env } from "../live/context";
import { cloudflareAddress } from "../live/reader";
import type { Environment } from "../../infra/model";

/** What the doctor's questions work with: the systems as the assessment reaches them, and this machine's clock. */
export interface DoctorContext extends Context {
  /** Milliseconds since the epoch. */
  clock(): number;
  /** Where Cloudflare's API is reached. */
  readonly cloudflareAddress: string;
}

/** Everything from the environment file and from environment variables. */
export async function doctorContext(
  stack: string,
  environment: Environment,
  env: Env,
  effects: Effects,
): Promise<DoctorContext> {
  return {
    ...(await assessContext(stack, environment, env, { effects })),
    clock: () => effects.now(),
    cloudflareAddress: cloudflareAddress(env),
  };
}
