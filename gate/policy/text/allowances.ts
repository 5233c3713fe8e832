import { DAY_MS } from "../../../edge/time";
import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";
import type { AllowedSecret } from "../policy";
import { PathMatcher } from "./globs";
import type { AllowsValue } from "./secrets";

/** When an entry with this last day ends: the end of the day in UTC, in milliseconds. */
const endOf = (until: string): number => Date.parse(`${until}T00:00:00Z`) + DAY_MS;

interface Allowed {
  readonly reason: string;
  readonly end: number;
}

/**
 * Guard `allowed-secret`: the environment file's entries of allowed credentials, prepared for look-ups. An entry ends
 * with its last day.
 */
export class Allowances {
  private readonly values: readonly (Allowed & { readonly sha256: string })[];
  private readonly paths: readonly (Allowed & { readonly repository: string; readonly matcher: PathMatcher })[];

  constructor(entries: readonly AllowedSecret[]) {
    this.values = entries.flatMap((entry) =>
      "sha256" in entry ? [{ sha256: entry.sha256, reason: entry.reason, end: endOf(entry.until) }] : [],
    );
    this.paths = entries.flatMap((entry) =>
      "path" in entry
        ? [
            {
              repository: entry.repository.toLowerCase(),
              matcher: new PathMatcher([entry.path]),
              reason: entry.reason,
              end: endOf(entry.until),
            },
          ]
        : [],
    );
  }

  /** Why the value with this SHA-256 may pass at this time. Undefined if it may not. */
  ofHash(sha256: string, now: number): string | undefined {
    return this.values.find((entry) => now < entry.end && entry.sha256 === sha256)?.reason;
  }

  /** Tells which values are allowed at this time. Undefined if none is, so that nothing is hashed. */
  at(now: number): AllowsValue | undefined {
    if (!this.values.some(({ end }) => now < end)) return undefined;
    return (value) => this.ofHash(bytesToHex(sha256(value)), now);
  }

  /** Why the file at this path may contain what looks like a credential at this time. Undefined if it may not. */
  ofPath(repository: string, path: string, now: number): string | undefined {
    const name = repository.toLowerCase();
    return this.paths.find((entry) => now < entry.end && entry.repository === name && entry.matcher.matches(path))
      ?.reason;
  }
}
