import { base64url, sha256 } from "../../../edge/encoding";
import type { GateKeyHash, KeyHash } from "../../contract";
import { Refusal } from "../../policy/refusals";
import type { Background } from "../env";
import { equalInConstantTime } from "./constantTime";
import type { SessionKeys } from "./sessionKeys";

/** The longest Authorization header that is read, in characters. */
const MAX_HEADER = 512;
/** How many verified headers an isolate remembers. A known key is then compared and not hashed again. */
const REMEMBERED = 16;

const GATE_KEY = /^ghk_[A-Za-z0-9_-]{43}$/;
const SESSION_KEY = /^gsk_[A-Za-z0-9_-]{43}$/;
const OPERATOR_KEY = /^gop_[A-Za-z0-9_-]{43}$/;
const ISSUER_KEY = /^gsi_[A-Za-z0-9_-]{43}$/;

interface Remembered {
  readonly header: string;
  readonly key: GateKeyHash;
  readonly notAfter: number;
}

/**
 * Recognises agents by their gate keys. It compares the hash with every known hash, in constant time, so that timing
 * reveals nothing. A key is valid until its `notAfter`. An agent may have two keys, so that a rotation can overlap.
 */
export class Authenticator {
  private remembered: readonly Remembered[] = [];

  constructor(
    private readonly keys: readonly GateKeyHash[],
    private readonly operatorKeys: readonly KeyHash[],
    private readonly issuers: readonly KeyHash[] = [],
    /** Absent where the posture has no keys of sessions. */
    private readonly sessionKeys?: Pick<SessionKeys, "find">,
  ) {}

  /** The gate key in an Authorization header, or why there is none. Synchronous if the header was verified before. */
  keyOf(
    header: string | null,
    now: number,
    background: Background,
  ): GateKeyHash | Refusal | Promise<GateKeyHash | Refusal> {
    if (header === null || header.length > MAX_HEADER) return new Refusal("unauthenticated");
    let key: GateKeyHash | undefined;
    for (const known of this.remembered)
      if (equalInConstantTime(known.header, header) && now <= known.notAfter) key = known.key;
    return key ?? this.verify(header, now, background);
  }

  private async verify(header: string, now: number, background: Background): Promise<GateKeyHash | Refusal> {
    // workerd joins two Authorization headers with a comma; no key has one.
    if (header.includes(",")) return new Refusal("header-duplicate", "authorization");
    const key = keyIn(header);
    if (key !== undefined && SESSION_KEY.test(key)) {
      // Not remembered: it may end at any time, and the list that says so is asked each time.
      const hash = base64url(await sha256(key));
      return (await this.sessionKeys?.find(background, hash, now)) ?? new Refusal("unauthenticated");
    }
    if (key === undefined || !GATE_KEY.test(key)) return new Refusal("unauthenticated");
    const found = await matching(this.keys, key, now);
    if (found === undefined) return new Refusal("unauthenticated");
    this.remembered = [{ header, key: found, notAfter: endOf(found) }, ...this.remembered.slice(0, REMEMBERED - 1)];
    return found;
  }

  /** Whether the header has an operator key. Operators may refresh, probe and stop; they reach nothing at GitHub. */
  async isOperator(header: string | null, now: number): Promise<boolean> {
    if (header === null || header.length > MAX_HEADER) return false;
    const key = /^Bearer (\S+)$/i.exec(header)?.[1];
    return key !== undefined && OPERATOR_KEY.test(key) && (await matching(this.operatorKeys, key, now)) !== undefined;
  }

  /** Whether the header has the key of an issuer, who may make keys of sessions and nothing else. */
  async isIssuer(header: string | null, now: number): Promise<boolean> {
    if (header === null || header.length > MAX_HEADER) return false;
    const key = /^Bearer (\S+)$/i.exec(header)?.[1];
    return key !== undefined && ISSUER_KEY.test(key) && (await matching(this.issuers, key, now)) !== undefined;
  }
}

/** The key in a header: `Bearer K` or `token K` (what REST clients send), or the password of Basic (what git sends). */
function keyIn(header: string): string | undefined {
  const parts = /^([A-Za-z]+) +(\S+)$/.exec(header);
  const scheme = parts?.[1]?.toLowerCase();
  const value = parts?.[2];
  if (value === undefined) return undefined;
  if (scheme === "bearer" || scheme === "token") return value;
  if (scheme !== "basic") return undefined;
  try {
    const pair = atob(value);
    const colon = pair.indexOf(":");
    return colon < 0 ? undefined : pair.slice(colon + 1);
  } catch {
    return undefined;
  }
}

const endOf = (key: KeyHash): number =>
  key.notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(key.notAfter);

async function matching<K extends KeyHash>(keys: readonly K[], key: string, now: number): Promise<K | undefined> {
  const hash = base64url(await sha256(key));
  let found: K | undefined;
  // A date that does not parse is NaN. No comparison with NaN holds, so the key is refused.
  for (const candidate of keys)
    if (equalInConstantTime(candidate.sha256, hash) && now <= endOf(candidate)) found = candidate;
  return found;
}
