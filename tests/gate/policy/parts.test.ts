import * as fc from "fast-check";
import {
  chainLine,
  entryText,
  findSecrets,
  GENESIS,
  PathMatcher,
  verifyChain,
  type AuditEntry,
  type Finding,
} from "../../../gate/policy";
import { Searcher } from "../../../gate/policy/git/pack";
import { parseStrictJson } from "../../../gate/policy/text/json";
import { printable, Refusal } from "../../../gate/policy/refusals";
import { isFilePath, isRefName } from "../../../gate/policy/text/values";

const ruleOf = (text: string): string => {
  const parsed = parseStrictJson(text);
  return parsed instanceof Refusal ? parsed.rule : "passes";
};

describe("parseStrictJson", () => {
  it("reads any JSON value as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.integer({ min: 0, max: 3 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const parsed = parseStrictJson(spaced);
        if (parsed instanceof Refusal) expect(["body-number", "body-malformed"]).toContain(parsed.rule);
        else expect(parsed.value).toEqual(JSON.parse(spaced));
      }),
    );
  });

  it.each([
    ['{"a":1,"b":1}', '{"a":1,"a":1}', "body-duplicate-key"],
    ['{"a":{"a":1}}', '{"b":{"a":1,"\\u0061":2}}', "body-duplicate-key"],
    ['[{"a":1},{"a":1}]', '[{"a":1,"x":[1,{}],"a":1}]', "body-duplicate-key"],
    ['{"a":"a\\"","b":1}', '{"a":"b\\"","a":1}', "body-duplicate-key"],
    ["9007199254740991", "9007199254740993", "body-number"],
    ["1.5", "1e400", "body-number"],
    ["[".repeat(24) + "]".repeat(24), "[".repeat(25) + "]".repeat(25), "body-too-deep"],
    ['"\\ud83d\\ude00"', '"\\ud83d"', "body-malformed"],
    ["{}", "{}x", "body-malformed"],
    ["{}", "\ufeff{}", "body-malformed"],
    ["{}", "{'a':1}", "body-malformed"],
  ])("passes %s and refuses %s", (good, bad, rule) => {
    expect(ruleOf(good)).toBe("passes");
    expect(ruleOf(bad)).toBe(rule);
  });
});

describe("PathMatcher", () => {
  it.each([
    ["/CODEOWNERS", ["CODEOWNERS", "codeowners", "CODEOWNERS/x"], ["a/CODEOWNERS", "CODEOWNERS2"]],
    [
      "/.github/workflows/**",
      [".github/workflows/a.yml", ".github/workflows/a/b", ".github/workflows", ".GITHUB/Workflows/x"],
      [".github/workflow", "x/.github/workflows/a"],
    ],
    ["*.pem", ["a.pem", "x/y/a.pem", ".pem"], ["a.pem2", "pem"]],
    ["deploy/", ["deploy/a", "x/deploy/b"], ["deployx/a"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/b", "z"]],
    ["a?c/*", ["abc/d", "abc/d/e"], ["ac/d", "abbc/d"]],
  ])("%s", (glob, inside, outside) => {
    const matcher = new PathMatcher([glob]);
    for (const path of inside) expect([path, matcher.matches(path)]).toEqual([path, true]);
    for (const path of outside) expect([path, matcher.matches(path)]).toEqual([path, false]);
  });

  it("knows where something protected could lie below", () => {
    const matcher = new PathMatcher(["/.github/workflows/**", "/docs/CODEOWNERS"]);
    expect([".github", ".github/workflows", "docs", "src"].map((d) => matcher.mayMatchBelow(d))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("values", () => {
  it("takes only ref names that git takes", () => {
    for (const good of ["main", "claude/fix-1", "v1.0", "a@b"]) expect([good, isRefName(good)]).toEqual([good, true]);
    for (const bad of [
      "",
      "a..b",
      ".a",
      "a/.b",
      "a.lock",
      "a//b",
      "/a",
      "a/",
      "a b",
      "a~1",
      "a^",
      "a:b",
      "a?",
      "a*",
      "a[",
      "a\\b",
      "a@{1}",
      "@",
      "a.",
      "-a",
      "a\u0000b",
      "a\u202eb",
    ]) {
      expect([bad, isRefName(bad)]).toEqual([bad, false]);
    }
  });

  it("takes only paths inside the repository", () => {
    for (const good of ["a", "a/b.txt", ".github/x", "a b"]) expect([good, isFilePath(good)]).toEqual([good, true]);
    for (const bad of ["", "/a", "a/", "a//b", "../a", "a/..", "./a", ".git/config", "a/.GIT/x", "a\\b", "a\nb"])
      expect([bad, isFilePath(bad)]).toEqual([bad, false]);
  });
});

describe("findSecrets", () => {
  it("finds what issuers make, and not what only looks like it", () => {
    const random = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    for (const text of [
      `ghp_${random}`,
      `ghs_${random}.${random}.${random}`,
      `github_pat_${random}${random}`,
      `ghk_${random}a1b2c3d`,
      `${"-".repeat(5)}BEGIN RSA PRIVATE KEY${"-".repeat(5)}`,
    ]) {
      expect(findSecrets(`x ${text} y`)).toHaveLength(1);
    }
    for (const text of ["ghp_short", `ghp_${"x".repeat(36)}`, `xghp_${random}`, "BEGIN PUBLIC KEY"])
      expect(findSecrets(text)).toEqual([]);
  });

  it("takes examples of the documentation and obvious placeholders for none, and no real one that is dressed up as one", () => {
    const dashes = "-".repeat(5);
    const real = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    for (const text of [
      "AKIAIOSFODNN7" + "EXAMPLE",
      "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
      "ghp_" + "1234567890".repeat(4),
      "github_pat_" + "EXAMPLE".repeat(12),
      "ghs_" + "your_token_goes_here_".repeat(2),
      "npm_" + "placeholder".repeat(4).slice(0, 36),
      "sk_live_" + "x".repeat(24),
      "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
      `${dashes}BEGIN PRIVATE KEY${dashes}\n...\n${dashes}END PRIVATE KEY${dashes}`,
      `${dashes}BEGIN PRIVATE KEY${dashes}\\n<your key>\\n${dashes}END PRIVATE KEY${dashes}`,
    ])
      expect([text, findSecrets(text)]).toEqual([text, []]);
    for (const text of [
      `ghp_${real}EXAMPLE`,
      `ghp_${real}${"x".repeat(40)}`,
      `ghp_${real}_your_token`,
      `${dashes}BEGIN PRIVATE KEY${dashes}\n...\nMIIE${real}\n${dashes}END PRIVATE KEY${dashes}`,
    ])
      expect([text, findSecrets(text).length]).toEqual([text, 1]);
  });

  it("says of what is allowed why, and lets it crowd out nothing", () => {
    const real = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    const allowed = "ghp_R8q7P6o5N4m3L2k1J0i9H8g7F6e5D4c3B2a1";
    const asked: string[] = [];
    const allows = (value: string): string | undefined => {
      asked.push(value);
      return value === allowed ? "demo" : undefined;
    };
    const found = findSecrets(`${`${allowed} `.repeat(100)}${real}`, 0, 20, allows);
    expect(found).toEqual([
      { rule: "allowed-secret", kind: "github-classic-token", offset: 0, reason: "demo" },
      { rule: "github-classic-token", offset: 4100 },
    ]);
    expect(asked).toEqual([allowed, real]);
    expect(JSON.stringify(found)).not.toContain("ghp_");
    const key = `${"-".repeat(5)}BEGIN PRIVATE KEY${"-".repeat(5)}`;
    expect(findSecrets(key, 0, 20, () => "all of them")).toMatchObject([{ rule: "private-key" }]);
  });

  it("finds in a stream, however it is cut, what it finds in the whole", () => {
    const real = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    const allowed = "ghp_R8q7P6o5N4m3L2k1J0i9H8g7F6e5D4c3B2a1";
    const allows = (value: string): string | undefined => (value === allowed ? "demo" : undefined);
    const parts = [real, allowed, `${allowed}x`, `${real}0123456789`, " ", "\n", "key = ", "z".repeat(900)];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...parts), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
        (chosen, cuts) => {
          const text = chosen.join(" ");
          const found: Finding[] = [];
          const searcher = new Searcher((findings) => found.push(...findings), allows);
          searcher.begin();
          for (let at = 0, i = 0; at < text.length; i++) {
            const next = at + (cuts[i % cuts.length] ?? 1);
            searcher.push(Buffer.from(text.slice(at, next)));
            at = next;
          }
          searcher.end();
          const refused = (list: readonly Finding[]): number[] =>
            list.filter(({ rule }) => rule !== "allowed-secret").map(({ offset }) => offset);
          const allowedIn = (list: readonly Finding[]): boolean => list.some(({ rule }) => rule === "allowed-secret");
          const whole = findSecrets(text, 0, 100, allows);
          expect(refused(found)).toEqual(refused(whole));
          expect(allowedIn(found)).toBe(allowedIn(whole));
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it("stays linear on long texts of near misses", () => {
    const text = "ghp_a ghs_. github_pat_ sk-ant- AKIA ".repeat(20_000);
    const before = process.hrtime.bigint();
    expect(findSecrets(text)).toEqual([]);
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(1000);
  });
});

describe("the audit chain", () => {
  const entry: AuditEntry = {
    ts: "2026-01-01T00:00:00.000Z",
    agent: "agent",
    requestId: "r",
    clientIp: "192.0.2.1",
    method: "GET",
    path: '/x","prevHash":"',
    route: "repo.get",
    repository: "acme/api",
    decision: "allow",
    reason: "",
    status: 200,
    bytesIn: 0,
    bytesOut: 1,
    ms: 2,
    tokenSha256: "",
    findings: [],
  };
  async function trail(count: number): Promise<string[]> {
    const lines: string[] = [];
    let hash = GENESIS;
    for (let seq = 1; seq <= count; seq++) {
      const made = await chainLine(seq, entryText({ ...entry, requestId: `r${seq}` }), hash);
      lines.push(made.line);
      hash = made.hash;
    }
    return lines;
  }

  it("holds as written, from the start and from the middle", async () => {
    const lines = await trail(5);
    expect(await verifyChain(lines)).toMatchObject({ records: 5, problems: [], lastSeq: 5 });
    expect(Object.keys(JSON.parse(lines[0] ?? ""))).toEqual([
      "v",
      "seq",
      "ts",
      "agent",
      "requestId",
      "clientIp",
      "method",
      "path",
      "route",
      "repository",
      "decision",
      "reason",
      "status",
      "bytesIn",
      "bytesOut",
      "ms",
      "tokenSha256",
      "findings",
      "prevHash",
      "hash",
    ]);
    const { hash } = JSON.parse(lines[1] ?? "") as { hash: string };
    expect((await verifyChain(lines.slice(2), { seq: 2, hash })).problems).toEqual([]);
  });

  it("shows a change, a loss, an exchange and a gap, each by its own words", async () => {
    const lines = await trail(5);
    const problems = async (changed: string[]): Promise<string> =>
      (await verifyChain(changed)).problems.map((p) => `${p.seq} ${p.problem}`).join("; ");
    expect(await problems(lines.map((l, i) => (i === 2 ? l.replace('"status":200', '"status":403') : l)))).toMatch(
      /^3 was changed/,
    );
    expect(await problems(lines.filter((_, i) => i !== 2))).toMatch(/^4 records 3 to 3 are missing/);
    expect(await problems([lines[0], lines[2], lines[1], lines[3], lines[4]] as string[])).toMatch(/out of order/);
    expect(await problems([...lines.slice(0, 4), "{}"])).toMatch(/not an audit record/);
    const gap = await chainLine(
      6,
      entryText({ ...entry, decision: "gap" }),
      (JSON.parse(lines[4] ?? "") as { hash: string }).hash,
    );
    expect(await problems([...lines, gap.line])).toMatch(/^6 an isolate's records are missing/);
  });
});

describe("printable", () => {
  it("removes what could forge a log line or hide a name, and bounds the rest", () => {
    expect(printable("a\r\nb\u001b[31mc\u202ed")).toBe("a��b�[31mc�d");
    expect(printable("x".repeat(300))).toHaveLength(201);
  });
});
