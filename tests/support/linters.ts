import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../clients/support/cache";
import { installGoProgram } from "../clients/support/go";

const ZIZMOR = "1.32.0";
const MULTITOOL = "5.7.0";

/** Path of actionlint, which checks workflows. @throws Error whose message is the reason why there is none */
export const installActionlint = (): string =>
  installGoProgram({ name: "actionlint", module: "github.com/rhysd/actionlint/cmd/actionlint", version: "1.7.12" });

/**
 * Path of zizmor, which looks for weaknesses of workflows: pinned, from PyPI, in the user's cache. @throws Error whose
 * message is the reason why there is none
 */
export const installZizmor = (): string =>
  installed(`zizmor-${ZIZMOR}`, join("bin", "zizmor"), "python3", (folder) => [
    ..."-m pip install --disable-pip-version-check --no-input --quiet --no-deps --only-binary :all: --target".split(
      " ",
    ),
    folder,
    `zizmor==${ZIZMOR}`,
  ]);

/**
 * Path of Microsoft's SARIF validator, which knows GitHub's rules: pinned, from npm, in the user's cache. @throws Error
 * whose message is the reason why there is none
 */
export function installSarifMultitool(): string {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`no pinned sarif-multitool for ${process.platform}-${process.arch}`);
  const name = "@microsoft/sarif-multitool-linux";
  const program = installed(
    `sarif-multitool-${MULTITOOL}`,
    join("node_modules", name, "Sarif.Multitool"),
    "npm",
    (folder) => [
      ..."install --ignore-scripts --no-audit --no-fund --no-save --prefix".split(" "),
      folder,
      `${name}@${MULTITOOL}`,
    ],
  );
  // What its install script would do.
  spawnSync("chmod", ["u+x", program]);
  return program;
}

/** Path of a program in a folder of the user's cache, which `install` fills where it is not there yet. */
function installed(name: string, program: string, command: string, install: (folder: string) => string[]): string {
  const target = cacheFolder(name);
  if (existsSync(join(target, program))) return join(target, program);
  const draft = `${target}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const { status } = spawnSync(command, install(draft), { timeout: 300_000, stdio: "ignore" });
    if (status !== 0 || !existsSync(join(draft, program)))
      throw new Error(`${command} could not install ${name} (exit ${status})`);
    renameSync(draft, target);
    return join(target, program);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
