import { randomBytes, randomInt } from "node:crypto";
import { ProviderError } from "../types";

const DIGITS = "0123456789";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** The special characters of the real provider. */
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** What a random string is made of. All minima are counts of characters. */
export interface StringParameters {
  length: number;
  upper: boolean;
  minUpper: number;
  lower: boolean;
  minLower: number;
  numeric: boolean;
  minNumeric: number;
  special: boolean;
  minSpecial: number;
  /** Replaces the set of special characters. */
  overrideSpecial?: string;
}

/**
 * A random text from the operating system's generator. Every character is drawn uniformly (`randomInt` rejects instead
 * of taking a remainder), the demanded minima included, and the whole is shuffled, so that a position tells nothing.
 */
export function drawString(parameters: StringParameters): string {
  const special = parameters.overrideSpecial ? parameters.overrideSpecial : SPECIAL;
  const all =
    (parameters.upper ? UPPER : "") +
    (parameters.lower ? LOWER : "") +
    (parameters.numeric ? DIGITS : "") +
    (parameters.special ? special : "");
  if (all === "") throw new ProviderError("the character set specified is empty");
  const wanted: [string, number][] = [
    [UPPER, parameters.minUpper],
    [LOWER, parameters.minLower],
    [DIGITS, parameters.minNumeric],
    [special, parameters.minSpecial],
  ];
  const drawn = wanted.flatMap(([set, count]) => drawFrom(set, count));
  if (drawn.length > parameters.length)
    throw new ProviderError(
      `the minimum counts sum to ${drawn.length}, which is more than length ${parameters.length}`,
    );
  drawn.push(...drawFrom(all, parameters.length - drawn.length));
  return shuffle(drawn).join("");
}

function drawFrom(set: string, count: number): string[] {
  const characters = [...set];
  return Array.from({ length: count }, () => characters[randomInt(characters.length)] ?? "");
}

function shuffle(characters: string[]): string[] {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    const kept = characters[last] ?? "";
    characters[last] = characters[other] ?? "";
    characters[other] = kept;
  }
  return characters;
}

/** Bytes from the operating system's generator. */
export function drawBytes(count: number): Buffer {
  return randomBytes(count);
}
