import type { Effects } from "../../rotation/effects";
import { addressFrom } from "../support/address";
import { assessContext, type Context, type Env } from "../live/context";
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
    cloudflareAddress: addressFrom(env, "CLOUDFLARE_BASE_URL") ?? "https://api.cloudflare.com/client/v4",
  };
}
