/** One mistake in an environment file: where it stands, what is wrong, and what would be right. */
export interface PostureProblem {
  /** Key path as the environment file spells it, such as `gatehouse:repositories[1].access`. */
  readonly path: string;
  readonly wrong: string;
  readonly right: string;
}

/** An error whose message tells a person what is wrong and what would be right: a command prints it without a stack. */
export abstract class ExpectedError extends Error {}

/**
 * All mistakes of an environment at once; its message is one line each and is meant for the person who edits the file.
 */
export class PostureError extends ExpectedError {
  constructor(
    readonly problems: readonly PostureProblem[],
    readonly file?: string,
  ) {
    super(problems.map((p) => `${file ? `${file}: ` : ""}${p.path}: ${p.wrong}; ${p.right}`).join("\n"));
    this.name = "PostureError";
    delete this.stack; // a person's mistake needs no stack trace
  }
}
