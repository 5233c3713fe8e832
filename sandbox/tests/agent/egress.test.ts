import fc from "fast-check";
import { reaches, withSecrets } from "../../agent/egress";

const limited = (allowed_hosts: string[], more: object = {}) => ({
  networking: { type: "limited", allowed_hosts, ...more },
  mcpServers: [{ name: "gate", url: "https://mcp.acme.dev/mcp" }],
});
const SECRET = {
  name: "KEY",
  placeholder: "placeholder_1",
  value: "ghk_secret",
  hosts: ["gate.acme.dev"],
  header: true,
  body: false,
};

it("reaches listed hosts alone, and everything where nothing is limited", () => {
  expect(reaches(limited(["gate.acme.dev"]), "gate.acme.dev")).toBe(true);
  expect(reaches(limited(["gate.acme.dev"]), "GATE.acme.dev")).toBe(true);
  for (const host of ["github.com", "gate.acme.dev.evil.dev", "xgate.acme.dev", "acme.dev", ""])
    expect(reaches(limited(["gate.acme.dev"]), host)).toBe(false);
  expect(reaches(limited(["*.acme.dev"]), "a.acme.dev")).toBe(true);
  expect(reaches(limited(["*.acme.dev"]), "acme.dev")).toBe(false);
  expect(reaches({ networking: { type: "unrestricted" }, mcpServers: [] }, "github.com")).toBe(true);
});

it("reaches the hosts of MCP servers where the environment says so", () => {
  expect(reaches(limited([]), "mcp.acme.dev")).toBe(false);
  expect(reaches(limited([], { allow_mcp_servers: true }), "mcp.acme.dev")).toBe(true);
});

it("replaces a placeholder in a header to its host", () => {
  expect(
    withSecrets({ authorization: "Bearer placeholder_1", other: ["a", "placeholder_1"] }, [SECRET], "gate.acme.dev"),
  ).toEqual({
    headers: { authorization: "Bearer ghk_secret", other: ["a", "ghk_secret"] },
    sent: ["KEY"],
  });
});

it("sends it as it is to another host, in base64, and where the credential is not for headers", () => {
  const basic = `Basic ${Buffer.from("x:placeholder_1").toString("base64")}`;
  for (const [header, secret, host] of [
    ["Bearer placeholder_1", SECRET, "evil.dev"],
    ["Bearer placeholder_1", SECRET, "gate.acme.dev.evil.dev"],
    ["Bearer placeholder_1", { ...SECRET, header: false, body: true }, "gate.acme.dev"],
    [basic, SECRET, "gate.acme.dev"],
  ] as const)
    expect(withSecrets({ authorization: header }, [secret], host)).toEqual({
      headers: { authorization: header },
      sent: [],
    });
});

it("never lets the secret out to any host but its own", () => {
  fc.assert(
    fc.property(fc.domain(), fc.array(fc.string()), (host, values) => {
      fc.pre(host.toLowerCase() !== "gate.acme.dev");
      const { headers } = withSecrets({ a: values.map((value) => `${value}placeholder_1`) }, [SECRET], host);
      expect(JSON.stringify(headers)).not.toContain(SECRET.value);
    }),
  );
});
