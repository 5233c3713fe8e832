import { endpoints } from "../model/endpoints";
import type { PostureProblem } from "../model/errors";
import { BUILT_IN_TOOLS, GATE_MCP_SERVER, WEB_TOOLS, readsOnly, refusedHost } from "../plans/claudeAgent";
import { keyPath, show } from "./problems";
import { valueAt, type Draft } from "./walk";

type Path = readonly PropertyKey[];

const AT: Path = ["agent", "environment"];
const problem = (path: Path, wrong: string, right: string): PostureProblem => ({
  path: keyPath([...AT, ...path]),
  wrong,
  right,
});

/**
 * Words of Anthropic's API that have no place in an environment file. People who know the API write them here first, so
 * each gets its reason, and not only "unknown key".
 */
const NOT_HERE: Readonly<Record<string, (value: unknown) => readonly [wrong: string, right: string]>> = {
  resources: (value) =>
    JSON.stringify(value ?? null).includes("github_repository")
      ? [
          "a github_repository goes around the gate: its address must be on github.com, and Anthropic's proxy asks no rule of yours",
          "no resources: the agent clones through the gate",
        ]
      : [
          "a session's resources are not declared by the stack",
          "no resources; give a session its files when it starts",
        ],
  networking: (value) =>
    [value, valueAt(value, ["type"])].includes("unrestricted")
      ? [
          "an unrestricted sandbox reaches GitHub, and everybody else, around the gate",
          "no networking: the sandbox is limited to the gate's host and allowedHosts",
        ]
      : ["the sandbox is limited to the gate's host without a word", "no networking; allowedHosts for further hosts"],
  multiagent: () => [
    "members left out are enabled by Anthropic, and an agent written at run time has tools that nobody reviewed",
    "no multiagent: the stack disables advisor, subagents and workflows, each in words",
  ],
  permissionPolicy: (value) => policyProblem(value) ?? ["not a key of its own", "bash, and policy of each of tools"],
};

/** Why a permission policy is refused; undefined for those that Gatehouse takes. */
function policyProblem(value: unknown): readonly [wrong: string, right: string] | undefined {
  const right = "always_ask, or always_allow for what only reads";
  if (value === "auto" || valueAt(value, ["type"]) === "auto")
    return ["auto: a model judges each call, and no person is asked", right];
  if (value === null) return ["missing, so that Anthropic's default holds, which is always_allow for bash", right];
  return undefined;
}

/** What stands in an agent's environment and must not, with the reason; it looks at what a person wrote. */
export function refusedByName(raw: unknown): PostureProblem[] {
  const environment = valueAt(raw, AT);
  if (typeof environment !== "object" || environment === null) return [];
  const tools = valueAt(environment, ["tools"]);
  const policies: (readonly [Path, unknown])[] = [
    [["bash"], valueAt(environment, ["bash"])],
    ...(Array.isArray(tools)
      ? tools.map((tool, index): [Path, unknown] => [["tools", index, "policy"], valueAt(tool, ["policy"])])
      : []),
  ];
  const hosts = valueAt(environment, ["allowedHosts"]);
  return [
    ...Object.entries(NOT_HERE).flatMap(([key, reason]) =>
      Object.hasOwn(environment, key) ? [problem([key], ...reason(valueAt(environment, [key])))] : [],
    ),
    ...policies.flatMap(([path, value]) => {
      const wrong = policyProblem(value);
      return wrong ? [problem(path, ...wrong)] : [];
    }),
    ...(Array.isArray(hosts)
      ? hosts.flatMap((host: unknown, index) => {
          const wrong = typeof host === "string" ? refusedHost(host) : undefined;
          return wrong
            ? [problem(["allowedHosts", index], `${show(host)} ${wrong}`, "a host of your own, in full")]
            : [];
        })
      : []),
  ];
}

/** What the keys of an agent's environment say together, and with the rest of the file. */
export function agentEnvironmentProblems({ agent, gate, githubUrl }: Draft): PostureProblem[] {
  const environment = agent?.environment;
  if (environment === undefined) return [];
  const { tools = [], allowedHosts = [], bash, packageManagers } = environment;
  const problems: PostureProblem[] = [];
  if (gate !== undefined && !gate.hostname && !gate.workersDev)
    problems.push(
      problem(
        [],
        "the gate's address is not known, so the sandbox cannot be limited to it",
        "gate.hostname, or gate.workersDev with the account's name there",
      ),
    );
  if (bash === "always_allow" && (packageManagers === true || allowedHosts.length > 0))
    problems.push(
      problem(
        ["bash"],
        `always_allow, although the sandbox reaches ${packageManagers === true ? "package registries" : "hosts"} beside the gate, where nobody judges what it sends`,
        "always_ask, or no packageManagers and no allowedHosts",
      ),
    );
  const github = githubUrl === undefined ? undefined : new URL(endpoints(githubUrl).origin).hostname;
  for (const [index, host] of allowedHosts.entries())
    if (host !== undefined && host === github)
      problems.push(
        problem(["allowedHosts", index], `${host} goes around the gate`, "a host of your own, not GitHub's"),
      );
  const seen = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const { name, policy } = tool ?? {};
    if (name === undefined) continue;
    if (seen.has(name)) problems.push(problem(["tools", index, "name"], `${name} is already listed`, "each tool once"));
    seen.add(name);
    if (BUILT_IN_TOOLS.includes(name))
      problems.push(
        problem(
          ["tools", index, "name"],
          WEB_TOOLS.some((web) => web === name)
            ? `${name} runs at Anthropic, where the sandbox's network does not hold it`
            : `${name} is no tool of the gate: it comes with every agent`,
          "a tool of the gate's MCP server, such as create_pull_request",
        ),
      );
    if (policy === "always_allow" && !readsOnly(GATE_MCP_SERVER, name))
      problems.push(
        problem(
          ["tools", index, "policy"],
          `${name} changes something at GitHub, and always_allow asks nobody`,
          "always_ask",
        ),
      );
  }
  return problems;
}
