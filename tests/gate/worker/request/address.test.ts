import { clientIpOf, originOf } from "../../../../gate/worker/request/address";
import { judgeHeaders } from "../../../../gate/worker/request/headers";

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
    // As a server writes it that puts Host there unread.
    ["http://agent:key@127.0.0.1/x", undefined, ""],
    ["http://one.example, two.example/x", undefined, ""],
    ["http://evil example/x", undefined, ""],
    ["http://agent:key@127.0.0.1/x", "https://gate.acme.dev", "https://gate.acme.dev"],
  ])("of %s with %s is %s", (url, declared, origin) => {
    expect(originOf(url, declared)).toBe(origin);
  });

  it.each([
    ["gate.acme.dev", undefined],
    ["GATE.acme.dev.:8787", undefined],
    ["gate_internal", undefined],
    ["192.0.2.1:80", undefined],
    ["[2001:db8::1]:443", undefined],
    ["gate.acme.dev, evil.example", "header-duplicate"],
    ["gate.acme.dev,gate.acme.dev", "header-duplicate"],
    ["x/repos/acme/secrets?", "header-value"],
    ["evil.example?x=", "header-value"],
    ["evil.example#", "header-value"],
    ["agent:key@127.0.0.1", "header-value"],
    ["x\\repos", "header-value"],
    ["evil example", "header-value"],
    ["evil%2eexample", "header-value"],
    ["a:b:1", "header-value"],
    ["a:123456", "header-value"],
    ["[::1", "header-value"],
    ["", "header-value"],
  ])("takes one host that is one: %j", (host, rule) => {
    const judge = (): void => judgeHeaders(new Map([["host", host]]));
    if (rule === undefined) expect(judge).not.toThrow();
    else expect(judge).toThrow(rule);
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
