import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../../../sandbox/github/world";

/** Everything the stand-in holds that a request could change: its records and the references of every repository. */
export function stateOf(world: World): string {
  const hash = createHash("sha256");
  for (const part of [
    world.users,
    world.orgs,
    world.teams,
    world.repos,
    world.gists,
    world.apps,
    world.installations,
    world.renamed,
  ])
    hash.update(JSON.stringify([...part], plain));
  for (const token of world.tokens.list()) hash.update(`${token.sha256}${token.revokedAt ?? ""}`);
  for (const repository of world.repos.values()) hash.update(refsOf(repository.gitDir).join("\n"));
  return hash.digest("hex");
}

/** References of a bare repository, read from its files. */
function refsOf(gitDir: string): string[] {
  const refs = new Map<string, string>();
  const packed = join(gitDir, "packed-refs");
  if (existsSync(packed))
    for (const line of readFileSync(packed, "utf8").split("\n"))
      if (/^[0-9a-f]{40} /.test(line)) refs.set(line.slice(41), line.slice(0, 40));
  const walk = (folder: string, name: string): void => {
    for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
      if (entry.isDirectory()) walk(join(folder, entry.name), `${name}/${entry.name}`);
      else refs.set(`${name}/${entry.name}`, readFileSync(join(folder, entry.name), "utf8").trim());
    }
  };
  walk(join(gitDir, "refs"), "refs");
  return [...refs].map(([ref, id]) => `${id} ${ref}`).sort();
}

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...value] : value;
}
