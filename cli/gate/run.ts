import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { listenOptions, shareSocket, whyNotListening } from "./sharedSocket";

/** Nothing can listen where the gate should; the message is for a person. */
export class NotListening extends Error {}

/**
 * Opens the listening socket and runs the rendered supervisor with it until it ends; signals are passed on. The
 * supervisor is a process of its own because a process of Node accepts from every socket that it has opened itself,
 * and only one that it inherits stays untouched for those who are started later.
 * @param script path of serve.mjs
 * @returns its exit code
 * @throws NotListening when the address is taken or is none
 */
export async function runSupervisor(script: string, listen: string, env: NodeJS.ProcessEnv): Promise<number> {
  const at = listenOptions(listen);
  if (at === undefined) throw new NotListening(`${listen} is no address to listen on; give one such as 127.0.0.1:8788`);
  let child: ChildProcess;
  try {
    child = await shareSocket(
      (_port, descriptor) =>
        spawn(process.execPath, [script, "--socket-fd", "3"], {
          env,
          // A process group of its own: a terminal's Ctrl-C goes to this process alone, which has all stop in order.
          detached: true,
          stdio: ["ignore", "inherit", "inherit", descriptor, "ipc"],
        }),
      at,
    );
  } catch (error) {
    throw new NotListening(whyNotListening(listen, error));
  }
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => child.kill("SIGTERM"));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== null) return code;
  // It was killed: what it started must not go on without it.
  try {
    process.kill(-(child.pid ?? 0), "SIGTERM");
  } catch {
    // Nothing is left of its group.
  }
  return 2;
}
