const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "no such file or folder",
  EISDIR: "this is a folder, not a file",
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  EEXIST: "it is there already",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk's quota is used up",
};

/** Why a file could not be used, for a person. */
export const reasonOf = (error: unknown): string => {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
};

/** Reasons that lie in the machine, whatever the command does; a file that is not there may be the command's own fault. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set([
  "EISDIR",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOSPC",
  "EDQUOT",
]);

/** The sentence for a call on the file system that the machine refused; undefined for every other error. */
export function fileRefusal(error: unknown): string | undefined {
  const { code = "", syscall, path } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return syscall !== undefined && OF_THE_MACHINE.has(code)
    ? `${path === undefined ? "A file cannot be used" : `${path}: the file cannot be used`}: ${reasonOf(error)}`
    : undefined;
}
