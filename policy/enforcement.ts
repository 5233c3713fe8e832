import { RULES } from "./rules";
import type { Severity } from "./rule";

export type Enforcement = "mandatory" | "advisory" | "disabled";

/** What stops an update by default. In an environment for trying things out the lesser rules only advise. */
const STOPS: Readonly<Record<"strict" | "lenient", readonly Severity[]>> = {
  strict: ["critical", "high", "medium"],
  lenient: ["critical", "high"],
};

/** The enforcement of every rule. `strict` is the pack's own; `lenient` is for environments without production code. */
export function enforcementOf(profile: "strict" | "lenient"): Record<string, Enforcement> {
  return Object.fromEntries(
    RULES.map(({ id, severity }) => [id, STOPS[profile].includes(severity) ? "mandatory" : "advisory"]),
  );
}
