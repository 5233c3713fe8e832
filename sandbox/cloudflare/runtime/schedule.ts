import { appendFileSync } from "node:fs";
import type { Account } from "../state";
import { firesAt, parseCron } from "./cron";
import type { Runtime } from "./runtime";

/** Fires the cron triggers of all scripts at the full minute, in UTC, until `stop`. */
export function startCron(account: Account, runtime: Runtime): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    const now = Date.now();
    const minute = Math.floor(now / 60_000) * 60_000 + 60_000;
    timer = setTimeout(() => {
      next();
      for (const { script, cron } of due(account, new Date(minute))) {
        runtime
          .fireCron(script, cron, new Date(minute))
          .catch((error: unknown) =>
            appendFileSync(runtime.consoleLog, `cron ${cron} of ${script} failed: ${String(error)}\n`),
          );
      }
    }, minute - now);
    timer.unref();
  };
  next();
  return { stop: () => clearTimeout(timer) };
}

/** Which triggers fire in the minute of `at`. */
export function due(account: Pick<Account, "scripts">, at: Date): { script: string; cron: string }[] {
  return [...account.scripts.values()].flatMap((s) =>
    s.schedules.filter(({ cron }) => firesAt(parseCron(cron), at)).map(({ cron }) => ({ script: s.name, cron })),
  );
}
