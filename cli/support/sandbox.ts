import { existsSync } from "node:fs";
import { join } from "node:path";
import sandbox from "../../sandbox/package.json";
import { CouldNotRun } from "./exit";

/**
 * Loads a part of `sandbox/`. The sandbox is a package of its own: `npm ci --omit=dev` installs the product without it.
 * @param load requires the part; it runs only when every dependency of the sandbox is installed.
 * @throws CouldNotRun that names the first missing package and says how to install all of them.
 * @example fromSandbox(() => require("../../sandbox/engine") as typeof import("../../sandbox/engine"))
 */
export function fromSandbox<T>(load: () => T): T {
  const missing = Object.keys(sandbox.dependencies).find((name) => !isInstalled(name));
  if (missing !== undefined)
    throw new CouldNotRun(
      `The sandbox's packages are not installed (${missing} is missing): run \`npm ci\`, without --omit=dev, in Gatehouse's folder. ` +
        "The sandbox is no part of the npm package; it is in a clone of the repository.",
    );
  return load();
}

/** Looks for the folder: some packages are ES modules only, which `require.resolve` does not find. */
const isInstalled = (name: string): boolean =>
  (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name, "package.json")));
