import type { CompiledPolicy, CompiledRepository } from "./compiled";
import type { Standing } from "./lookups";
import {
  ALLOWED_SECRET,
  allowedBy,
  matchSecrets,
  refusing,
  secretsIn,
  STOOD_BEFORE,
  withoutValue,
  type Finding,
} from "./text/secrets";
import { SecretRefusal } from "./verdict";

/** What was found in a file: `findings` for the record, and what must still be asked, or a refusal. */
export interface JudgedFile {
  readonly findings: readonly Finding[];
  /** Findings that pass if they stood there before. */
  readonly stood?: readonly Finding[];
  /** Refuses what is not in the content before; undefined when nothing is left to refuse. */
  readonly judge?: Standing["judge"];
}

/** Judges what a file holds. `path`: where it will stand, empty where that is not known: what lies at a path may be allowed, or may have stood there before. */
export function judgeFile(
  policy: CompiledPolicy,
  repository: CompiledRepository | undefined,
  path: string,
  content: string,
  now: number,
): SecretRefusal | JudgedFile {
  const matches = matchSecrets(content, 0, 20, policy.allowances.at(now));
  const findings = matches.map(withoutValue);
  const refused = refusing(matches);
  if (refused.length === 0) return { findings };
  if (repository === undefined || path === "") return new SecretRefusal(findings);
  const reason = policy.allowances.ofPath(repository.name, path, now);
  if (reason !== undefined) return { findings: findings.map((finding) => allowedBy(reason, finding)) };
  // More than are kept cannot be compared.
  if (refused.length >= 20) return new SecretRefusal(findings);
  return {
    findings: findings.filter(({ rule }) => rule === ALLOWED_SECRET),
    stood: refused.map((match) => allowedBy(STOOD_BEFORE, withoutValue(match))),
    judge: (before) => {
      const known = before === undefined ? undefined : secretsIn(before);
      const left = refused.filter(({ value }) => known?.has(value) !== true);
      const why = known === undefined ? "the previous content could not be read" : "";
      return left.length === 0 ? undefined : new SecretRefusal(left.map(withoutValue), why);
    },
  };
}

/** Guard `body-file-secret`: files travel in base64, so they are searched decoded. Another alphabet or padding would be read differently elsewhere. */
export function decodedFile(content: string): string | undefined {
  const packed = content.replace(/[\r\n]/g, "");
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? atob(packed) : undefined;
}
