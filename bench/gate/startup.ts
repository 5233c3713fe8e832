import { run, type Recipe } from "./contenders";
import { nginxKind, nginxRecipe } from "./peers";
import { startStub } from "./stub";
import { BARE, GATE } from "./rounds";
import { bareRecipe, gateRecipe, largePolicy, madeSecrets } from "./workers";

/**
 * The gate's answer to whoever asks whether it lives: the module is loaded and the policy compiled, nothing else has
 * begun.
 */
export const GATE_ALIVE = "gate, its own health";
/** The same with the policy of the largest environment. */
const LARGE_ALIVE = "gate of 1,000 repositories, its own health";

/**
 * From the start of the process to the first answer that came through it, in milliseconds, the contenders in turn. The
 * gate begins each time with an empty ledger, so its first answer holds the token store's login and the creation of its
 * database; its health does not.
 */
export async function startTimes(count: number): Promise<Readonly<Record<string, readonly number[]>>> {
  const stub = await startStub();
  const times: Record<string, number[]> = {};
  try {
    const once = async (
      name: string,
      starting: Promise<{ readonly firstAnswerMs: number; stop(): Promise<void> }>,
    ): Promise<void> => {
      const contender = await starting;
      (times[name] ??= []).push(contender.firstAnswerMs);
      await contender.stop();
    };
    const gate = (directory: string, port: number): Recipe => gateRecipe(directory, port, stub.url, madeSecrets());
    const large = (directory: string, port: number): Recipe =>
      gateRecipe(directory, port, stub.url, madeSecrets(), largePolicy(stub.url));
    for (let i = 0; i <= count; i++) {
      await once(
        BARE,
        run(BARE, (directory, port) => bareRecipe(directory, port, stub.url, stub.token), { everyMs: 1 }),
      );
      await once(GATE_ALIVE, run(GATE_ALIVE, gate, { everyMs: 1, target: "/_gate/health", status: 204 }));
      await once(LARGE_ALIVE, run(LARGE_ALIVE, large, { everyMs: 1, target: "/_gate/health", status: 204 }));
      await once(GATE, run(GATE, gate, { everyMs: 1 }));
      if (nginxKind.missing === undefined)
        await once(
          nginxKind.name,
          run(nginxKind.name, (directory, port) => nginxRecipe(directory, port, stub), { everyMs: 1 }),
        );
      // The first of each reads the programs from disk and is not counted.
      if (i === 0) for (const list of Object.values(times)) list.length = 0;
    }
    return times;
  } finally {
    await stub.stop();
  }
}
