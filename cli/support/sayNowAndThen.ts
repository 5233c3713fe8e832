const EVERY_MS = 3_000;

/** Says how far a long command is. @param text the sentence, made only when it is said */
export type Say = (text: () => string) => void;

/** Says it on standard error, every few seconds at most; a command that is done before says nothing. */
export function sayNowAndThen(now: () => number = Date.now): Say {
  let next = now() + EVERY_MS;
  return (text) => {
    if (now() < next) return;
    next = now() + EVERY_MS;
    process.stderr.write(`${text()} …\n`);
  };
}
