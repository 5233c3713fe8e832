import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import { WORKERD_VERSION } from "../../gate/selfHostFiles";
import { CouldNotRun } from "../support/exit";

/**
 * The whole path of workerd: the given one, or the first on PATH. Another release than the tested one is told.
 * @throws CouldNotRun when there is none, or when it is another program
 */
export function workerdAt(given: string | undefined, path = process.env["PATH"] ?? ""): string {
  const found = given ?? onPath("workerd", path);
  if (found === undefined)
    throw new CouldNotRun(
      `workerd is not on PATH: install it (npm install --global workerd@${WORKERD_VERSION}), or give its path by --workerd`,
    );
  const whole = programOf(resolve(found));
  let said: string;
  try {
    said = execFileSync(whole, ["--version"], {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CouldNotRun(
      `--workerd ${whole}: ${code === "ENOENT" ? "no such program" : "it does not run here"}; give the path of workerd ${WORKERD_VERSION}`,
    );
  }
  const date = /^workerd (\d{4})-(\d\d)-(\d\d)$/m.exec(said)?.slice(1).join("");
  if (date === undefined) throw new CouldNotRun(`--workerd ${whole} is another program; give the path of workerd`);
  if (!WORKERD_VERSION.startsWith(`1.${date}.`))
    process.stderr.write(`This workerd is of ${date}; the gate is tested under ${WORKERD_VERSION}.\n`);
  return whole;
}

/**
 * npm's package puts a script in front of the program, which passes on neither signals nor sockets; its main file names
 * the program itself.
 */
function programOf(path: string): string {
  try {
    const file = realpathSync(path);
    if (readFileSync(file).subarray(0, 2).toString() !== "#!") return path;
    const { default: program } = createRequire(file)("..") as { default?: unknown };
    return typeof program === "string" ? program : path;
  } catch {
    // What is wrong with it shows when it is run.
    return path;
  }
}

const onPath = (program: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
