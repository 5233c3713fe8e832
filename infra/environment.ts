import * as pulumi from "@pulumi/pulumi";
import { isParsed, parseEnvironment, rawFromConfig } from "./config";
import { PostureError, type Environment, type EnvironmentInput } from "./model";

/**
 * Validates an environment and fills in its defaults; one that `parseEnvironment` made is returned as it is.
 * @param source What starts every message about a mistake: the file or the resource that a person has to edit.
 * @throws RunError with every mistake at once, one line each, without a stack
 */
export function environmentOf(input: EnvironmentInput | Environment, source: string): Environment {
  if (isParsed(input)) return input;
  try {
    return parseEnvironment({ ...input }, source);
  } catch (error) {
    throw asRunError(error);
  }
}

/**
 * The environment that stands in the stack's file, unvalidated: the `gatehouse:` keys of `Pulumi.<stack>.yaml`. All keys
 * are read at once and none is required one by one: an error of `Config.require` can hang for a minute while Node 20
 * prints it.
 * @example
 * const posture = await createPosture("agents", stackEnvironment());
 */
export function stackEnvironment(): EnvironmentInput {
  // What it really is decides the validation, which every consumer does.
  return rawFromConfig(pulumi.runtime.allConfig()) as EnvironmentInput;
}

/**
 * Ends the program with its message alone: what a person wrote wrong needs no stack trace. The runner prints errors by
 * a call that takes Node 20 half a minute when the stack names a file of the SDK, so there is none to print.
 */
export function asRunError(error: unknown): unknown {
  if (!(error instanceof PostureError)) return error;
  const shown = new pulumi.RunError(error.message);
  shown.stack = shown.message;
  return shown;
}
