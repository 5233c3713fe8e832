import { ExpectedError } from "../infra/model/errors";

/** Every way a rotation can stop. The message is for the person who must act; none carries a secret. */

export type System = "GitHub" | "Vault" | "the gate" | "Cloudflare" | "Anthropic" | "a webhook";

/** A system did not answer usefully within the bounded retries. Running the command again resumes. */
export class Unavailable extends ExpectedError {
  constructor(
    readonly system: System,
    readonly what: string,
    /** Why, in words: what `fetch` threw, or the status. */
    override readonly cause: string,
    readonly retryAfterMs?: number,
  ) {
    super(
      `${system} did not ${what}: ${cause}${retryAfterMs === undefined ? "" : `; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s`}`,
    );
    this.name = "Unavailable";
  }
}

/** A system answered, and the answer is no. */
export class RequestRefused extends ExpectedError {
  constructor(
    readonly system: System,
    readonly what: string,
    readonly status: number,
    readonly detail: string,
  ) {
    super(`${system} refused to ${what} (${status}): ${detail}`);
    this.name = "RequestRefused";
  }
}

/** The cell's version is not the one that was expected: somebody else wrote it. */
export class Conflict extends ExpectedError {
  constructor(readonly where: string) {
    super(`${where} was changed by somebody else meanwhile`);
    this.name = "Conflict";
  }
}

/** Only a person can go on; `todo` says what to do, in order. */
export class NeedsPerson extends ExpectedError {
  constructor(
    readonly why: string,
    readonly todo: readonly string[],
  ) {
    super(why);
    this.name = "NeedsPerson";
  }
}

/** What the caller gave cannot be worked with (exit 2). */
export class Misuse extends ExpectedError {
  constructor(message: string) {
    super(message);
    this.name = "Misuse";
  }
}

/**
 * What went wrong, for a person. `fetch` itself says only that it failed; what is right is the sentence of its cause.
 */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return error.message === "fetch failed" && cause instanceof Error && cause.message !== ""
    ? cause.message
    : error.message;
};
