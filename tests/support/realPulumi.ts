import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What has to be on the machine: the command line, and each plugin on PATH or among its plugins. */
const NEEDED = ["cloudflare", "github", "random", "vault"];

/**
 * What is missing on this machine for the real engine; undefined when nothing is.
 * @param languages beside TypeScript, such as `python`
 */
export function lacking(languages: readonly string[] = [], plugins: readonly string[] = NEEDED): string | undefined {
  const has = (name: string): boolean =>
    (process.env.PATH ?? "").split(delimiter).some((directory) => existsSync(join(directory, name)));
  if (!has("pulumi")) return "there is no pulumi on PATH";
  const silent = languages.filter((language) => !has(`pulumi-language-${language}`));
  if (silent.length > 0) return `there is no pulumi-language-${silent.join(", ")} on PATH`;
  const { stdout } = spawnSync("pulumi", ["plugin", "ls", "--json"], { encoding: "utf8", timeout: 60_000 });
  const installed = ((): string[] => {
    try {
      return (JSON.parse(stdout || "[]") as { name: string }[]).map(({ name }) => name);
    } catch {
      return [];
    }
  })();
  const missing = plugins.filter((name) => !installed.includes(name) && !has(`pulumi-resource-${name}`));
  return missing.length > 0 ? `pulumi has no plugin ${missing.join(", ")}` : undefined;
}
