import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { CouldNotRun } from "../support/exit";
import { writeNamedFile } from "../support/files";
import type { RenderedFile } from "../../gate/renderedFile";

/**
 * Writes files and empty folders. Whoever runs the service must be able to pass through the folders; logs and state are for that
 * user alone.
 * @param keep names of files that are left as they are where they are there
 * @throws CouldNotRun with the name and the reason
 */
export function writeAll(
  out: string,
  files: readonly RenderedFile[],
  folders: readonly string[],
  keep: ReadonlySet<string>,
): void {
  for (const folder of ["", ...folders]) {
    try {
      mkdirSync(join(out, folder), { recursive: true, mode: /^(?:logs|state)/.test(folder) ? 0o700 : 0o755 });
    } catch (error) {
      throw new CouldNotRun(
        `${join(out, folder)}: the folder cannot be made: ${(error as NodeJS.ErrnoException).code ?? "unknown"}`,
      );
    }
  }
  for (const { name, text } of files) {
    const file = join(out, name);
    if (keep.has(name) && existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeNamedFile(file, text);
    chmodSync(file, name.endsWith(".sh") ? 0o755 : name.endsWith(".env") ? 0o600 : 0o644);
  }
}
