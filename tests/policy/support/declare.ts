import { violations } from "../../../policy/evaluate";
import type { DeclaredResource, Rule } from "../../../policy/library";

/** A resource below these components, as a URN tells it. */
export function declare(
  type: string,
  inputs: Record<string, unknown>,
  { name = "one", parents = [] }: { name?: string; parents?: readonly string[] } = {},
): DeclaredResource {
  return { urn: `urn:pulumi:dev::gatehouse::${[...parents, type].join("$")}::${name}`, type, name, inputs };
}

/** What the rule says of these resources, in order. */
export const said = (rule: Rule, ...resources: DeclaredResource[]): string[] =>
  violations(rule, resources).map(({ message }) => message);

export const AGENT_TEAM = "77";
const MACHINE_USER = "gatehouse:github:MachineUser";

/** The machine user claude-bot in its team. */
export const agent = (): DeclaredResource[] => [
  declare(
    "github:index/membership:Membership",
    { username: "claude-bot", role: "member" },
    { parents: [MACHINE_USER] },
  ),
  declare("github:index/team:Team", { name: "agents", privacy: "closed" }, { name: "team", parents: [MACHINE_USER] }),
  declare(
    "github:index/teamMembership:TeamMembership",
    { teamId: AGENT_TEAM, username: "claude-bot", role: "member" },
    { name: "team-member", parents: [MACHINE_USER] },
  ),
];

/** Access of the agent's team to a repository. */
export const access = (repository: string, permission: string): DeclaredResource =>
  declare(
    "github:index/teamRepository:TeamRepository",
    { repository, permission, teamId: AGENT_TEAM },
    { name: `access-${repository}`, parents: ["gatehouse:github:RepositoryAccess"] },
  );

/** A Worker whose module carries a constant. */
export const worker = (constant: string, value: object, more: Record<string, unknown> = {}): DeclaredResource =>
  declare("cloudflare:index/workersScript:WorkersScript", {
    scriptName: "a-worker",
    content: `const ${constant} = ${JSON.stringify(value, null, 2)};\nexport default {};\n`,
    ...more,
  });
