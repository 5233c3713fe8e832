import { colors as pc } from "../../cli/support/colors";
import { ENFORCERS, lock as lockOf } from "../../infra/model";
import type { DrillRow } from "../../cli/report/drill";
import { wrap } from "../../cli/support/table";
import type { Proof } from "./prove";

/** The facts of a run in one line. */
export function summary(proofs: readonly Proof[], locks = new Set(proofs.map(({ lock }) => lock)).size): string {
  const pairs = new Set(proofs.map(({ action, place, lock }) => `${action} ${place} ${lock}`)).size;
  const open = proofs.filter(({ holds }) => !holds).length;
  return `${pairs} pairs of action and lock, ${locks} locks of ${new Set(proofs.map(({ lock }) => lockOf(lock).enforcer)).size} enforcers, ${proofs.length} attempts: ${open === 0 ? "each holds" : `${open} do not hold`}`;
}

/**
 * Actions × locks, for a terminal: under each action its locks, what was tried, and what came back with the lock
 * standing and with it open.
 */
export function lockTable(proofs: readonly Proof[], columns = process.stdout.columns ?? 120): string {
  const lines: string[] = [];
  const width = Math.max(80, Math.min(columns, 160));
  const [lockWide, triedWide] = [23, 36];
  const answerWide = Math.floor((width - lockWide - triedWide - 8) / 2);
  const row = (
    cells: readonly [string, string, string, string],
    mark: string,
    paint: (text: string) => string = (text) => text,
  ): void => {
    const columnsOf = [
      wrap(cells[0], lockWide),
      wrap(cells[1], triedWide),
      wrap(cells[2], answerWide),
      wrap(cells[3], answerWide),
    ];
    const widths = [lockWide, triedWide, answerWide, answerWide];
    for (let line = 0; line < Math.max(...columnsOf.map((cell) => cell.length)); line += 1) {
      const text = columnsOf
        .map((cell, column) => (cell[line] ?? "").padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd();
      lines.push(`${line === 0 ? mark : " "} ${line === 0 ? paint(text) : pc.dim(text)}`);
    }
  };
  let heading = "";
  row(["lock", "tried", "this lock alone", "this lock open too"], " ", pc.bold);
  for (const proof of proofs) {
    const now = `${proof.action}, ${PLACES[proof.place]}`;
    if (now !== heading) lines.push(pc.bold(now));
    heading = now;
    row(
      [proof.lock, proof.tried, proof.alone, proof.holds ? proof.twin : `${proof.twin} ${proof.why ?? ""}`.trim()],
      proof.holds ? pc.green("✓") : pc.red("✗"),
    );
  }
  return lines.join("\n");
}

const PLACES = {
  write: "repository with write access",
  read: "repository with read access",
  unlisted: "repository that is not listed",
  account: "the account",
} as const;

/** What `--json` prints; `agent` only where something was tried from inside the agent's sandbox. */
export const lockReport = (
  stack: string,
  proofs: readonly Proof[],
  agent: readonly DrillRow[] = [],
): Record<string, unknown> => ({
  stack,
  holds: [...proofs, ...agent].every(({ holds }) => holds),
  keepers: ENFORCERS,
  proofs: proofs.map((proof) => ({ ...proof, keeper: lockOf(proof.lock).enforcer })),
  ...(agent.length > 0 ? { agent } : {}),
});
