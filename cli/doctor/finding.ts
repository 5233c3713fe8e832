import type { Response } from "../live/reader";

/** The systems that a deployment needs, in the order of the list. */
export const SYSTEMS = ["This machine", "GitHub", "Cloudflare", "Vault"] as const;
export type System = (typeof SYSTEMS)[number];

/** `problem`: a deployment would fail or be unsafe. `note`: worth knowing, and stops nothing. */
export type Result = "ok" | "note" | "problem";

/** One line of the list. */
export interface Finding {
  readonly system: System;
  /** What was looked at, in one or two words. */
  readonly check: string;
  readonly result: Result;
  readonly found: string;
  /** What to do; present unless the result is ok. */
  readonly wayOut?: string;
}

/** Findings of one system: `ok`, `note` and `problem` make one line each. */
export const linesOf = (system: System) => ({
  ok: (check: string, found: string): Finding => ({ system, check, result: "ok", found }),
  note: (check: string, found: string, wayOut: string): Finding => ({ system, check, result: "note", found, wayOut }),
  problem: (check: string, found: string, wayOut: string): Finding => ({
    system,
    check,
    result: "problem",
    found,
    wayOut,
  }),
});

/** How far two clocks may be apart, in seconds: GitHub refuses an App's sign-in that is a minute off. */
const MOST_SKEW = 30;

/**
 * Whether this machine's clock agrees with a system's.
 * @param theirs in milliseconds; NaN where the system did not say
 */
export function clockFinding(system: System, theirs: number, ours: number): Finding {
  const { ok, note, problem } = linesOf(system);
  const check = "clock";
  if (Number.isNaN(theirs))
    return note(check, `${system} does not say its time`, "compare this machine's clock by hand");
  const seconds = Math.round(Math.abs(ours - theirs) / 1000);
  return seconds <= MOST_SKEW
    ? ok(check, `${seconds} s apart`)
    : problem(
        check,
        `this machine is ${seconds} s ${ours > theirs ? "ahead" : "behind"}`,
        "set the clock by NTP: signatures and identity tokens are good for a minute",
      );
}

/** Why a system gave no answer at all, for a person; undefined when it answered. */
export const silence = ({ call, failure }: Response): string | undefined =>
  call.status === 0 ? failure || "no answer" : undefined;

/** A list as a person reads it; long ones are cut. */
export const several = (items: readonly string[], most = 5): string =>
  items.length > most ? `${items.slice(0, most).join(", ")} and ${items.length - most} more` : items.join(", ");
