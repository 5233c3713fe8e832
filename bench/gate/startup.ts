import { run } from "./contenders";
import { nginxKind } from "./peers";
import { startStub } from "./stub";
import { BARE, GATE } from "./rounds";
import { bareRecipe, gateRecipe, madeSecrets } from "./workers";

/**
 * From the start of the process to the first answer that came through it, in milliseconds, the contenders in turn. The gate begins each time
 * with an empty ledger, so its first answer holds the token store's login and the creation of its database.
 */
export async function startTimes(count: number): Promise<Readonly<Record<string, readonly number[]>>> {
  const stub = await startStub();
  const times: Record<string, number[]> = {};
  try {
    const once = async (name: string, starting: Promise<{ readonly firstAnswerMs?: number; stop(): Promise<void> }>): Promise<void> => {
      const contender = await starting;
      (times[name] ??= []).push(contender.firstAnswerMs ?? Number.NaN);
      await contender.stop();
    };
    for (let i = 0; i <= count; i++) {
      await once(BARE, run(BARE, (directory, port) => bareRecipe(directory, port, stub.url, stub.token), 1));
      await once(GATE, run(GATE, (directory, port) => gateRecipe(directory, port, stub.url, madeSecrets()), 1));
      if (nginxKind.missing === undefined) await once(nginxKind.name, nginxKind.start(stub));
      // The first of each reads the programs from disk and is not counted.
      if (i === 0) for (const list of Object.values(times)) list.length = 0;
    }
    return times;
  } finally {
    await stub.stop();
  }
}
