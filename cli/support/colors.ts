import { createColors } from "picocolors";

/**
 * Whether a stream shows colors: it is a terminal that knows them, and NO_COLOR is not set. picocolors by itself also
 * colors files and pipes wherever `CI` is set, and what a script reads there must be plain text.
 */
export const showsColors = (
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): boolean => isTTY === true && !NO_COLOR && TERM !== "dumb";

/** Colors of what goes to the standard output. */
export const colors = createColors(showsColors(process.stdout));

/** Colors of what goes to the standard error. */
export const errorColors = createColors(showsColors(process.stderr));
