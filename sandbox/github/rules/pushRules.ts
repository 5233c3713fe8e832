import type { RulesetRule } from "../state";
import { fnmatch } from "./fnmatch";

/** A file that somebody wants to change. */
export interface TouchedFile {
  /** "" for an object that has no place yet. */
  path: string;
  /** Bytes; null when it goes, or is no file. */
  size: number | null;
  deleted: boolean;
}

const LISTED = 10;

/**
 * Why a rule of a push ruleset does not hold for these changes; undefined when it does. Deleting a restricted path is a
 * change of it too.
 */
export function pushRuleProblem(rule: RulesetRule, files: readonly TouchedFile[]): string | undefined {
  const p = rule.parameters ?? {};
  const names = (list: readonly TouchedFile[]): string =>
    list
      .slice(0, LISTED)
      .map(({ path }) => path)
      .join(", ");
  switch (rule.type) {
    case "file_path_restriction": {
      const restricted = (p["restricted_file_paths"] ?? []) as string[];
      const hit = files.filter(({ path }) => path !== "" && restricted.some((pattern) => fnmatch(pattern, path)));
      return hit.length > 0 ? `Changes to restricted paths are not allowed: ${names(hit)}.` : undefined;
    }
    case "file_extension_restriction": {
      const extensions = ((p["restricted_file_extensions"] ?? []) as string[]).map((e) =>
        `.${e.replace(/^\*?\./, "")}`.toLowerCase(),
      );
      const hit = files.filter(
        ({ path, deleted }) => !deleted && extensions.some((e) => path.toLowerCase().endsWith(e)),
      );
      return hit.length > 0 ? `Files with restricted extensions are not allowed: ${names(hit)}.` : undefined;
    }
    case "max_file_path_length": {
      const limit = Number(p["max_file_path_length"] ?? Infinity);
      return files.some(({ path, deleted }) => !deleted && path.length > limit)
        ? `File paths must be at most ${limit} characters.`
        : undefined;
    }
    case "max_file_size": {
      const limit = Number(p["max_file_size"] ?? Infinity);
      return files.some(({ size }) => (size ?? 0) > limit * 1024 * 1024)
        ? `Files must be at most ${limit} MB.`
        : undefined;
    }
    default:
      return undefined;
  }
}
