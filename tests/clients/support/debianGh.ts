import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";

/**
 * Path of the gh that this Debian packages, unpacked into the user's cache and not installed. @throws Error whose
 * message is the reason why there is none
 */
export function installDebianGh(env: NodeJS.ProcessEnv = process.env): string {
  const folder = cacheFolder("gh-debian", env);
  const target = join(folder, "usr/bin/gh");
  if (existsSync(target)) return target;
  mkdirSync(join(folder, ".."), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    const downloaded = spawnSync("apt-get", ["download", "-qq", "gh"], { cwd: work, env, timeout: 120_000 });
    if (downloaded.error !== undefined) throw new Error("apt-get is not on PATH");
    const archive = readdirSync(work).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get could not download gh (exit ${downloaded.status})`);
    const unpacked = spawnSync("dpkg-deb", ["-x", archive, "."], { cwd: work, env, timeout: 60_000 });
    if (unpacked.status !== 0 || !existsSync(join(work, "usr/bin/gh")))
      throw new Error(`dpkg-deb could not unpack ${archive}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
