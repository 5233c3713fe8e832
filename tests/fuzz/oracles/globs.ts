import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { PathMatcher } from "../../../gate/policy/text/globs";
import { folder, git, gitOk } from "../support/git";

let repository: string | undefined;

export function forgetRepository(): void {
  repository = undefined;
}

/**
 * Whatever a `.gitignore` with these lines would ignore (with case folded, as on the file systems that fold it) is
 * protected; and whoever may not look below a directory misses nothing.
 */
export function protectsWhatGitIgnores({
  globs,
  paths,
}: {
  readonly globs: readonly string[];
  readonly paths: readonly string[];
}): boolean {
  repository ??= (() => {
    const dir = folder();
    gitOk(dir, ["init", "-q"]);
    return dir;
  })();
  const matcher = new PathMatcher(globs);
  writeFileSync(path.join(repository, ".gitignore"), `${globs.join("\n")}\n`);
  const { out } = git(
    repository,
    ["-c", "core.ignoreCase=true", "check-ignore", "--no-index", "-z", "--stdin"],
    `${paths.join("\0")}\0`,
  );
  const ignored = new Set(
    out
      .toString("utf8")
      .split("\0")
      .filter((p) => p !== ""),
  );
  for (const file of paths) {
    const matches = matcher.matches(file);
    if (ignored.has(file) && !matches) throw new Error(`git ignores ${file}, and the gate does not protect it`);
    const parts = file.split("/");
    for (let i = 1; matches && i < parts.length; i++) {
      const directory = parts.slice(0, i).join("/");
      if (!matcher.mayMatchBelow(directory))
        throw new Error(`${file} is protected, and the gate does not look below ${directory}`);
    }
  }
  return ignored.size > 0;
}
