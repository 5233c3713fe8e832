import { ExpectedError } from "../../infra/model/errors";

/** What the person who started the sandbox has to know when one of its systems cannot run. */
export interface SystemsProblem {
  /** What does not work, in a few words: `OpenBao could not be installed`. */
  readonly what: string;
  /** The reason as far as it is known, without secrets. */
  readonly why: string;
  /** The next step: a command, a package, a setting. */
  readonly wayOut: string;
}

/** A part of the sandbox cannot start. The message is one sentence per part of the problem and needs no stack trace. */
export class SystemsError extends ExpectedError {
  constructor(readonly problem: SystemsProblem) {
    super(`${problem.what}: ${problem.why.trim().replace(/\.$/, "")}. ${problem.wayOut.trim().replace(/\.?$/, ".")}`);
    this.name = "SystemsError";
    delete this.stack;
  }
}

/** Node's error codes of the file system, said in words. */
export function describeSystemError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const words: Record<string, string> = {
    ENOSPC: "the disk is full",
    EACCES: "permission was denied",
    EPERM: "permission was denied",
    EROFS: "the file system is read-only",
    EDQUOT: "the disk quota is used up",
    EADDRINUSE: "the port is in use",
  };
  const message = error instanceof Error ? error.message : String(error);
  return code !== undefined && words[code] !== undefined ? `${words[code]} (${message})` : message;
}
