import { enforcementOf, ExceptionsError, pulumiConfig, readExceptions } from "../../policy/library";

const TODAY = "2026-06-15";
const GOOD = {
  id: "EXC-1",
  rule: "audit-retention",
  target: "urn:pulumi:dev::gatehouse::cloudflare:index/r2Bucket:R2Bucket::audit",
  owner: "platform",
  reason: "a trial of two weeks",
  until: "2026-07-01",
};

it("reads a list, and nothing as none", () => {
  expect(readExceptions([GOOD], "policy-exceptions.yaml", TODAY)).toEqual([GOOD]);
  expect(readExceptions(null, "policy-exceptions.yaml", TODAY)).toEqual([]);
});

it.each([
  [{ ...GOOD, rule: "no-such-rule" }, "[0] rule names no rule"],
  [{ ...GOOD, owner: " " }, "[0] owner says who answers for it"],
  [{ ...GOOD, reason: "because" }, "[0] reason says why"],
  [{ ...GOOD, until: "soon" }, "[0] until is a day such as"],
  [{ ...GOOD, until: "2027-12-31" }, "EXC-1 holds longer than 366 days"],
  [{ ...GOOD, more: 1 }, "more"],
])("refuses %j", (entry, says) => {
  expect(() => readExceptions([entry], "policy-exceptions.yaml", TODAY)).toThrow(ExceptionsError);
  expect(() => readExceptions([entry], "policy-exceptions.yaml", TODAY)).toThrow(says);
});

it("refuses one id for two", () => {
  expect(() => readExceptions([GOOD, GOOD], "e.yaml", TODAY)).toThrow("e.yaml: the id EXC-1 stands twice");
});

it("writes Pulumi's configuration of a pack: whole URNs, owner and day in the reason, nothing that has expired", () => {
  const wide = { ...GOOD, id: "EXC-2", target: "urn:pulumi:dev::*" };
  const whole = { ...GOOD, id: "EXC-3", target: "stack" };
  const over = { ...GOOD, id: "EXC-4", until: "2026-06-14" };
  expect(
    pulumiConfig({
      enforcement: { "audit-retention": "advisory" },
      exceptions: [wide, whole, over],
      urns: ["urn:pulumi:dev::a", "urn:pulumi:prod::b"],
      stackUrn: "urn:pulumi:dev::the-stack",
      today: TODAY,
    }),
  ).toEqual({
    version: 2,
    policies: { "audit-retention": "advisory" },
    exceptions: {
      "EXC-2": {
        reason: "a trial of two weeks (platform, until 2026-07-01)",
        match: [{ policies: ["audit-retention"], targets: ["urn:pulumi:dev::a"] }],
      },
      "EXC-3": {
        reason: "a trial of two weeks (platform, until 2026-07-01)",
        match: [{ policies: ["audit-retention"], targets: ["urn:pulumi:dev::the-stack"] }],
      },
    },
  });
});

it("stops more in a strict environment than in a lenient one, and nothing critical less", () => {
  expect(enforcementOf("strict")["vault-check-and-set"]).toBe("mandatory");
  expect(enforcementOf("lenient")["vault-check-and-set"]).toBe("advisory");
  expect(enforcementOf("lenient")["machine-user-no-admin"]).toBe("mandatory");
});
