import { aliasUrns } from "../../engine/aliases";
import { createUrn, displayType, parseUrn } from "../../engine/urns";
import { seconds } from "../../engine/wire";

describe("names", () => {
  it.each([
    ["vault:index/mount:Mount", "vault:index:Mount"],
    ["vault:appRole/authBackendRole:AuthBackendRole", "vault:appRole:AuthBackendRole"],
    ["pulumi:pulumi:Stack", "pulumi:pulumi:Stack"],
    ["pulumi:providers:vault", "pulumi:providers:vault"],
    ["sample:vault:TokenStore", "sample:vault:TokenStore"],
  ])("shows %s as %s", (type, shown) => {
    expect(displayType(type)).toBe(shown);
  });

  it("nests types of parents, but not the stack's", () => {
    const stack = createUrn("dev", "p", undefined, "pulumi:pulumi:Stack", "p-dev");
    const parent = createUrn("dev", "p", stack, "a:b:C", "c");
    expect(parent).toBe("urn:pulumi:dev::p::a:b:C::c");
    expect(createUrn("dev", "p", parent, "d:e:F", "x::y")).toBe("urn:pulumi:dev::p::a:b:C$d:e:F::x::y");
    expect(parseUrn("urn:pulumi:dev::p::a:b:C$d:e:F::x::y")).toEqual({
      stack: "dev",
      project: "p",
      qualifiedType: "a:b:C$d:e:F",
      type: "d:e:F",
      name: "x::y",
    });
  });

  it("finds a child under its parent's former name", () => {
    const found = new Map([["urn:pulumi:dev::p::t:c:New::newapp", "urn:pulumi:dev::p::t:c:Old::app"]]);
    expect(
      aliasUrns(
        { stack: "dev", project: "p", found },
        "newapp-role",
        "a:b:Role",
        "urn:pulumi:dev::p::t:c:New::newapp",
        [{ name: "newapp-right" }],
      ),
    ).toEqual([
      "urn:pulumi:dev::p::t:c:New$a:b:Role::newapp-right",
      "urn:pulumi:dev::p::t:c:Old$a:b:Role::app-role",
      "urn:pulumi:dev::p::t:c:Old$a:b:Role::app-right",
    ]);
  });

  it.each([
    ["", undefined],
    ["30s", 30],
    ["1h30m", 5400],
    ["1.5m", 90],
    ["250ms", 0.25],
  ])("reads the duration %j", (text, value) => {
    expect(seconds(text)).toBe(value);
  });
  it("refuses what is no duration", () => {
    expect(() => seconds("soon")).toThrow("not a duration such as 30s or 5m");
  });
});
