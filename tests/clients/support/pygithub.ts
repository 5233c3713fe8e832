import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";

export const PYGITHUB_VERSION = "2.10.0";
/** What it stands on, pinned too, so that two runs install the same. */
const PINNED = [
  `PyGithub==${PYGITHUB_VERSION}`,
  ..."certifi==2026.10.19.post1 cffi==2.1.1 charset-normalizer==3.5.3 cryptography==50.0.2 idna==3.20 pycparser==3.12 PyJWT==2.15.1 PyNaCl==1.6.2 requests==2.34.2 typing-extensions==4.16.0 urllib3==2.8.0".split(
    " ",
  ),
];

/**
 * Folder for `PYTHONPATH` with the pinned PyGithub, in the user's cache. @throws Error whose message is the reason why
 * there is none
 */
export function installPyGithub(env: NodeJS.ProcessEnv = process.env): string {
  const target = cacheFolder(`pygithub-${PYGITHUB_VERSION}`, env);
  if (existsSync(join(target, "github"))) return target;
  const draft = `${target}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const pip = "-m pip install --disable-pip-version-check --no-input --quiet --no-deps --only-binary :all: --target";
    const done = spawnSync("python3", [...pip.split(" "), draft, ...PINNED], { timeout: 300_000, env });
    if (done.status !== 0) throw new Error(`pip could not install PyGithub ${PYGITHUB_VERSION} (exit ${done.status})`);
    renameSync(draft, target);
    return target;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
