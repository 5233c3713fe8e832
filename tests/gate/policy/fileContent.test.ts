import { compile } from "../../../gate/policy/compiled";
import { judgeFile, type JudgedFile } from "../../../gate/policy/fileContent";
import { SecretRefusal } from "../../../gate/policy/verdict";
import { policyFor } from "../support/policy";

const policy = compile(policyFor());
const api = policy.repositories.get("api");
/** Made-up tokens; no two are the same. */
const token = (n: number): string =>
  `ghp_${String(n).padStart(2, "0")}${"aB3dE5gH7jK9mN1pQ3sT5vW7yZ2bC4eF6h".slice(0, 34)}`;
const tokens = (count: number): string => Array.from({ length: count }, (_, n) => token(n)).join("\n");
const judged = (content: string, path = "src/a.txt", repository = api): SecretRefusal | JudgedFile =>
  judgeFile(policy, repository, path, content, Date.parse("2026-01-01"));

describe("a file with what looks like a credential", () => {
  it("is refused where its place is not known: nothing can have stood there", () => {
    expect(judged(token(1), "")).toBeInstanceOf(SecretRefusal);
    expect(judgeFile(policy, undefined, "src/a.txt", token(1), 0)).toBeInstanceOf(SecretRefusal);
  });

  it("waits for what stood there before, and is refused for each value that is new", () => {
    const file = judged(tokens(2));
    if (file instanceof SecretRefusal) throw new Error("refused before the earlier content was read");
    expect(file.judge?.(tokens(2))).toBeUndefined();
    expect(file.judge?.(`text ${token(1)} text ${token(0)}`)).toBeUndefined();
    expect(file.judge?.(token(0))).toBeInstanceOf(SecretRefusal);
    expect(file.judge?.("")).toBeInstanceOf(SecretRefusal);
    expect(file.judge?.(undefined)).toBeInstanceOf(SecretRefusal);
  });

  it("is refused when it has more of them than are compared, whatever stood there", () => {
    expect(judged(tokens(19))).not.toBeInstanceOf(SecretRefusal);
    expect(judged(tokens(20))).toBeInstanceOf(SecretRefusal);
    expect(judged(tokens(25))).toBeInstanceOf(SecretRefusal);
  });

  it("passes without any", () => {
    expect(judged("nothing here")).toEqual({ findings: [] });
  });
});
