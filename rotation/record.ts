import { tokenHash } from "../edge/encoding";

/**
 * What stands in the token store: KV v2 data of `<mount>/<path>`, or the plain text of the Workers KV value. Every
 * value is a string.
 */
export interface TokenRecord {
  readonly token: string;
  /** Base64 SHA-256 of the token. */
  readonly sha256: string;
  readonly kind: string;
  /** The account it acts as. */
  readonly login: string;
  /** ISO time, or "" for a token that does not expire by itself. */
  readonly expires_at: string;
  /** The rotation that wrote it; lets a rotator recognise its own write after a lost answer. */
  readonly rotation_id: string;
}

export async function tokenRecord(fields: {
  token: string;
  kind: string;
  login: string;
  expiresAt: string;
  rotationId: string;
}): Promise<TokenRecord> {
  return {
    token: fields.token,
    sha256: await tokenHash(fields.token),
    kind: fields.kind,
    login: fields.login,
    expires_at: fields.expiresAt,
    rotation_id: fields.rotationId,
  };
}

/** Reads what a store returned; undefined when it holds no token (an empty or foreign record). */
export function readRecord(data: Record<string, string> | undefined): TokenRecord | undefined {
  if (!data?.token || !data.sha256) return undefined;
  return {
    token: data.token,
    sha256: data.sha256,
    kind: data.kind ?? "",
    login: data.login ?? "",
    expires_at: data.expires_at ?? "",
    rotation_id: data.rotation_id ?? "",
  };
}

/** Whether the token has ended by its own date. A token without a date never has. */
export const hasExpired = (record: { expires_at: string }, now: number): boolean =>
  record.expires_at !== "" && Date.parse(record.expires_at) <= now;
