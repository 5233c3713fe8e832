import type { CompiledPolicy, CompiledRepository } from "./compiled";
import type { Standing } from "./lookups";
import {
  allowedBy,
  CANARY,
  matchSecrets,
  passing,
  refusing,
  secretsIn,
  STOOD_BEFORE,
  withoutValue,
  type Finding,
} from "./text/secrets";
import { SecretRefusal } from "./verdict";

/** What was found in a file: `findings` for the record, and what its previous content must still decide. */
export interface JudgedFile {
  readonly findings: readonly Finding[];
  /** Findings that pass if the previous content has them too. */
  readonly stood?: readonly Finding[];
  /** Refuses what is not in the previous content. Undefined if there is nothing to refuse. */
  readonly judge?: Standing["judge"];
}

/**
 * Judges the content of a file: its path may be allowed to hold a credential, or the previous content may have had the
 * same one.
 * @param path where the file will be; empty if that is not known
 */
export function judgeFile(
  policy: CompiledPolicy,
  repository: CompiledRepository | undefined,
  path: string,
  content: string,
  now: number,
): SecretRefusal | JudgedFile {
  const rules = policy.secretsAt(now);
  const matches = matchSecrets(content, 0, 20, rules);
  const findings = matches.map(withoutValue);
  const refused = refusing(matches);
  if (refused.length === 0) return { findings };
  if (repository === undefined || path === "") return new SecretRefusal(findings);
  // A canary token is allowed nowhere, but may have stood there.
  const hasCanary = refused.some(({ rule }) => rule === CANARY);
  const reason = hasCanary ? undefined : policy.allowances.ofPath(repository.name, path, now);
  if (reason !== undefined) return { findings: findings.map((finding) => allowedBy(reason, finding)) };
  // If there are more matches than are kept, they cannot be compared.
  if (refused.length >= 20) return new SecretRefusal(findings);
  return {
    findings: passing(findings),
    stood: refused.map((match) => allowedBy(STOOD_BEFORE, withoutValue(match))),
    judge: (before) => {
      const known = before === undefined ? undefined : secretsIn(before, rules);
      const left = refused.filter(({ value }) => known?.has(value) !== true);
      const why = known === undefined ? "the previous content could not be read" : "";
      return left.length === 0 ? undefined : new SecretRefusal(left.map(withoutValue), why);
    },
  };
}

/**
 * Guard `body-file-secret`: files arrive in base64 and are searched decoded. Another alphabet or padding is refused,
 * because other readers would read it differently.
 */
export function decodedFile(content: string): string | undefined {
  const packed = content.replace(/[\r\n]/g, "");
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? atob(packed) : undefined;
}
