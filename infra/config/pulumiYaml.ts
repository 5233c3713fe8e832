import type * as Yaml from "yaml";

/**
 * Reads YAML as Pulumi does: with Go's yaml.v3 (resolve.go, decode.go) and `config.object` of its SDK. That is neither
 * YAML 1.1 nor 1.2: unquoted dates become times, `0777` and `0o777` octal numbers, `<<` merges, and `yes` stays a text.
 * A time ends up as Go prints it, `2026-12-31 00:00:00 +0000 UTC` (see goTime.ts). Recorded in
 * tests/fixtures/pulumi/config.
 * @throws YamlProblem where Pulumi would refuse the text too.
 */
export function readPulumiYaml(text: string): unknown {
  // Loaded only here: the program is given its configuration and would pay for the parser in every preview.
  // oxlint-disable-next-line typescript/no-require-imports -- see above; an import would load it at start-up
  const yaml = require("yaml") as typeof Yaml;
  const lines = new yaml.LineCounter();
  // Every scalar as its text: what it means is decided here.
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    schema: "failsafe",
    resolveKnownTags: false,
    merge: false,
    uniqueKeys: true,
    logLevel: "silent",
  });
  const refuse = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new YamlProblem(line, col, message);
  };
  const failure = document.errors[0];
  if (failure) return refuse(failure.pos[0], firstLine(failure.message));

  // What each alias stands for: the nearest anchor of its name before it. The library's own search reads the whole
  // document for each alias.
  const anchors = new Map<string, Yaml.Node>();
  const targets = new Map<Yaml.Alias, Yaml.Node | undefined>();
  yaml.visit(document, {
    Alias: (_, alias) => void targets.set(alias, anchors.get(alias.source)),
    Value: (_, node) => void (node.anchor && anchors.set(node.anchor, node)),
  });

  let budget = MAX_NODES;
  const open = new Set<Yaml.Node>();
  const at = (node: Yaml.Node): number => node.range?.[0] ?? 0;

  const valueOf = (node: Yaml.Node | null): unknown => {
    if (node === null) return null;
    if (--budget < 0) return refuse(at(node), "aliases repeat too much");
    if (yaml.isAlias(node)) {
      const target = targets.get(node);
      if (!target) return refuse(at(node), `no anchor named ${node.source}`);
      if (open.has(target)) return refuse(at(node), `the anchor ${node.source} contains itself`);
      return valueOf(target);
    }
    if (yaml.isScalar(node)) return scalarOf(node);
    open.add(node);
    const value = yaml.isSeq(node)
      ? node.items.map((item) => valueOf(item as Yaml.Node))
      : mappingOf(node as Yaml.YAMLMap<Yaml.Node, Yaml.Node | null>);
    open.delete(node);
    return value;
  };

  const scalarOf = (node: Yaml.Scalar): unknown => {
    const source = typeof node.value === "string" ? node.value : String(node.value ?? "");
    const result = resolve(source, node.type === "PLAIN", node.tag?.replace(/^tag:yaml\.org,2002:/, "!!"));
    return "value" in result ? result.value : refuse(at(node), result.wrong);
  };

  /** A key of its own wins over a merged one, wherever `<<` stands; among several merged mappings the first wins. */
  const mappingOf = (node: Yaml.YAMLMap<Yaml.Node, Yaml.Node | null>): Record<string, unknown> => {
    const own: [string, unknown][] = [];
    let merged: [string, unknown][] = [];
    for (const { key, value } of node.items) {
      if (yaml.isScalar(key) && key.value === "<<") merged = mergedOf(value, at(key));
      else own.push([keyText(valueOf(key)), valueOf(value)]);
    }
    return Object.fromEntries([...merged, ...own]);
  };

  const mergedOf = (node: Yaml.Node | null, offset: number): [string, unknown][] => {
    const target = yaml.isAlias(node) ? targets.get(node) : node;
    // An alias of a list is none to yaml.v3, though a list of aliases is one.
    const sources = yaml.isSeq(node) ? (node.items as Yaml.Node[]) : [target ?? null];
    return [...sources].reverse().flatMap((source) => {
      const map = yaml.isAlias(source) ? targets.get(source) : source;
      if (!yaml.isMap(map)) return refuse(offset, "<< takes a mapping, or a list of mappings");
      return Object.entries(valueOf(source) as Record<string, unknown>);
    });
  };

  return valueOf(document.contents);
}

/** A text that is no YAML to Pulumi; line and column count from 1. */
export class YamlProblem extends Error {
  constructor(
    readonly line: number,
    readonly column: number,
    readonly problem: string,
  ) {
    super(`line ${line}, column ${column}: ${problem}`);
    this.name = "YamlProblem";
  }
}

/** More than any file that a person writes; a few aliases of aliases can stand for billions. */
const MAX_NODES = 500_000;

type Resolved = { readonly value: unknown } | { readonly wrong: string };

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);

/** What a scalar means. `tag` as it is written, `!!int` for one of YAML's own. */
function resolve(source: string, plain: boolean, tag: string | undefined): Resolved {
  if (tag === "!!binary") return decodedBinary(source);
  const untagged = tag === undefined;
  if ((untagged && !plain) || tag === "!!str" || (!untagged && !STANDARD_TAGS.has(tag))) return { value: source };
  const { kind, value } = meaning(source, untagged || tag === "!!timestamp");
  const fits = untagged || kind === tag || (tag === "!!float" && kind === "!!int");
  if (!fits) return { wrong: `${JSON.stringify(source)} is no ${tag.slice(2)}` };
  if (typeof value === "number" && !Number.isFinite(value))
    return { wrong: `${source} is no number that a configuration can hold` };
  return { value };
}

const STANDARD_TAGS = new Set(["!!bool", "!!int", "!!float", "!!null", "!!timestamp"]);

function meaning(source: string, times: boolean): { kind: string; value: unknown } {
  const word = WORDS.get(source);
  if (word !== undefined) return { kind: word === null ? "!!null" : "!!bool", value: word };
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return { kind: "!!float", value: NaN };
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(source)) return { kind: "!!float", value: Infinity };
  const time = times ? goTime(source) : undefined;
  if (time !== undefined) return { kind: "!!timestamp", value: time };
  const whole = wholeNumber(source);
  if (whole !== undefined) return { kind: "!!int", value: whole };
  const fraction = source.replaceAll("_", "");
  if (/^(?:[-+]|[\d.])/.test(source) && /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(fraction)) {
    const value = Number(fraction);
    if (Number.isFinite(value)) return { kind: "!!float", value };
  }
  return { kind: "!!str", value: source };
}

/** Signs, underscores and the prefixes of both YAMLs; nothing beyond 64 bits. */
function wholeNumber(source: string): number | undefined {
  const match = /^([-+]?)(?=\d)(0[xX](?=.)|0[oO](?=.)|0[bB](?=.)|0(?=.))?(.+)$/.exec(source.replaceAll("_", ""));
  if (!match || !/^[-+\d]/.test(source)) return undefined;
  const [, sign, prefix, digits = ""] = match;
  const base = prefix === undefined ? "" : prefix === "0" ? "0o" : prefix.toLowerCase();
  let value: bigint;
  try {
    if (/[^\da-fA-F]/.test(digits)) return undefined;
    value = BigInt(`${base}${digits}`);
  } catch {
    return undefined;
  }
  const signed = sign === "-" ? -value : value;
  const most = sign === "" ? 2n ** 64n : 2n ** 63n;
  return signed >= -(2n ** 63n) && signed < most ? Number(signed) : undefined;
}

const TIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d{2}:\d{2}))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?))?$/;

/**
 * A date or time as Go prints it, in the zone in which it was written; undefined for what yaml.v3 takes for no time.
 */
function goTime(source: string): string | undefined {
  const match = TIME.exec(source);
  if (!match) return undefined;
  const [, year = "", month = "", day = "", ...rest] = match;
  const [h1, m1, s1, f1, zone = "Z", h2, m2, s2, f2] = rest;
  const [hour = "0", minute = "0", second = "0"] = [h1 ?? h2, m1 ?? m2, s1 ?? s2];
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const exists =
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= daysInMonth &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60;
  if (!exists) return undefined;
  const two = (digits: string) => digits.padStart(2, "0");
  const fraction = (f1 ?? f2 ?? "").slice(0, 9).replace(/0+$/, "");
  const offset = zone === "Z" || zone === "+00:00" ? "+0000" : zone.replace(":", "");
  const name = offset === "+0000" ? "UTC" : offset;
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}${fraction && `.${fraction}`} ${offset} ${name}`;
}

function decodedBinary(source: string): Resolved {
  try {
    return {
      value: new TextDecoder().decode(Uint8Array.from(atob(source.replace(/\s/g, "")), (c) => c.charCodeAt(0))),
    };
  } catch {
    return { wrong: "!!binary holds no base64" };
  }
}

/** A key that is no text, as Go's `%v` writes it. */
function keyText(key: unknown): string {
  return key === null ? "<nil>" : String(key);
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
}
