import { homedir } from "node:os";
import { join } from "node:path";

/** A folder in the user's cache for what the tests of the clients install; it may not exist yet. */
export function cacheFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const cache = env["XDG_CACHE_HOME"]?.startsWith("/")
    ? env["XDG_CACHE_HOME"]
    : join(env["HOME"] ?? homedir(), ".cache");
  return join(cache, "gatehouse", name);
}
