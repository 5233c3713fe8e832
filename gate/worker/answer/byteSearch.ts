/**
 * Finds any of some ASCII texts in bytes or in a text, in less than one look at each byte (Wu and Manber's search: the
 * last two bytes of a window say how far the next match is away at least). Texts in pieces are found across their
 * borders.
 */
export class ByteSearch {
  private readonly width: number;
  private readonly shift = new Uint8Array(65_536);
  /** Needles by the last two of their first `width` bytes. */
  private readonly byEnd = new Map<number, Uint8Array[]>();
  /** Needles by their first byte. */
  private readonly byStart: Uint8Array[][] = [];
  readonly longest: number;

  /** @param needles each of two characters or more */
  constructor(needles: readonly string[]) {
    const all = [...new Set(needles)].map((needle) => Uint8Array.from(needle, (c) => c.charCodeAt(0)));
    this.width = Math.min(255, ...all.map((needle) => needle.length));
    this.longest = Math.max(...all.map((needle) => needle.length));
    this.shift.fill(this.width - 1);
    for (const needle of all) (this.byStart[needle[0] ?? 0] ??= []).push(needle);
    for (const needle of all)
      for (let end = 1; end < this.width; end++) {
        const pair = pairAt(needle, end);
        this.shift[pair] = Math.min(this.shift[pair] ?? 0, this.width - 1 - end);
        if (end === this.width - 1) this.byEnd.set(pair, [...(this.byEnd.get(pair) ?? []), needle]);
      }
  }

  isIn(where: Uint8Array | string): boolean {
    return typeof where === "string" ? this.isInText(where) : this.isInBytes(where);
  }

  private isInBytes(bytes: Uint8Array): boolean {
    const { shift, width } = this;
    for (let end = width - 1; end < bytes.length;) {
      const pair = pairAt(bytes, end);
      const step = shift[pair] ?? 0;
      if (step > 0) {
        end += step;
        continue;
      }
      for (const needle of this.byEnd.get(pair) ?? []) if (startsAt(bytes, end - width + 1, needle)) return true;
      end++;
    }
    return false;
  }

  /**
   * The same loop: one that took both would run in half its speed. Of other characters than ASCII a part counts, so
   * what looks like a needle is compared.
   */
  private isInText(text: string): boolean {
    const { shift, width } = this;
    for (let end = width - 1; end < text.length;) {
      const pair = ((text.charCodeAt(end - 1) & 0xff) << 8) | (text.charCodeAt(end) & 0xff);
      const step = shift[pair] ?? 0;
      if (step > 0) {
        end += step;
        continue;
      }
      for (const needle of this.byEnd.get(pair) ?? []) if (isTextAt(text, end - width + 1, needle)) return true;
      end++;
    }
    return false;
  }

  /** How many of the last bytes may be the start of a needle that continues in the next piece. */
  openEnd(bytes: Uint8Array): number {
    for (let length = Math.min(this.longest - 1, bytes.length); length > 0; length--) {
      const from = bytes.length - length;
      for (const needle of this.byStart[bytes[from] ?? 0] ?? [])
        if (needle.length > length && startsAt(bytes, from, needle, length)) return length;
    }
    return 0;
  }
}

const pairAt = (bytes: Uint8Array, end: number): number => ((bytes[end - 1] ?? 0) << 8) | (bytes[end] ?? 0);

/** Whether the first `length` bytes of a needle are at this offset. */
function startsAt(bytes: Uint8Array, at: number, needle: Uint8Array, length = needle.length): boolean {
  if (at + length > bytes.length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== needle[i]) return false;
  return true;
}

function isTextAt(text: string, at: number, needle: Uint8Array): boolean {
  for (let i = 0; i < needle.length; i++) if (text.charCodeAt(at + i) !== needle[i]) return false;
  return true;
}
