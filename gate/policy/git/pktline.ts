/** Git's framing: a length of four hex digits, then the payload. `0000` is a flush. */

export type Packet =
  | { readonly kind: "flush" | "delimiter" | "end" }
  | { readonly kind: "data"; readonly start: number; readonly end: number };

/**
 * Reads the packet at `at`, and where the next one starts. Undefined while it is incomplete. Throws a RangeError if it
 * is malformed.
 */
export function readPacket(
  bytes: Uint8Array,
  at: number,
): { readonly packet: Packet; readonly next: number } | undefined {
  if (bytes.length - at < 4) return undefined;
  let length = 0;
  for (let i = at; i < at + 4; i++) {
    const code = bytes[i] ?? 0;
    const digit =
      code >= 48 && code <= 57
        ? code - 48
        : code >= 97 && code <= 102
          ? code - 87
          : code >= 65 && code <= 70
            ? code - 55
            : -1;
    if (digit < 0) throw new RangeError("packet length");
    length = length * 16 + digit;
  }
  if (length < 4) {
    const kind = (["flush", "delimiter", "end"] as const)[length];
    if (kind === undefined) throw new RangeError("packet length");
    return { packet: { kind }, next: at + 4 };
  }
  if (length > 65_520) throw new RangeError("packet length");
  if (bytes.length - at < length) return undefined;
  return { packet: { kind: "data", start: at + 4, end: at + length }, next: at + length };
}
