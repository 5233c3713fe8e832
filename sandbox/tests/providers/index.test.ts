import { packageNamed, packageOf, packages } from "../../providers";

describe("the packages of the sandbox", () => {
  it("are those that the stack uses", () => {
    expect(packages.map(({ name }) => name)).toEqual(["claude", "cloudflare", "github", "random", "vault"]);
  });

  it("are found by their tokens, of types and of functions", () => {
    for (const pkg of packages) {
      for (const token of [...pkg.types, ...pkg.functions]) expect(packageOf(token)).toBe(pkg);
    }
  });

  it("are refused by name when unknown, and so are unknown types", () => {
    expect(() => packageNamed("aws")).toThrow(
      'no provider for the package "aws" (it has claude, cloudflare, github, random, vault)',
    );
    expect(() => packageOf("vault:index/audit:Audit")).toThrow("vault provider does not know vault:index/audit:Audit");
  });
});
