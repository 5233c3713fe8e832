import { parseEnvironment } from "../../../infra/config";
import { PostureError } from "../../../infra/model";
import { TODAY, environment, spoiled } from "../../support/environment";

const CLAUDE = { kind: "claude-managed-agent", model: "claude-opus-5-5" };

/** What a person reads of an environment file with this `agent.environment`, and with these keys of `gate`. */
function mistakes(more: object, path = "agent.environment"): string[] {
  try {
    const raw = spoiled("agent.environment", CLAUDE);
    if (path === "agent.environment") (raw.agent as Record<string, unknown>).environment = { ...CLAUDE, ...more };
    else raw.gate = { accountId: "0123456789abcdef0123456789abcdef", ...more };
    parseEnvironment(raw, "Pulumi.test.yaml", { now: TODAY });
  } catch (error) {
    if (error instanceof PostureError) return error.message.split("\n").map((line) => line.replace(/^.*?yaml: /, ""));
    throw error;
  }
  return [];
}

it("is optional, and fills in defaults that ask a person and open no host", () => {
  expect(environment().agent.environment).toBeUndefined();
  expect(environment({ "agent.environment": CLAUDE }).agent.environment).toEqual({
    ...CLAUDE,
    bash: "always_ask",
    tools: [],
    packageManagers: false,
    allowedHosts: [],
    budgetDollars: 25,
  });
});

const AT = "gatehouse:agent.environment";
it.each<[string, object, string]>([
  [
    "a mounted repository",
    { resources: [{ type: "github_repository", url: "https://github.com/acme/api" }] },
    `${AT}.resources: a github_repository goes around the gate: its address must be on github.com, and Anthropic's proxy asks no rule of yours; no resources: the agent clones through the gate`,
  ],
  [
    "another resource",
    { resources: [{ type: "file", file_id: "file_1" }] },
    `${AT}.resources: a session's resources are not declared by the stack; no resources; give a session its files when it starts`,
  ],
  [
    "an unrestricted network",
    { networking: { type: "unrestricted" } },
    `${AT}.networking: an unrestricted sandbox reaches GitHub, and everybody else, around the gate; no networking: the sandbox is limited to the gate's host and allowedHosts`,
  ],
  [
    "the same as one word",
    { networking: "unrestricted" },
    `${AT}.networking: an unrestricted sandbox reaches GitHub, and everybody else, around the gate; no networking: the sandbox is limited to the gate's host and allowedHosts`,
  ],
  [
    "the policy auto",
    { bash: "auto" },
    `${AT}.bash: auto: a model judges each call, and no person is asked; always_ask, or always_allow for what only reads`,
  ],
  [
    "the policy auto of a tool",
    { tools: [{ name: "get_me", policy: "auto" }] },
    `${AT}.tools[0].policy: auto: a model judges each call, and no person is asked; always_ask, or always_allow for what only reads`,
  ],
  [
    "an empty policy",
    { bash: null },
    `${AT}.bash: missing, so that Anthropic's default holds, which is always_allow for bash; always_ask, or always_allow for what only reads`,
  ],
  [
    "members of multiagent",
    { multiagent: { type: "multiagent_20261001" } },
    `${AT}.multiagent: members left out are enabled by Anthropic, and an agent written at run time has tools that nobody reviewed; no multiagent: the stack disables advisor, subagents and workflows, each in words`,
  ],
  [
    "every Worker of the world",
    { allowedHosts: ["*.workers.dev"] },
    `${AT}.allowedHosts[0]: "*.workers.dev" stands for every stranger's Worker; a host of your own, in full`,
  ],
  [
    "a wildcard",
    { allowedHosts: ["packages.acme.dev", "*.acme.dev"] },
    `${AT}.allowedHosts[1]: "*.acme.dev" stands for hosts that nobody has looked at; a host of your own, in full`,
  ],
  ...["github.com", "api.github.com", "raw.githubusercontent.com", "acme.ghe.com", "api.githubcopilot.com"].map(
    (host): [string, object, string] => [
      host,
      { allowedHosts: [host] },
      `${AT}.allowedHosts[0]: ${host} goes around the gate; a host of your own, in full`,
    ],
  ),
  [
    "always_allow of a tool that writes",
    { tools: [{ name: "create_pull_request", policy: "always_allow" }] },
    `${AT}.tools[0].policy: create_pull_request changes something at GitHub, and always_allow asks nobody; always_ask`,
  ],
  [
    "a tool listed twice",
    { tools: [{ name: "get_me" }, { name: "get_me" }] },
    `${AT}.tools[1].name: get_me is already listed; each tool once`,
  ],
  [
    "web_fetch",
    { tools: [{ name: "web_fetch" }] },
    `${AT}.tools[0].name: web_fetch runs at Anthropic, where the sandbox's network does not hold it; a tool of the gate's MCP server, such as create_pull_request`,
  ],
  [
    "a free shell beside package registries",
    { bash: "always_allow", packageManagers: true },
    `${AT}.bash: always_allow, although the sandbox reaches package registries beside the gate, where nobody judges what it sends; always_ask, or no packageManagers and no allowedHosts`,
  ],
  [
    "a free shell beside another host",
    { bash: "always_allow", allowedHosts: ["packages.acme.dev"] },
    `${AT}.bash: always_allow, although the sandbox reaches hosts beside the gate, where nobody judges what it sends; always_ask, or no packageManagers and no allowedHosts`,
  ],
  ["a service that nobody knows", { kind: "codex" }, `${AT}.kind: no such kind: codex; claude-managed-agent`],
  ["no model", { model: undefined }, `${AT}.model: missing; the model that the agent runs on, such as claude-opus-5-5`],
  ["a mistyped key", { budgetDollar: 5 }, `${AT}.budgetDollar: unknown key; did you mean budgetDollars?`],
])("refuses %s", (_, more, line) => {
  expect(mistakes(more)).toEqual([line]);
});

it("refuses a gate whose address is not known", () => {
  expect(mistakes({}, "gate")).toEqual([
    `${AT}: the gate's address is not known, so the sandbox cannot be limited to it; gate.hostname, or gate.workersDev with the account's name there`,
  ]);
});

it.each<[string, object]>([
  ["a shell that asks nobody while it reaches the gate alone", { bash: "always_allow" }],
  ["a reading tool that asks nobody", { tools: [{ name: "get_file_contents", policy: "always_allow" }] }],
  ["a package mirror", { allowedHosts: ["packages.acme.dev"] }],
])("takes %s", (_, more) => {
  expect(mistakes(more)).toEqual([]);
});
