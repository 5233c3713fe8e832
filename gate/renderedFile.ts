/** A file of a configuration: its name in the folder, and its text. */
export interface RenderedFile {
  readonly name: string;
  readonly text: string;
}

/** How such a file begins, where a number sign starts a comment. */
export const MADE = "# Made by gatehouse; change the environment file and make it anew.";
