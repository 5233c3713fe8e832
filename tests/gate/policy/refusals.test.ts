import { printable } from "../../../gate/policy/refusals";

describe("printable", () => {
  it("removes what could forge a log line or hide a name, and bounds the rest", () => {
    expect(printable("a\r\nb\u001b[31mc\u202ed")).toBe("a��b�[31mc�d");
    expect(printable("x".repeat(300))).toHaveLength(201);
  });
});
