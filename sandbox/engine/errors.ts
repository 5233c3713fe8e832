import { ExpectedError } from "../../infra/model/errors";

/** Something the person who runs the engine must know; shown without a stack. */
export class EngineError extends ExpectedError {
  constructor(message: string) {
    super(message);
    this.name = "EngineError";
  }
}

/** The engine was asked to do something on a configuration, project or command line that is wrong (exit code 2). */
export class UsageError extends EngineError {}

/** Something the program used that this engine does not do; names it, and says what does. */
export class UnsupportedError extends EngineError {
  constructor(what: string) {
    super(`${what}: the sandbox's engine does not support this; deploy with the Pulumi CLI instead`);
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
