/**
 * Inflates zlib streams that stand one behind the other, as in a git pack: takes input in pieces of any size, tells
 * where a stream ends, and keeps nothing but the 32 KiB window. The runtime's own DecompressionStream does not tell
 * where a stream ended, so it cannot read a pack. Why no library: docs/dependencies.md.
 *
 * A symbol (or a block header) that is not complete yet is left in the input and read again with more; so there is no
 * state within a symbol.
 */

/** Receives inflated bytes. They are valid only until it returns. */
export type Sink = (bytes: Uint8Array) => void;

export class InflateError extends Error {}

const WINDOW = 32_768;
/** Output is passed on in pieces of this size: twice the window, so that the window is always complete. */
const BUFFER = WINDOW * 3;

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * A Huffman code as one look-up table: index = next `bits` bits of input, value = symbol << 4 | length; 0 = no such
 * code.
 */
interface Table {
  readonly bits: number;
  readonly entries: Uint16Array;
}

/**
 * `incomplete`: the longest code with which a set may leave codes unused. zlib, and so git, takes one code of one bit,
 * and the fixed distances.
 */
function tableOf(lengths: Uint8Array, count: number, incomplete: number): Table {
  let bits = 0;
  const perLength = new Uint16Array(16);
  for (let i = 0; i < count; i++) {
    const length = lengths[i] ?? 0;
    if (length > bits) bits = length;
    if (length > 0) perLength[length] = (perLength[length] ?? 0) + 1;
  }
  if (bits === 0) return { bits: 1, entries: new Uint16Array(2) };
  let code = 0;
  let used = 0;
  const next = new Uint16Array(17);
  for (let length = 1; length <= bits; length++) {
    code = (code + (perLength[length - 1] ?? 0)) << 1;
    next[length] = code;
    used += (perLength[length] ?? 0) << (bits - length);
  }
  if (used > 1 << bits) throw new InflateError("over-subscribed code");
  if (used < 1 << bits && bits > incomplete) throw new InflateError("incomplete code");
  const entries = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < count; symbol++) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    let reversed = 0;
    const value = next[length] ?? 0;
    next[length] = value + 1;
    for (let i = 0; i < length; i++) reversed |= ((value >> i) & 1) << (length - 1 - i);
    for (let at = reversed; at < entries.length; at += 1 << length) entries[at] = (symbol << 4) | length;
  }
  return { bits, entries };
}

const fixedLengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288);
let fixed: { readonly literals: Table; readonly distances: Table } | undefined;
const fixedTables = (): { readonly literals: Table; readonly distances: Table } =>
  (fixed ??= { literals: tableOf(fixedLengths, 288, 0), distances: tableOf(new Uint8Array(30).fill(5), 30, 5) });

type State = "zlib" | "block" | "stored" | "codes" | "adler" | "done";

export class Inflater {
  private state: State = "zlib";
  private readonly out = new Uint8Array(BUFFER);
  private at = 0;
  /** Start of what was not handed on yet. */
  private from = 0;
  private total = 0;
  private hold = 0;
  private held = 0;
  private last = false;
  private stored = 0;
  private literals: Table = { bits: 1, entries: new Uint16Array(2) };
  private distances: Table = { bits: 1, entries: new Uint16Array(2) };
  private limit = 0;

  constructor(private readonly sink: Sink) {}

  /** Begins a new stream of at most `limit` inflated bytes. */
  begin(limit: number): void {
    this.state = "zlib";
    this.at = this.from = this.total = this.hold = this.held = 0;
    this.last = false;
    this.limit = limit;
  }

  get done(): boolean {
    return this.state === "done";
  }

  /** How many bytes were inflated so far. */
  get size(): number {
    return this.total;
  }

  /**
   * Reads from `input` at `from`; returns where it stopped. It stops at the end of the stream (`done`), or where it
   * needs more input: then what is left of this piece must be handed in again, in front of the next one. Throws
   * `InflateError` on anything malformed.
   */
  read(input: Uint8Array, from: number): number {
    let at = from;
    for (;;) {
      const before: State = this.state;
      const next = this.step(input, at);
      if (next < 0) break;
      at = next;
      if (
        this.state === "done" ||
        (next === input.length && before === this.state && this.held === 0 && before !== "adler")
      )
        break;
    }
    this.flush();
    return at;
  }

  /**
   * One step; -1 when there is not enough input for it (nothing is consumed then, but for complete symbols, through
   * `consumed`).
   */
  private step(input: Uint8Array, at: number): number {
    switch (this.state) {
      case "zlib": {
        if (input.length - at < 2) return -1;
        const cmf = input[at] ?? 0;
        const flags = input[at + 1] ?? 0;
        if ((cmf & 15) !== 8 || cmf >> 4 > 7 || (cmf * 256 + flags) % 31 !== 0 || (flags & 32) !== 0)
          throw new InflateError("not a zlib stream");
        this.state = "block";
        return at + 2;
      }
      case "block":
        return this.block(input, at);
      case "stored":
        return this.copyStored(input, at);
      case "codes":
        return this.codes(input, at);
      case "adler": {
        // Whole bytes that were read ahead belong to the checksum. It is not verified: a stream that fails it is
        // refused by git itself.
        const ahead = this.held >> 3;
        if (input.length - at < 4 - ahead) return -1;
        this.hold = this.held = 0;
        this.state = "done";
        return at + 4 - ahead;
      }
      case "done":
        return at;
    }
  }

  private block(input: Uint8Array, start: number): number {
    const saved = { hold: this.hold, held: this.held };
    const reader = { at: start, short: false };
    const bits = (count: number): number => {
      while (this.held < count) {
        if (reader.at >= input.length) {
          reader.short = true;
          return 0;
        }
        this.hold |= (input[reader.at++] ?? 0) << this.held;
        this.held += 8;
      }
      const value = this.hold & ((1 << count) - 1);
      this.hold >>>= count;
      this.held -= count;
      return value;
    };
    const wait = (): number => {
      this.hold = saved.hold;
      this.held = saved.held;
      return -1;
    };
    const last = bits(1) === 1;
    const type = bits(2);
    if (reader.short) return wait();
    if (type === 3) throw new InflateError("reserved block type");
    if (type === 0) {
      this.hold >>>= this.held & 7;
      this.held -= this.held & 7;
      const length = bits(16);
      const check = bits(16);
      if (reader.short) return wait();
      if ((length ^ 0xffff) !== check) throw new InflateError("stored length");
      this.stored = length;
      this.state = "stored";
    } else if (type === 1) {
      ({ literals: this.literals, distances: this.distances } = fixedTables());
      this.state = "codes";
    } else {
      const literalCount = bits(5) + 257;
      const distanceCount = bits(5) + 1;
      const codeCount = bits(4) + 4;
      if (reader.short) return wait();
      if (literalCount > 286 || distanceCount > 30) throw new InflateError("too many codes");
      const lengths = new Uint8Array(320);
      for (let i = 0; i < codeCount; i++) lengths[CODE_ORDER[i] ?? 0] = bits(3);
      if (reader.short) return wait();
      const codes = tableOf(lengths, 19, 0);
      lengths.fill(0);
      let filled = 0;
      while (filled < literalCount + distanceCount) {
        const symbol = this.symbol(codes, input, reader);
        if (symbol < 0) return wait();
        if (symbol < 16) {
          lengths[filled++] = symbol;
          continue;
        }
        const previous = symbol === 16 ? lengths[filled - 1] : 0;
        if (previous === undefined) throw new InflateError("repeat without a length");
        const repeat = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7);
        if (reader.short) return wait();
        if (filled + repeat > literalCount + distanceCount) throw new InflateError("too many lengths");
        lengths.fill(previous, filled, filled + repeat);
        filled += repeat;
      }
      if (lengths[256] === 0) throw new InflateError("no end of block");
      this.literals = tableOf(lengths, literalCount, 1);
      this.distances = tableOf(lengths.slice(literalCount, literalCount + distanceCount), distanceCount, 1);
      this.state = "codes";
    }
    this.last = last;
    return reader.at;
  }

  /** One symbol; -1 when the input ends within it. */
  private symbol(table: Table, input: Uint8Array, reader: { at: number; short: boolean }): number {
    for (;;) {
      const entry = table.entries[this.hold & ((1 << table.bits) - 1)] ?? 0;
      const length = entry & 15;
      if (length > 0 && length <= this.held) {
        this.hold >>>= length;
        this.held -= length;
        return entry >> 4;
      }
      if (length === 0 && this.held >= table.bits) throw new InflateError("no such code");
      if (reader.at >= input.length) {
        reader.short = true;
        return -1;
      }
      this.hold |= (input[reader.at++] ?? 0) << this.held;
      this.held += 8;
    }
  }

  private copyStored(input: Uint8Array, start: number): number {
    let at = start;
    while (this.stored > 0 && this.held >= 8) {
      this.put(this.hold & 255);
      this.hold >>>= 8;
      this.held -= 8;
      this.stored--;
    }
    while (this.stored > 0) {
      const count = Math.min(this.stored, input.length - at, BUFFER - this.at);
      if (count === 0) {
        if (at >= input.length) return at === start ? -1 : at;
        this.slide();
        continue;
      }
      this.grow(count);
      this.out.set(input.subarray(at, at + count), this.at);
      this.at += count;
      at += count;
      this.stored -= count;
    }
    this.state = this.last ? "adler" : "block";
    return at;
  }

  private codes(input: Uint8Array, start: number): number {
    const { literals, distances, out } = this;
    const literalMask = (1 << literals.bits) - 1;
    const distanceMask = (1 << distances.bits) - 1;
    let at = start;
    let hold = this.hold;
    let held = this.held;
    for (;;) {
      // Where this symbol starts: if the input ends within it, it is read again from here.
      const symbolAt = at;
      const symbolHold = hold;
      const symbolHeld = held;
      let entry = literals.entries[hold & literalMask] ?? 0;
      while ((entry & 15) > held || entry === 0) {
        if (entry === 0 && held >= literals.bits) throw new InflateError("no such code");
        if (at >= input.length) return this.pause(symbolHold, symbolHeld, symbolAt, start);
        hold |= (input[at++] ?? 0) << held;
        held += 8;
        entry = literals.entries[hold & literalMask] ?? 0;
      }
      hold >>>= entry & 15;
      held -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < 256) {
        if (this.at >= BUFFER) this.slide();
        if (++this.total > this.limit) throw new InflateError("larger than declared");
        out[this.at++] = symbol;
        continue;
      }
      if (symbol === 256) {
        this.hold = hold;
        this.held = held;
        this.state = this.last ? "adler" : "block";
        return at;
      }
      const lengthExtra = LENGTH_EXTRA[symbol - 257];
      const lengthBase = LENGTH_BASE[symbol - 257];
      if (lengthExtra === undefined || lengthBase === undefined) throw new InflateError("no such length");
      while (held < lengthExtra) {
        if (at >= input.length) return this.pause(symbolHold, symbolHeld, symbolAt, start);
        hold |= (input[at++] ?? 0) << held;
        held += 8;
      }
      const length = lengthBase + (hold & ((1 << lengthExtra) - 1));
      hold >>>= lengthExtra;
      held -= lengthExtra;
      entry = distances.entries[hold & distanceMask] ?? 0;
      while ((entry & 15) > held || entry === 0) {
        if (entry === 0 && held >= distances.bits) throw new InflateError("no such distance");
        if (at >= input.length) return this.pause(symbolHold, symbolHeld, symbolAt, start);
        hold |= (input[at++] ?? 0) << held;
        held += 8;
        entry = distances.entries[hold & distanceMask] ?? 0;
      }
      hold >>>= entry & 15;
      held -= entry & 15;
      const distanceExtra = DISTANCE_EXTRA[entry >> 4];
      const distanceBase = DISTANCE_BASE[entry >> 4];
      if (distanceExtra === undefined || distanceBase === undefined) throw new InflateError("no such distance");
      while (held < distanceExtra) {
        if (at >= input.length) return this.pause(symbolHold, symbolHeld, symbolAt, start);
        hold |= (input[at++] ?? 0) << held;
        held += 8;
      }
      const distance = distanceBase + (hold & ((1 << distanceExtra) - 1));
      hold >>>= distanceExtra;
      held -= distanceExtra;
      if (distance > this.total) throw new InflateError("distance too far back");
      this.total += length;
      if (this.total > this.limit) throw new InflateError("larger than declared");
      if (this.at + length > BUFFER) this.slide();
      let from = this.at - distance;
      for (let end = this.at + length; this.at < end;) out[this.at++] = out[from++] ?? 0;
    }
  }

  private pause(hold: number, held: number, at: number, start: number): number {
    this.hold = hold;
    this.held = held;
    return at === start ? -1 : at;
  }

  private put(byte: number): void {
    if (this.at >= BUFFER) this.slide();
    this.grow(1);
    this.out[this.at++] = byte;
  }

  private grow(count: number): void {
    this.total += count;
    if (this.total > this.limit) throw new InflateError("larger than declared");
  }

  private flush(): void {
    if (this.at > this.from) this.sink(this.out.subarray(this.from, this.at));
    this.from = this.at;
  }

  /** Hands on what is there and keeps the window at the front. */
  private slide(): void {
    this.flush();
    const keep = Math.min(WINDOW, this.at);
    this.out.copyWithin(0, this.at - keep, this.at);
    this.at = this.from = keep;
  }
}
