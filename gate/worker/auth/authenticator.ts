import { base64url, sha256 } from "../../../edge/encoding";
import type { GateKeyHash, KeyHash } from "../../contract";
import { Refusal } from "../../policy/refusals";
import { equalInConstantTime } from "./constantTime";

/** The longest Authorization header that is read, in characters. */
const MAX_HEADER = 512;
/** How many verified headers an isolate remembers. A known key is then compared and not hashed again. */
const REMEMBERED = 16;

const GATE_KEY = /^ghk_[A-Za-z0-9_-]{43}$/;
const OPERATOR_KEY = /^gop_[A-Za-z0-9_-]{43}$/;

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
  ) {}

  /** The gate key in an Authorization header, or why there is none. Synchronous if the header was verified before. */
  keyOf(header: string | null, now: number): GateKeyHash | Refusal | Promise<GateKeyHash | Refusal> {
    if (header === null || header.length > MAX_HEADER) return new Refusal("unauthenticated");
    let key: GateKeyHash | undefined;
    for (const known of this.remembered)
      if (equalInConstantTime(known.header, header) && now <= known.notAfter) key = known.key;
    return key ?? this.verify(header, now);
  }

  private async verify(header: string, now: number): Promise<GateKeyHash | Refusal> {
    // workerd joins two Authorization headers with a comma; no key has one.
    if (header.includes(",")) return new Refusal("header-duplicate", "authorization");
    const key = keyIn(header);
    if (key === undefined || !GATE_KEY.test(key)) return new Refusal("unauthenticated");
    const found = await matching(this.keys, key, now);
    if (found === undefined) return new Refusal("unauthenticated");
    this.remembered = [
      { header, key: found, notAfter: endOf(found) },
      ...this.remembered.slice(0, REMEMBERED - 1),
    ];
    return found;
  }

  /** Whether the header has an operator key. Operators may refresh, probe and stop; they reach nothing at GitHub. */
  async isOperator(header: string | null, now: number): Promise<boolean> {
    if (header === null || header.length > MAX_HEADER) return false;
    const key = /^Bearer (\S+)$/i.exec(header)?.[1];
    return key !== undefined && OPERATOR_KEY.test(key) && (await matching(this.operatorKeys, key, now)) !== undefined;
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
