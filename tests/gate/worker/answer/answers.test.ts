import { createHash, randomBytes } from "node:crypto";
import { TokenRedactor } from "../../../../gate/worker/answer/tokenRedactor";
import { ByteSearch } from "../../../../gate/worker/answer/byteSearch";

const tokens = {
  classic: `ghp_${randomBytes(18).toString("hex")}`,
  "fine-grained": `github_pat_${randomBytes(11).toString("hex")}_${randomBytes(29).toString("hex")}x`,
  installation: `ghs_123456_${randomBytes(240).toString("base64url")}.${randomBytes(32).toString("base64url")}`,
};
const of = (token: string): TokenRedactor =>
  new TokenRedactor({
    value: token,
    sha256: createHash("sha256").update(token).digest("base64"),
    expiresAt: Infinity,
    basic: `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
  });
const lines = (text: string, width: number, end: string): string =>
  text.replace(new RegExp(`.{${width}}`, "g"), `$&${end}`);
const file = (token: string, before: number): string =>
  Buffer.from(`${"é".repeat(before >> 1)}${"x".repeat(before % 2)}${token}\nmore\n`).toString("base64");

describe.each(Object.entries(tokens))("a %s token", (_name, token) => {
  const reflections = of(token);

  it("is found in base64 in lines, wherever it stands and however lines end", () => {
    const missed: string[] = [];
    for (let before = 0; before < 70; before++)
      for (const width of [60, 64, 76])
        for (const end of ["\n", "\r\n", "\\n", "\\r\\n", "\n+", "\\n+", "\\n-", "\\n "]) {
          const clean = reflections.clean(`{"content":"${lines(file(token, before), width, end)}","after":1}`);
          if (reflections.has(clean) || !clean.includes("[removed") || !clean.endsWith('","after":1}'))
            missed.push(`${before} ${width} ${JSON.stringify(end)} ${clean}`);
        }
    expect(missed).toEqual([]);
  });

  it.each<[string, (text: string) => string]>([
    ["JSON escapes", (t) => [...t].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")],
    ["JSON escapes of some", (t) => t.replace(/[_g1]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).toUpperCase()}`)],
    ["percent-encoding of some", (t) => t.replace(/[_g1]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)],
    ["escapes of percents", (t) => t.replace(/_/g, "\\u00255f")],
    ["HTML's numbers of some", (t) => t.replace(/_/g, "&#95;")],
    ["base64, percent-encoded", (t) => encodeURIComponent(file(t, 7))],
    ["base64 with escaped slashes", (t) => file(t, 8).replaceAll("/", "\\/")],
    ["base64 in escaped lines", (t) => lines(file(t, 31), 60, "\\u000a")],
    [
      "base64 of the other alphabet in lines",
      (t) => lines(file(t, 32).replaceAll("+", "-").replaceAll("/", "_"), 60, "\n"),
    ],
  ])("is found in %s", (_form, encoded) => {
    expect(reflections.has(`{"a":"before ${encoded(token)} after"}`)).toBe(true);
    expect(reflections.clean(`{"a":"${encoded(token)}"}`)).toContain("[removed by gatehouse]");
  });

  it("is found in a stream, wherever its pieces end, and nothing of it leaves", () => {
    const text = `${"~".repeat(50)}${token}${"~".repeat(50)}`;
    const bytes = new TextEncoder().encode(text);
    for (let at = 1; at < bytes.length; at++) {
      const watch = reflections.watch();
      const parts = [watch.push(bytes.subarray(0, at))];
      if (parts[0] !== undefined) parts.push(watch.push(bytes.subarray(at)));
      expect(parts.at(-1)).toBeUndefined();
      const left = parts.map((part) => (part === undefined ? "" : new TextDecoder().decode(part))).join("");
      expect("~".repeat(50).startsWith(left)).toBe(true);
    }
    const whole = reflections.watch();
    const passed = [...text.replace(token, token.slice(0, -1))].map((c) => whole.push(new TextEncoder().encode(c)));
    expect(passed.map((part) => new TextDecoder().decode(part)).join("") + new TextDecoder().decode(whole.end())).toBe(
      text.replace(token, token.slice(0, -1)),
    );
  });

  it("is not seen where it is not", () => {
    for (const text of [
      "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      `${token.slice(0, 8)} ${token.slice(-8)}`,
      `{"body":"a \\u003cb\\u003e 100% %2F &#39; ${randomBytes(300).toString("base64")}"}`,
    ])
      expect(reflections.clean(text)).toBe(text);
  });
});

/* A search that goes back for every candidate would need minutes for the last two, and the test's time would run out. */
it("looks through a large answer once, also one made to slow it down", () => {
  const reflections = of(tokens.classic);
  const million = {
    json: JSON.stringify(
      Array.from({ length: 20_000 }, (_, i) => ({ id: i, body: "a \u003cb\u003e\n100%\n", url: "x/claude%2Fy" })),
    ),
    ends: tokens.classic.slice(0, -1).repeat(25_000),
    pieces: `${Buffer.from(tokens.classic).toString("base64").slice(0, 26)}\n`.repeat(37_000),
  };
  expect(reflections.clean(million.json)).toBe(million.json);
  expect(reflections.clean(million.ends)).toBe(million.ends);
  // Base64 comes in lines, so a whole line of it counts as the token.
  expect(reflections.clean(million.pieces)).toBe("[removed by gatehouse]\n".repeat(37_000));
});

it("finds what a plain search finds", () => {
  const letters = "ab";
  const text = (length: number): string => [...randomBytes(length)].map((b) => letters[b % 2]).join("");
  for (let i = 0; i < 3_000; i++) {
    const needles = Array.from({ length: 1 + (i % 4) }, (_, k) => text(2 + ((i + k) % 9)));
    const hay = text(i % 40);
    const expected = needles.some((needle) => hay.includes(needle));
    const search = new ByteSearch(needles);
    // Characters whose last byte is a letter of the needles, and one of two halves.
    const other = hay.replace(/a(?=b)/g, () => ["\u0161", "\uff62", "a", "\ud83d\ude61"][i % 4] ?? "");
    const found = [
      search.isIn(new TextEncoder().encode(hay)) === expected,
      search.isIn(hay) === expected,
      search.isIn(other) === needles.some((needle) => other.includes(needle)),
    ];
    if (found.includes(false)) throw new Error(`${JSON.stringify(needles)} in ${hay} or ${other}: ${String(found)}`);
  }
});
