import { agentAsksBeforeWriting } from "../../../policy/rules/agentAsksBeforeWriting";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const ASK = { type: "always_ask" };
const ALLOW = { type: "always_allow" };
const AUTO = { type: "auto" };
const agent = (...tools: unknown[]) => declare("claude:index:Agent", { tools });
const gate = (configs: unknown, defaultConfig: unknown = { enabled: false, permissionPolicy: ASK }) =>
  agent({ type: "mcp_toolset", mcpServerName: "gatehouse", defaultConfig, configs });
const builtIn = (configs: unknown, defaultConfig: unknown = { enabled: false, permissionPolicy: ASK }) =>
  agent({ type: "agent_toolset_20260401", defaultConfig, configs });
const tool = (name: string, permissionPolicy?: unknown, enabled = true) => ({ name, enabled, permissionPolicy });

describe("agent-asks-before-writing", () => {
  it("holds where a person confirms what writes, and nobody what only reads", () => {
    expect(
      said(
        agentAsksBeforeWriting,
        gate([tool("create_pull_request", ASK), tool("get_file_contents", ALLOW), tool("list_issues")]),
        builtIn([tool("bash", ASK), tool("read", ALLOW)]),
        agent({ type: "custom", name: "ours" }),
        gate(UNKNOWN, UNKNOWN),
        gate([tool("x", UNKNOWN)]),
        declare("claude:index:Agent", { tools: UNKNOWN }),
      ),
    ).toEqual([]);
  });

  it("knows the gate's tools by its table, and those of other servers by their names", () => {
    const of = (mcpServerName: string, name: string) =>
      said(
        agentAsksBeforeWriting,
        agent({
          type: "mcp_toolset",
          mcpServerName,
          defaultConfig: { enabled: false, permissionPolicy: ASK },
          configs: [tool(name, ALLOW)],
        }),
      );
    expect(of("gatehouse", "get_me")).toEqual([]);
    expect(of("gatehouse", "get_no_such_tool")).toHaveLength(1);
    expect(of("elsewhere", "get_no_such_tool")).toEqual([]);
    expect(of("elsewhere", "push_files")).toHaveLength(1);
  });

  it("passes over a tool that is off", () => {
    expect(said(agentAsksBeforeWriting, gate([tool("create_pull_request", ALLOW, false)]))).toEqual([]);
  });

  it.each<[string, ReturnType<typeof declare>, string[]]>([
    ["auto", builtIn([tool("bash", AUTO)]), ["bash: a model judges each call, and no person is asked."]],
    [
      "auto as a default",
      gate([], { enabled: false, permissionPolicy: AUTO }),
      ["The default of the MCP server gatehouse: a model judges each call, and no person is asked."],
    ],
    [
      "a default without words",
      builtIn([tool("bash", ASK)], { enabled: true }),
      ["The default of the built-in tools: no permission policy in words."],
    ],
    [
      "no default at all",
      agent({ type: "agent_toolset_20260401" }),
      ["The default of the built-in tools: no permission policy in words."],
    ],
    [
      "always_allow of a tool that writes",
      gate([tool("create_pull_request", ALLOW)]),
      ["create_pull_request changes something at GitHub, and nobody is asked."],
    ],
    [
      "the same by the default",
      gate([tool("merge_pull_request")], { enabled: false, permissionPolicy: ALLOW }),
      ["merge_pull_request changes something at GitHub, and nobody is asked."],
    ],
    [
      "every tool on",
      gate([], { enabled: true, permissionPolicy: ALLOW }),
      ["Every tool of the MCP server gatehouse is on, and nobody is asked."],
    ],
  ])("refuses %s", (_, resource, sentences) => {
    expect(said(agentAsksBeforeWriting, resource)).toEqual(sentences);
  });
});
