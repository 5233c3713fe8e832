import * as fc from "fast-check";
import { findSecrets, type Finding } from "../../../../gate/policy";
import { Searcher } from "../../../../gate/policy/git/pack";

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
    const found = findSecrets(`${`${allowed} `.repeat(100)}${real}`, 0, 20, { allows });
    expect(found).toEqual([
      { rule: "allowed-secret", kind: "github-classic-token", offset: 0, reason: "demo" },
      { rule: "github-classic-token", offset: 4100 },
    ]);
    expect(asked).toEqual([allowed, real]);
    expect(JSON.stringify(found)).not.toContain("ghp_");
    const key = `${"-".repeat(5)}BEGIN PRIVATE KEY${"-".repeat(5)}`;
    expect(findSecrets(key, 0, 20, { allows: () => "all of them" })).toMatchObject([{ rule: "private-key" }]);
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
          const searcher = new Searcher((findings) => found.push(...findings), { allows });
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
          const whole = findSecrets(text, 0, 100, { allows });
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
