/* The attack corpus, and the tests that lean on how workerd speaks HTTP, under a newer workerd than the pinned one. `npm run attacks:newest`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The newest release that was tried; its HTTP server is another one than the pinned release's. Raise it when a newer
 * one has been read through.
 */
const NEWEST = "1.20261117.1";

/** What runs: the corpus and the tests of bodies and streams by miniflare, the self-hosted gate by `workerd serve`. */
const TESTS = [
  "tests/attacks/corpus.test.ts",
  "tests/gate/worker/refusedBodies.test.ts",
  "tests/gate/worker/answer/streaming.test.ts",
  "tests/gate/selfHost.test.ts",
];

/**
 * Path of that workerd, from the user's cache or installed into it by npm, exactly this version, without install
 * scripts.
 * @throws Error whose message is the reason why there is none
 */
function newestWorkerd(env: NodeJS.ProcessEnv): string {
  const cache = env["XDG_CACHE_HOME"]?.startsWith("/")
    ? env["XDG_CACHE_HOME"]
    : join(env["HOME"] ?? homedir(), ".cache");
  const folder = join(cache, "gatehouse", `workerd-${NEWEST}`);
  // Without the package's install script the program lies where npm puts the package of this system.
  const program = (): string | undefined =>
    [`${process.platform}-${process.arch === "x64" ? "64" : process.arch}`]
      .map((system) => join(folder, "node_modules", "@cloudflare", `workerd-${system}`, "bin", "workerd"))
      .find((file) => existsSync(file));
  if (program() === undefined) {
    mkdirSync(folder, { recursive: true });
    const npm = spawnSync(
      "npm",
      [
        "install",
        "--prefix",
        folder,
        "--ignore-scripts",
        "--fetch-retries=1",
        "--save-exact",
        "--no-audit",
        "--no-fund",
        `workerd@${NEWEST}`,
      ],
      { encoding: "utf8", timeout: 300_000, cwd: folder },
    );
    if (npm.status !== 0)
      throw new Error(
        `npm cannot install workerd ${NEWEST}: ${npm.error?.message ?? /^npm error (.*)/m.exec(npm.stderr)?.[1] ?? npm.stderr}`,
      );
  }
  const found = program();
  if (found === undefined) throw new Error(`workerd ${NEWEST} has no program for ${process.platform} ${process.arch}`);
  execFileSync(found, ["--version"]); // throws when it does not run on this system
  return found;
}

let workerd: string;
try {
  workerd = newestWorkerd(process.env);
} catch (error) {
  process.stdout.write(
    `SKIPPED: the corpus under workerd ${NEWEST}: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(0);
}
const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    require.resolve("jest/bin/jest"),
    ...(given.some((arg) => !arg.startsWith("-")) ? [] : TESTS),
    "--maxWorkers=1",
    ...given,
  ],
  { stdio: "inherit", env: { ...process.env, GATEHOUSE_WORKERD: workerd } },
);
process.exit(status ?? 1);
