/** A form of secrets that the organization names itself, ready to match. Made by `readPattern`. */
export interface OwnPattern {
  readonly name: string;
  readonly items: readonly Item[];
  /** Whether no letter, digit or underscore may stand before or after a match. */
  readonly from: boolean;
  readonly to: boolean;
}

/** Characters in a row, or one of several texts. `set` is by ASCII code. */
type Item =
  { readonly set: Uint8Array; readonly least: number; readonly most: number } | { readonly texts: readonly string[] };

/** The bounds of a pattern, in characters: of its text, and of what it matches. */
const PATTERN_TEXT = 256;
const PATTERN_LEAST = 8;
const PATTERN_MOST = 512;

/** A pattern that is not taken: what is wrong in it, and what would be right. */
export class PatternError extends Error {
  constructor(
    readonly wrong: string,
    readonly right: string,
  ) {
    super(`${wrong}: ${right}`);
  }
}

const range = (from: string, to: string): string[] =>
  Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, i) =>
    String.fromCharCode(from.charCodeAt(0) + i),
  );
const DIGITS = range("0", "9");
const WORD = [...range("a", "z"), ...range("A", "Z"), ...DIGITS, "_"];
/** Whether a code is that of a letter, a digit or an underscore. */
export const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;

/** Whether a word could go on from one place to the next: both neighbours are letters, digits or underscores. */
const isBoundary = (text: string, at: number): boolean =>
  !(at > 0 && isWord(text.charCodeAt(at - 1)) && at < text.length && isWord(text.charCodeAt(at)));

function setOf(characters: readonly string[]): Uint8Array {
  const set = new Uint8Array(128);
  for (const one of characters) set[one.charCodeAt(0)] = 1;
  return set;
}

/**
 * Reads a pattern of a subset of regular expressions in which a match never has a second way to be tried, so that
 * matching is linear whatever the text: ASCII characters, `[a-z0-9]` and `[^…]`, `\d`, `\w`, `{n}`, `{n,m}`, `?`, a
 * choice of plain texts `(?:live|test)`, and `\b` at the start and the end. What repeats a varying number of times must
 * not also be able to begin what follows it.
 * @throws PatternError
 * @example readPattern("acme-deploy-key", "\\bacme_(?:live|test)_[a-z0-9]{32}\\b")
 */
export function readPattern(name: string, expression: string): OwnPattern {
  if (expression.length > PATTERN_TEXT)
    throw new PatternError(`${expression.length} characters`, `at most ${PATTERN_TEXT}`);
  if (!/^[\x20-\x7e]*$/.test(expression)) throw new PatternError("a character that is not ASCII", "ASCII alone");
  const from = expression.startsWith("\\b");
  const to = expression.length > 3 && /(?:^|[^\\])(?:\\\\)*\\b$/.test(expression);
  const items = new Reader(expression.slice(from ? 2 : 0, to ? -2 : undefined)).items();
  judge(items);
  const [least, most] = lengths(items);
  if (least < PATTERN_LEAST)
    throw new PatternError(
      `it matches texts of ${least} characters`,
      `at least ${PATTERN_LEAST}, so that it is not in every text`,
    );
  if (most > PATTERN_MOST) throw new PatternError(`it matches texts of ${most} characters`, `at most ${PATTERN_MOST}`);
  if ((from && !startsWithWord(items[0])) || (to && !startsWithWord(items.at(-1), true)))
    throw new PatternError("\\b beside something else than letters, digits and _", "leave it out there");
  return { name, items, from, to };
}

const startsWithWord = (item: Item | undefined, atEnd = false): boolean =>
  item !== undefined &&
  ("texts" in item
    ? item.texts.every((text) => isWord(text.charCodeAt(atEnd ? text.length - 1 : 0)))
    : item.least > 0 && item.set.every((flag, code) => flag === 0 || isWord(code)));

function lengths(items: readonly Item[]): readonly [least: number, most: number] {
  let least = 0;
  let most = 0;
  for (const item of items) {
    const sizes = "texts" in item ? item.texts.map(({ length }) => length) : [item.least, item.most];
    least += Math.min(...sizes);
    most += Math.max(...sizes);
  }
  return [least, most];
}

/** The characters with which what follows `items[index]` can begin. */
function firstOf(items: readonly Item[], index: number): Uint8Array {
  const set = new Uint8Array(128);
  for (const item of items.slice(index)) {
    if ("texts" in item) for (const text of item.texts) set[text.charCodeAt(0)] = 1;
    else item.set.forEach((flag, code) => (set[code] = flag | (set[code] ?? 0)));
    if ("texts" in item || item.least > 0) break;
  }
  return set;
}

/** Refuses what could be matched in more than one way. */
function judge(items: readonly Item[]): void {
  items.forEach((item, index) => {
    if ("texts" in item) {
      const [shorter, longer] = item.texts.flatMap((one, i) =>
        item.texts.filter((other, j) => i !== j && other.startsWith(one)).map((other) => [one, other]),
      )[0] ?? [undefined, undefined];
      if (shorter !== undefined)
        throw new PatternError(`${longer} in a choice begins with ${shorter}`, "choices of which none begins another");
    } else if (item.least !== item.most) {
      const next = firstOf(items, index + 1);
      if (item.set.some((flag, code) => flag === 1 && next[code] === 1))
        throw new PatternError(
          "a part that repeats a varying number of times can also begin what follows it",
          "a fixed number, such as {32}, or a separator between the two",
        );
    }
  });
}

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  items(): Item[] {
    const items: Item[] = [];
    while (this.at < this.text.length) items.push(this.item());
    return items;
  }

  private item(): Item {
    const group = this.take("(?:") || this.take("(");
    if (group) return this.choice();
    const set = setOf(this.take("[") ? this.characters() : this.one());
    const [least, most] = this.times();
    return { set, least, most };
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private choice(): Item {
    if (this.text[this.at] === "?")
      throw new PatternError("a look-around or a named group", "a choice of plain texts such as (?:live|test)");
    const end = this.text.indexOf(")", this.at);
    const texts = this.text.slice(this.at, Math.max(end, this.at)).split("|");
    if (end < 0 || texts.some((text) => !/^[A-Za-z0-9_ :@/=-]+$/.test(text)))
      throw new PatternError("a group that is not a choice of plain texts", "such as (?:live|test), nothing nested");
    this.at = end + 1;
    if (/^[*+?{]/.test(this.text.slice(this.at)))
      throw new PatternError("a group that repeats", "write it out, or repeat a single class of characters");
    return { texts };
  }

  /** One character, or the class that an escape stands for. */
  private one(): readonly string[] {
    const character = this.text[this.at++] ?? "";
    if (character === "\\") return this.escaped();
    if (/[.*+?^$|(){}[\]]/.test(character))
      throw new PatternError(
        `${character} at this place`,
        character === "."
          ? "name the characters, such as [a-z0-9], or write \\."
          : `plain characters and classes; \\${character} for the character itself`,
      );
    return [character];
  }

  private escaped(): readonly string[] {
    const character = this.text[this.at++] ?? "";
    if (character === "d") return DIGITS;
    if (character === "w") return WORD;
    if (/[A-Za-z0-9]/.test(character) || character === "")
      throw new PatternError(
        `\\${character}`,
        /[1-9k]/.test(character) ? "no back-references" : "\\d, \\w, and \\b at the start and the end",
      );
    return [character];
  }

  /** The rest of a class of characters, up to its bracket. */
  private characters(): readonly string[] {
    const negated = this.take("^");
    const found: string[] = [];
    for (;;) {
      const character = this.text[this.at++];
      if (character === undefined) throw new PatternError("a [ without its ]", "a class such as [a-z0-9]");
      if (character === "]") break;
      const from = character === "\\" ? this.escaped() : [character];
      const first = from[0] ?? "";
      if (from.length === 1 && this.text[this.at] === "-" && ![undefined, "]"].includes(this.text[this.at + 1])) {
        this.at++;
        const last = this.text[this.at++] ?? "";
        if (last === "\\" || last < first) throw new PatternError(`the range ${first}-${last}`, "such as a-z or 0-9");
        found.push(...range(first, last));
      } else found.push(...from);
    }
    if (found.length === 0) throw new PatternError("an empty class", "a class such as [a-z0-9]");
    return negated ? range(" ", "~").filter((one) => !found.includes(one)) : found;
  }

  private times(): readonly [least: number, most: number] {
    if (this.take("?")) return this.greedy([0, 1]);
    const unbounded = /^(?:[*+]|\{\d*,\})/.exec(this.text.slice(this.at))?.[0];
    if (unbounded !== undefined) throw new PatternError(`${unbounded} has no upper bound`, "a bound, such as {20,64}");
    if (this.text[this.at] !== "{") return [1, 1];
    const bounds = /^\{(\d{1,3})(?:,(\d{1,3}))?\}/.exec(this.text.slice(this.at));
    if (bounds === null) throw new PatternError("a { that is no repetition", "{32} or {20,64}; \\{ for the character");
    this.at += bounds[0].length;
    const least = Number(bounds[1]);
    const most = Number(bounds[2] ?? bounds[1]);
    if (most < least || most === 0) throw new PatternError(bounds[0], "the smaller number first");
    return this.greedy([least, most]);
  }

  private greedy(times: readonly [number, number]): readonly [number, number] {
    if (/^[?+*{]/.test(this.text.slice(this.at)))
      throw new PatternError("a repetition of a repetition", "one repetition, such as {20,64}");
    return times;
  }
}

/**
 * Where a match that starts at `at` ends; -1 if none does. Looks at each character once, and at no more than the
 * longest match has.
 */
export function endOfMatch({ items, from, to }: OwnPattern, text: string, start: number): number {
  if (from && !isBoundary(text, start)) return -1;
  let at = start;
  for (const item of items) {
    if ("texts" in item) {
      const chosen = item.texts.find((one) => text.startsWith(one, at));
      if (chosen === undefined) return -1;
      at += chosen.length;
    } else {
      const end = Math.min(text.length, at + item.most);
      const first = at;
      while (at < end && item.set[text.charCodeAt(at)] === 1) at++;
      if (at - first < item.least) return -1;
    }
  }
  return to && !isBoundary(text, at) ? -1 : at;
}

/** The codes of the characters with which a match can start. */
export const startsOf = ({ items }: OwnPattern): readonly number[] =>
  [...firstOf(items, 0)].flatMap((flag, code) => (flag === 1 ? [code] : []));
