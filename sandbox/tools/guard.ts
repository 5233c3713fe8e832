import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Kills what was started when this process dies without being able to do it itself (SIGKILL, a crash, out of memory).
 *
 * How: one tiny `sh` waits on a pipe of which this process alone holds the other end. The kernel closes that end when
 * the process is gone, however it went; then the shell kills every pid that has a file in the guard's directory.
 * Processes that others start (workerd, by miniflare) write their own file before they `exec`, so there is no moment
 * at which they run unguarded. No prctl, no polling, the same on Linux and macOS.
 */
export class ProcessGuard {
  private constructor(
    readonly directory: string,
    private readonly keeper: ChildProcess,
  ) {}

  static open(): ProcessGuard {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-guard-"));
    const keeper = spawn("/bin/sh", ["-c", KEEPER, "gatehouse-guard", directory], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    keeper.on("error", () => undefined); // without /bin/sh nothing else of the sandbox runs either
    keeper.stdin?.on("error", () => undefined);
    keeper.unref();
    (keeper.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    return new ProcessGuard(directory, keeper);
  }

  /** Guards a child until it exits. */
  watch(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    writeFileSync(join(this.directory, String(pid)), "");
    child.once("exit", () => this.release(pid));
  }

  /** The process is gone or has been handed over: its pid may be used by somebody else from now on. */
  release(pid: number): void {
    rmSync(join(this.directory, String(pid)), { force: true });
  }

  /** Ends the guard, killing whatever is still registered. Resolves when no process of the guard is left. */
  async close(): Promise<void> {
    if (this.keeper.exitCode === null && this.keeper.signalCode === null && this.keeper.pid !== undefined) {
      const gone = new Promise<void>((resolve) => this.keeper.once("exit", () => resolve()));
      this.keeper.ref();
      this.keeper.stdin?.end("bye\n");
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// Two passes when the parent vanished: a process that was just being started writes its file a moment later.
const KEEPER = `
trap '' INT TERM HUP
word=
while read -r line; do word=$line; done
for pass in 1 2; do
  for file in "$1"/[0-9]*; do
    [ -e "$file" ] || continue
    kill -KILL "\${file##*/}" 2>/dev/null
  done
  [ "$word" = bye ] && break
  [ "$pass" = 1 ] && sleep 0.3
done
rm -rf "$1"
`;
