import type { Anthropic } from "@anthropic-ai/sdk";
import type { Effects } from "../effects";
import { RequestRefused, Unavailable, messageOf } from "../errors";

/** The part of the official client that is used here. Its own retries are off: it would send a conflict again. */
export type ClaudeClient = Pick<Anthropic, "beta">;

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Every item of a list, page by page. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/**
 * One call of the client, sent again after a rate limit, and after a failure that leaves open whether the service did
 * it. A refusal is never sent again.
 * @param what completes "did not …" and "refused to …"
 * @param secret what no message may repeat
 * @param once not sent again when the service may have done it: for what has another effect the second time
 */
export async function send<T>(
  effects: Effects,
  what: string,
  call: () => PromiseLike<T>,
  { secret = "", once = false }: { readonly secret?: string; readonly once?: boolean } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { status, headers } = error as { status?: number; headers?: { get?(name: string): string | null } };
      const words = secret === "" ? reasonOf(error) : reasonOf(error).replaceAll(secret, "[gate key]");
      if (status !== undefined && status < 500 && status !== 408 && status !== 429)
        throw new RequestRefused("Anthropic", what, status, words);
      const asked = Number(headers?.get?.("retry-after") ?? Number.NaN) * 1000;
      const wait = asked >= 0 ? asked : FIRST_WAIT_MS * 2 ** (attempt - 1);
      if (attempt >= ATTEMPTS || wait > LONGEST_WAIT_MS || (once && status !== 429))
        throw new Unavailable("Anthropic", what, words);
      await effects.sleep(wait);
    }
  }
}

/** The service's own sentence, without the request that it may quote around it. */
function reasonOf(error: unknown): string {
  const { message } = (error as { error?: { error?: { message?: unknown } } }).error?.error ?? {};
  return typeof message === "string" ? message : messageOf(error);
}
