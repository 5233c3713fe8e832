import { clientIpOf, originOf } from "../../../gate/address";

describe("the gate's own address", () => {
  it.each<[string, string | undefined, string]>([
    ["http://evil.example/repos/a", "https://gate.acme.dev", "https://gate.acme.dev"],
    ["http://127.0.0.1:9/repos/a", "https://gate.acme.dev/", "https://gate.acme.dev"],
    ["http://127.0.0.1:8787/x", undefined, "http://127.0.0.1:8787"],
    ["http://localhost:8787/x", undefined, "http://localhost:8787"],
    ["http://[::1]:8787/x", undefined, "http://[::1]:8787"],
    ["http://gate.acme.dev/x?y", undefined, "https://gate.acme.dev"],
    ["http://127.0.0.1.evil.example/x", undefined, "https://127.0.0.1.evil.example"],
    ["http://localhost.evil.example", undefined, "https://localhost.evil.example"],
  ])("of %s with %s is %s", (url, declared, origin) => {
    expect(originOf(url, declared)).toBe(origin);
  });

  it("is told by whom it can be told", () => {
    const headers = new Map([
      ["cf-connecting-ip", "198.51.100.77"],
      ["x-real-ip", "203.0.113.1"],
    ]);
    expect([
      clientIpOf(headers, true, undefined),
      clientIpOf(headers, false, undefined),
      clientIpOf(headers, false, "x-real-ip"),
      clientIpOf(new Map(), false, "x-real-ip"),
    ]).toEqual(["198.51.100.77", "", "203.0.113.1", ""]);
  });
});
