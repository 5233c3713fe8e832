import { cloudPackage } from "./cloud";
import { openStack } from "../../../engine";

// Runs `up` in a process of its own and kills it the hard way at a given moment: `checkpoint:3` or `effect:2`.
const [dir, cloudDir, killAt = ""] = process.argv.slice(2) as [string, string, string];
const [kind, at] = killAt.split(":");
let effects = 0;
const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  for (;;) {
    /* the signal is on its way */
  }
};

async function main(): Promise<void> {
  const afterEffect = (): void => {
    effects += 1;
    if (kind === "effect" && effects === Number(at)) die();
  };
  const stack = await openStack({
    projectDir: dir,
    stack: "dev",
    providers: [cloudPackage(cloudDir, { delayMs: 5, afterEffect })],
    env: process.env,
  });
  const { failed, diagnostics } = await stack.up({
    onEvent: (event) => {
      if (kind === "checkpoint" && event.kind === "checkpoint" && event.number === Number(at)) die();
    },
  });
  if (failed) process.stderr.write(`${diagnostics.map(({ message }) => message).join("\n")}\n`);
  process.exitCode = failed ? 1 : 0;
}
void main();
