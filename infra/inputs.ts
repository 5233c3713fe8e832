import * as pulumi from "@pulumi/pulumi";
import { keyPath } from "./config/problems";
import { PostureError, type PostureProblem } from "./model";

type Plain = string | number | boolean | null | undefined;

/** A value of which every part, at any depth, may come as a promise or an output. */
export type DeepInput<T> = pulumi.Input<
  [T] extends [Plain]
    ? T
    : T extends readonly (infer Item)[]
      ? readonly DeepInput<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: DeepInput<T[Key]> }
        : T
>;

/** Where a secret may stand: Gatehouse declares these values as secrets, whoever gives them. */
const SECRET_PLACE = /^gatehouse:audit\.sinks\[\d+\]\.(?:destination|ownershipChallenge|token|apiKey|secretAccessKey)$/;

/**
 * Waits for every promise and output in a value. What is declared depends on an environment as a whole, so all of it
 * must be known before anything is: in a preview, too.
 * @param source What starts every message: the resource that the program declares.
 * @throws PostureError naming each value that is known after the update alone, and each secret that would stand in
 *   clear in the state
 */
export async function resolveInputs<T>(value: DeepInput<T>, source: string): Promise<T> {
  const problems: PostureProblem[] = [];
  const resolved = await resolve(value, [], problems);
  if (problems.length > 0) throw new PostureError(problems, source);
  return resolved as T;
}

async function resolve(value: unknown, path: readonly PropertyKey[], problems: PostureProblem[]): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) return resolve(await read(value, path, problems), path, problems);
  if (value instanceof Promise) return resolve(await value, path, problems);
  if (Array.isArray(value)) return Promise.all(value.map((part, index) => resolve(part, [...path, index], problems)));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(async ([key, part]) => [
    key,
    await resolve(part, [...path, key], problems),
  ]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}

/** What an output holds; undefined, with a problem, where it may not be used. */
async function read(
  output: pulumi.Output<unknown>,
  path: readonly PropertyKey[],
  problems: PostureProblem[],
): Promise<unknown> {
  // Not in the declared interface, but what `pulumi.isSecret` and every mock of Pulumi's reads.
  const { isKnown, promise } = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<unknown> };
  const problem = (wrong: string, right: string) => void problems.push({ path: keyPath(path), wrong, right });
  if (!(await isKnown))
    return problem(
      "known after the update only",
      "a value from the configuration, a look-up or a StackReference: it decides what is declared",
    );
  if ((await pulumi.isSecret(output)) && !SECRET_PLACE.test(keyPath(path)))
    return problem(
      "a secret, which would stand in clear in the stack's state",
      "a plain value; only the credentials of audit.sinks may be secret",
    );
  return promise.call(output);
}
