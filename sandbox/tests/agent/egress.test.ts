import fc from "fast-check";
import { bodyWithSecrets, headersWithSecrets, reaches } from "../../agent/egress";

const limited = (allowed_hosts: string[], more: object = {}) => ({
  networking: { type: "limited", allowed_hosts, ...more },
  mcpServers: [{ name: "gate", url: "https://mcp.acme.dev/mcp" }],
});
const SECRET = {
  name: "KEY",
  placeholder: "placeholder_1",
  value: "ghk_$&secret",
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
    headersWithSecrets(
      { authorization: "Bearer placeholder_1", other: ["a", "placeholder_1"] },
      [SECRET],
      "gate.acme.dev",
    ),
  ).toEqual({
    content: { authorization: `Bearer ${SECRET.value}`, other: ["a", SECRET.value] },
    sent: ["KEY"],
    kept: [],
  });
});

it("replaces it in a body only where the credential says so, and leaves every other byte", () => {
  const body = Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from("é placeholder_1")]);
  expect(bodyWithSecrets(body, [SECRET], "gate.acme.dev")).toEqual({ content: body, sent: [], kept: ["KEY"] });
  expect(bodyWithSecrets(body, [{ ...SECRET, body: true }], "gate.acme.dev")).toEqual({
    content: Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(`é ${SECRET.value}`)]),
    sent: ["KEY"],
    kept: [],
  });
});

it.each([
  ["to another host", SECRET, "evil.dev"],
  ["to a host that begins alike", SECRET, "gate.acme.dev.evil.dev"],
  ["where the credential is not for headers", { ...SECRET, header: false, body: true }, "gate.acme.dev"],
] as const)("sends the placeholder as it is %s, and says so", (_title, secret, host) => {
  expect(headersWithSecrets({ authorization: "Bearer placeholder_1" }, [secret], host)).toEqual({
    content: { authorization: "Bearer placeholder_1" },
    sent: [],
    kept: ["KEY"],
  });
});

it("does not find it in base64", () => {
  const authorization = `Basic ${Buffer.from("x:placeholder_1").toString("base64")}`;
  expect(headersWithSecrets({ authorization }, [SECRET], "gate.acme.dev")).toEqual({
    content: { authorization },
    sent: [],
    kept: [],
  });
});

it("never lets the secret out to any host but its own", () => {
  fc.assert(
    fc.property(fc.domain(), fc.array(fc.string()), (host, values) => {
      fc.pre(host.toLowerCase() !== "gate.acme.dev");
      const told = values.map((value) => `${value}placeholder_1`);
      expect(JSON.stringify(headersWithSecrets({ a: told }, [SECRET], host).content)).not.toContain(SECRET.value);
      expect(bodyWithSecrets(Buffer.from(told.join()), [SECRET], host).content.includes(SECRET.value)).toBe(false);
    }),
  );
});
