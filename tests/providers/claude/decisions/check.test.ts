import fc from "fast-check";
import { failuresOf } from "../../../../providers/claude/decisions/check";
import { normalised, withToolsetDefaults } from "../../../../providers/claude/decisions/normalise";
import { MODELS } from "../../../../providers/claude/model";
import { MARK_KEY } from "../../../../providers/claude/model/common";
import { isObject, type Json } from "../../../../providers/claude/model/field";
import { PROGRAMS, withField } from "../support";

const inputsOf = (type: string): Json => MODELS.find(({ name }) => name === type)!.inputs as unknown as Json;
const failures = (type: string, program: Json) => {
  const { inputs } = MODELS.find(({ name }) => name === type)!;
  return failuresOf(type, inputs, withToolsetDefaults(normalised(inputs, program)));
};
/** The program of a type with one field set to another value; undefined takes it out. */
const withValue = (type: string, path: string, value: unknown): Json =>
  withField(PROGRAMS[type]!("vlt_1"), path, value);

it.each(Object.keys(PROGRAMS))("%s: takes a program that uses every field", (type) => {
  expect(failures(type, PROGRAMS[type]!("vlt_1"))).toEqual([]);
});

const REFUSED: readonly [type: string, path: string, value: unknown, property: string, reason: RegExp][] = [
  ["Agent", "name", undefined, "name", /^missing; name that people read/],
  ["Agent", "name", "", "name", /must not be empty/],
  ["Agent", "name", "x".repeat(256), "name", /has 256 characters; at most 255/],
  ["Agent", "nam", "x", "nam", /no such field; here there are name, description, model/],
  ["Agent", "model", "claude-opus-5-5", "model", /must be an object, but is a string/],
  ["Agent", "model.effort", "extreme", "model.effort", /"extreme" is not one of low, medium, high, xhigh, max/],
  ["Agent", "tools.0.defaultConfig", undefined, "tools[0].defaultConfig", /^missing/],
  ["Agent", "tools.0.defaultConfig.permissionPolicy", undefined, "tools[0].defaultConfig.permissionPolicy", /^missing/],
  [
    "Agent",
    "tools.0.defaultConfig.permissionPolicy.type",
    "never",
    "tools[0].defaultConfig.permissionPolicy.type",
    /"never" is not one of always_ask, always_allow, auto/,
  ],
  [
    "Agent",
    "tools.0.type",
    "agent_toolset",
    "tools[0].type",
    /is not one of agent_toolset_20260401, mcp_toolset, custom/,
  ],
  ["Agent", "tools.0.configs.0.name", "shell", "tools[0].configs[0].name", /"shell" is not one of bash/],
  ["Agent", "tools.0.configs.0.name", "web_search", "tools[0].configs[1].name", /stands there twice/],
  [
    "Agent",
    "tools.0.configs.1.name",
    "bash",
    "tools[0].configs[1].allowedDomains",
    /only web_fetch and web_search has it/,
  ],
  ["Agent", "tools.0.configs.1.blockedDomains", ["a.dev"], "tools[0].configs[1].blockedDomains", /keep one of the two/],
  ["Agent", "tools.1.mcpServerName", "other", "tools[1].mcpServerName", /"other" is no server of mcpServers \(gate\)/],
  ["Agent", "tools.1.mcpServerName", "other", "mcpServers[0].name", /no mcp_toolset in tools has mcpServerName "gate"/],
  ["Agent", "tools.2.name", "with space", "tools[2].name", /letters, digits, underscores and hyphens/],
  ["Agent", "mcpServers.0.url", "gate.acme.dev", "mcpServers[0].url", /is no URL; write it as https/],
  ["Agent", "mcpServers.0.url", "https://a:b@gate.acme.dev", "mcpServers[0].url", /must not hold a user or a password/],
  ["Agent", "skills.0.version", undefined, "skills[0].version", /^missing/],
  ["Agent", "multiagent.subagents", undefined, "multiagent.subagents", /^missing/],
  ["Agent", "multiagent.workflows.inlineAgents", undefined, "multiagent.workflows.inlineAgents", /^missing/],
  ["Agent", "multiagent.workflows.predefinedAgents", [], "multiagent.workflows.predefinedAgents", /must name an agent/],
  ["Agent", "metadata.team", 5, "metadata.team", /must be a text, but is a number/],
  ["Agent", `metadata.${MARK_KEY}`, "x", `metadata.${MARK_KEY}`, /the provider's own/],
  [
    "Agent",
    "metadata",
    Object.fromEntries([...Array(16).keys()].map((n) => [`k${n}`, "v"])),
    "metadata",
    /has 16 pairs; at most 15/,
  ],
  ["Agent", "metadata", { team: "x".repeat(513) }, "metadata.team", /longer than 512/],
  ["Environment", "config", undefined, "config", /^missing/],
  ["Environment", "config.networking", undefined, "config.networking", /^missing/],
  [
    "Environment",
    "config.networking.allowedHosts.0",
    "https://gate.acme.dev",
    "config.networking.allowedHosts[0]",
    /is no bare host name; write it as gate.acme.dev/,
  ],
  ["Environment", "config.networking.allowedHosts.0", "*", "config.networking.allowedHosts[0]", /no bare host/],
  [
    "Environment",
    "config.networking.allowPackageManagers",
    false,
    "config.packages",
    /need networking.allowPackageManagers: true/,
  ],
  [
    "Environment",
    "config",
    { type: "self_hosted", networking: {} },
    "config.networking",
    /no such field; here there are none/,
  ],
  [
    "VaultCredential",
    "auth.type",
    "env",
    "auth.type",
    /"env" is not one of environment_variable, static_bearer, mcp_oauth/,
  ],
  ["VaultCredential", "auth.secretName", "1KEY", "auth.secretName", /write it as GATE_KEY/],
  ["VaultCredential", "auth.secretValue", 5, "auth.secretValue", /must be a text/],
  ["VaultCredential", "auth.networking.allowedHosts", [], "auth.networking.allowedHosts", /must name a host/],
  [
    "VaultCredential",
    "auth.networking.allowedHosts",
    Array(17).fill("a.dev"),
    "auth.networking.allowedHosts",
    /has 17 entries; at most 16/,
  ],
  [
    "VaultCredential",
    "auth.injectionLocation",
    { header: false },
    "auth.injectionLocation",
    /header or body must be true/,
  ],
];
it.each(REFUSED)("%s: %s = %j is refused at %s", (type, path, value, property, reason) => {
  expect(failures(type, withValue(type, path, value))).toContainEqual({
    property,
    reason: expect.stringMatching(reason) as string,
  });
});

it.each<[string, unknown]>([
  ["mcpServers", [{}]],
  ["mcpServers", [5, { type: "url", name: "gate", url: "https://gate.acme.dev/mcp" }]],
  ["tools", [{ type: "mcp_toolset" }]],
  ["tools", [{ type: "agent_toolset_20260401", configs: [{}, {}] }]],
])("%s = %j: a name that is missing is said once, and no other is taken for its double", (field, value) => {
  const reasons = failures("Agent", withValue("Agent", field, value)).map(({ reason }) => reason);
  expect(reasons.filter((reason) => /undefined|stands there twice/.test(reason))).toEqual([]);
  expect(reasons).toContainEqual(expect.stringMatching(/^missing|must be an object/));
});

it("never quotes a secret", () => {
  const secret = "ghk_0123456789";
  for (const value of [[secret], { secret }, 5])
    expect(
      JSON.stringify(failures("VaultCredential", withValue("VaultCredential", "auth.secretValue", value))),
    ).not.toContain(secret);
});

it("takes any JSON without a fault, and says something about what is no program", () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(PROGRAMS)), fc.dictionary(fc.string(), fc.jsonValue()), (type, junk) => {
      expect(failures(type, junk).length).toBeGreaterThan(0);
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(PROGRAMS)), fc.nat(20), fc.jsonValue(), (type, at, junk) => {
      const names = Object.keys(inputsOf(type));
      const program = { ...PROGRAMS[type]!("vlt_1"), [names[at % names.length] ?? ""]: junk };
      for (const { property, reason } of failures(type, program))
        expect(`${property}${reason}`).not.toContain("undefined");
    }),
  );
});

it("says each thing one way: what is normalised stays as it is", () => {
  for (const { name, inputs } of MODELS) {
    const once = normalised(inputs, PROGRAMS[name]!("vlt_1"));
    expect(normalised(inputs, once)).toEqual(once);
    const withNothings = { ...PROGRAMS[name]!("vlt_1"), description: "", metadata: {}, skills: null };
    expect(isObject(normalised(inputs, withNothings))).toBe(true);
    if ("description" in inputs) expect(normalised(inputs, withNothings)).not.toHaveProperty("description");
    expect(normalised(inputs, withNothings)).not.toHaveProperty("metadata");
  }
});
