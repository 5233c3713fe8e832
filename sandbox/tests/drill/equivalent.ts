/**
 * Holes that no attempt shows, each with the reason: something stronger gives the same answer, or GitHub itself does.
 * By the end of what a mutant is called.
 */
const EQUIVALENT: readonly (readonly [what: RegExp, reason: string])[] = [
  [
    /CODEOWNERS\/.+ is not restricted$/,
    "a folder in the place of CODEOWNERS takes the file away, which the file's own pattern restricts",
  ],
  [
    /keeps its history": no deletion$|^branch protection: deletions pass$/,
    "GitHub deletes no default branch, whoever asks; the rule is for the day when another branch becomes the default",
  ],
  [/stays on its branches": no non_fast_forward$/, "the rule `update` beside it refuses every movement"],
];

export const excuse = (what: string): string | undefined => EQUIVALENT.find(([pattern]) => pattern.test(what))?.[1];
