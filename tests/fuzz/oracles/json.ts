import { isDeepStrictEqual } from "node:util";
import { MAX_JSON_DEPTH, parseStrictJson } from "../../../gate/policy/text/json";
import { Refusal } from "../../../gate/policy/refusals";

/**
 * Another reading of RFC 8259, by recursive descent, which knows nothing of JSON.parse: the value, or why no two
 * readers need agree on it.
 */
class Reader {
  private at = 0;
  private depth = 0;
  constructor(private readonly text: string) {}

  read(): unknown {
    if (Buffer.from(this.text).toString() !== this.text) throw new Ambiguous("no UTF-8 says this");
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new Ambiguous("bytes behind the value");
    return value;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text.charAt(this.at))) this.at++;
  }

  private take(wanted: string): void {
    if (!this.text.startsWith(wanted, this.at)) throw new Ambiguous(`no ${wanted} at ${this.at}`);
    this.at += wanted.length;
  }

  private value(): unknown {
    this.space();
    const c = this.text.charAt(this.at);
    if (c === "{") return this.nested(() => this.object());
    if (c === "[") return this.nested(() => this.array());
    if (c === '"') return this.string();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (c === word.charAt(0)) {
        this.take(word);
        return value;
      }
    }
    return this.number();
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > MAX_JSON_DEPTH) throw new Ambiguous("too deep");
    const value = read();
    this.depth--;
    return value;
  }

  private object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.take("{");
    this.space();
    if (this.text.charAt(this.at) === "}") {
      this.take("}");
      return {};
    }
    for (;;) {
      this.space();
      const key = this.string();
      if (entries.some(([other]) => other === key)) throw new Ambiguous("the same key twice");
      this.space();
      this.take(":");
      entries.push([key, this.value()]);
      this.space();
      if (this.text.charAt(this.at) === "}") break;
      this.take(",");
    }
    this.take("}");
    return Object.fromEntries(entries);
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.take("[");
    this.space();
    if (this.text.charAt(this.at) === "]") {
      this.take("]");
      return items;
    }
    for (;;) {
      items.push(this.value());
      this.space();
      if (this.text.charAt(this.at) === "]") break;
      this.take(",");
    }
    this.take("]");
    return items;
  }

  private string(): string {
    const units: number[] = [];
    this.take('"');
    for (;;) {
      if (this.at >= this.text.length) throw new Ambiguous("an open string");
      const code = this.text.charCodeAt(this.at++);
      if (code === 34) break;
      if (code < 32) throw new Ambiguous("a control character in a string");
      if (code !== 92) {
        units.push(code);
        continue;
      }
      const escape = this.text.charAt(this.at++);
      const plain = '"\\/bfnrt'.indexOf(escape);
      if (escape !== "" && plain >= 0) units.push('"\\/\b\f\n\r\t'.charCodeAt(plain));
      else if (escape === "u" && /^[0-9a-fA-F]{4}$/.test(this.text.slice(this.at, this.at + 4))) {
        units.push(parseInt(this.text.slice(this.at, this.at + 4), 16));
        this.at += 4;
      } else throw new Ambiguous("no such escape");
    }
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] ?? 0;
      if (unit < 0xd800 || unit > 0xdfff) continue;
      const next = units[i + 1] ?? 0;
      if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) throw new Ambiguous("half a character");
      i++;
    }
    return units.map((unit) => String.fromCharCode(unit)).join("");
  }

  private number(): number {
    const text = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/.exec(this.text.slice(this.at))?.[0];
    if (text === undefined) throw new Ambiguous(`no value at ${this.at}`);
    this.at += text.length;
    const value = Number(text);
    if (
      /^-?[0-9]+$/.test(text)
        ? BigInt(text) > 2n ** 53n - 1n || BigInt(text) < 1n - 2n ** 53n
        : Math.abs(value) >= 2 ** 53
    )
      throw new Ambiguous("a number that is not exact");
    return value;
  }
}

/** A text that two readers may take for different things. */
class Ambiguous extends Error {}

/**
 * The gate takes exactly what has one reading, and reads JSON.parse's value; what it sends is the same value. True when
 * it was accepted.
 */
export function jsonHasOneReading(text: string): boolean {
  let other: { value: unknown } | undefined;
  let why = "";
  try {
    other = { value: new Reader(text).read() };
  } catch (error) {
    if (!(error instanceof Ambiguous)) throw error;
    why = error.message;
  }
  const judged = parseStrictJson(text);
  if (judged instanceof Refusal) {
    if (other !== undefined) throw new Error(`refused by ${judged.rule} (${judged.at}), though it has one reading`);
    return false;
  }
  if (other === undefined) throw new Error(`accepted, though another reader says: ${why}`);
  if (!isDeepStrictEqual(judged.value, JSON.parse(text))) throw new Error("the value is not JSON.parse's");
  if (!isDeepStrictEqual(judged.value, other.value)) throw new Error("the value is not the other reader's");
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(judged.value)), JSON.parse(JSON.stringify(other.value))))
    throw new Error("what is sent is another value");
  return true;
}
