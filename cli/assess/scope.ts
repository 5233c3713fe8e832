import { DAY_MS } from "../../edge/time";
import { teamPermission } from "../../infra/model";
import { planRotation } from "../../infra/plans";
import { comparePermissions } from "../../rotation/verify";
import { type Context, repositoryPath, repositorySubject } from "../live/context";
import { ASKED_OF_MANY, toldOf } from "../live/many";
import type { Call } from "../live/reader";
import {
  asRecord,
  cannotTell,
  hasFailed,
  judged,
  asList,
  sameName,
  asText,
  cannotTellFrom,
  cannotTellFromList,
  type Question,
  type Finding,
} from "./question";
import { onGitHub } from "./systems";

/** An App's installation acts by itself; what the account may do then says nothing about the agent. */
const actsAsUser = ({ environment }: Context): boolean => environment.agent.credential.kind !== "app-installation";

const membership: Question = {
  id: "membership",
  section: "scope",
  title: "The machine user is an active member of the organization, and not an owner",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent } = context.environment;
      const response = await github.get(`/orgs/${organization}/memberships/${agent.machineUser}`);
      if (response.call.status === 404) {
        // Every organization has an owner: who sees none sees no members.
        const owners = await github.list(`/orgs/${organization}/members?role=admin`);
        if (owners.items.length > 0)
          return [
            judged(agent.machineUser, ["it is not a member of the organization"], "", [response.call, ...owners.calls]),
          ];
      }
      if (response.call.status !== 200) return [cannotTellFrom(agent.machineUser, response, "members: read")];
      const { role, state } = asRecord(response.json());
      return [
        judged(
          agent.machineUser,
          [
            ...(role === "member" ? [] : [`its role is ${asText(role)}`]),
            ...(state === "active" || !actsAsUser(context) ? [] : [`its membership is ${asText(state)}`]),
          ],
          "member, active",
          [response.call],
        ),
      ];
    }),
};

const MEMBER_TEAMS = `query($organization: String!, $login: String!, $after: String) {
  organization(login: $organization) { teams(first: 100, after: $after, userLogins: [$login]) { nodes { slug } pageInfo { hasNextPage endCursor } } }
}`;

const teams: Question = {
  id: "teams",
  section: "scope",
  title: "The machine user is only in its declared team, and the team has no other member",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent } = context.environment;
      const subject = agent.machineUser;
      const [response, members, team] = await Promise.all([
        github.graphql({ query: MEMBER_TEAMS, variables: { organization, login: agent.machineUser } }),
        github.list(`/orgs/${organization}/teams/${agent.team}/members`),
        github.get(`/orgs/${organization}/teams/${agent.team}`),
      ]);
      const calls = [response.call, ...members.calls, team.call];
      const page = asRecord(asRecord(asRecord(asRecord(response.json()).data).organization).teams);
      if (response.call.status !== 200 || !Array.isArray(page.nodes))
        return [cannotTellFrom(subject, response, "read:org")];
      if (hasFailed(members)) return [cannotTellFromList(subject, members, "members: read")];
      const slugs = asList(page.nodes).map((node) => asText(asRecord(node).slug));
      const others = members.items
        .map(({ login }) => asText(login))
        .filter((login) => !sameName(login, agent.machineUser));
      return [
        judged(
          subject,
          [
            ...(slugs.includes(agent.team) ? [] : [`it is not in ${agent.team}`]),
            ...slugs.filter((slug) => slug !== agent.team).map((slug) => `it is also in ${slug}`),
            ...(asRecord(page.pageInfo).hasNextPage === true ? ["it is in more than 100 teams"] : []),
            ...others.map((login) => `${login} is also in ${agent.team}`),
            ...(asRecord(team.json()).parent
              ? [`${agent.team} inherits from ${asText(asRecord(asRecord(team.json()).parent).slug)}`]
              : []),
          ],
          `only in ${agent.team}, as its only member`,
          calls,
        ),
      ];
    }),
};

const grants: Question = {
  id: "team-grants",
  section: "scope",
  title: "The machine user's team has the declared permission on each listed repository, and no other repository",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent, repositories } = context.environment;
      const found = await github.list(`/orgs/${organization}/teams/${agent.team}/repos`);
      const subject = `@${organization}/${agent.team}`;
      if (hasFailed(found)) return [cannotTellFromList(subject, found, "members: read")];
      const live = new Map(
        found.items.map((repository) => [
          asText(repository.name).toLowerCase(),
          highest(asRecord(repository.permissions)),
        ]),
      );
      const hidden = await Promise.all(
        repositories
          .filter(({ name }) => !live.has(name.toLowerCase()))
          .map((repository) => github.get(repositoryPath(context, repository))),
      );
      if (hidden.some(({ call }) => call.status === 404))
        return [
          cannotTell(
            subject,
            "GitHub lists only the team's repositories that the credential can see, and it cannot see all listed ones",
            [...found.calls, ...hidden.map(({ call }) => call)],
          ),
        ];
      return [
        judged(
          subject,
          [
            ...repositories
              .filter(({ name, access }) => live.get(name.toLowerCase()) !== teamPermission(access))
              .map(
                ({ name, access }) =>
                  `${live.get(name.toLowerCase()) ?? "nothing"} on ${name}, declared ${teamPermission(access)}`,
              ),
            ...[...live]
              .filter(([name]) => !repositories.some((repository) => sameName(repository.name, name)))
              .map(([name, permission]) => `${permission} on ${name}, which is not listed`),
          ],
          `${repositories.length} repositories, as declared`,
          found.calls,
        ),
      ];
    }),
};

const highest = (permissions: Readonly<Record<string, unknown>>): string =>
  ["admin", "maintain", "push", "triage", "pull"].find((name) => permissions[name] === true) ?? "nothing";

/** So many repositories are asked about one by one. */
const REACH_MOST = 1_000;

/**
 * What GitHub itself computes from base permission, teams and direct grants: nothing else tells of a forgotten grant.
 */
const reach: Question = {
  id: "reach",
  section: "scope",
  title: "All grants together give the machine user access to the declared repositories, and to no other private one",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent, repositories } = context.environment;
      if (!actsAsUser(context))
        return [
          cannotTell(
            agent.machineUser,
            "an App's installation acts by itself; the App's installation page shows its repositories",
          ),
        ];
      const found = await github.list(`/orgs/${organization}/repos`);
      if (hasFailed(found)) return [cannotTellFromList(organization, found, "metadata: read on all repositories")];
      const names = [
        ...new Set([
          ...repositories.map(({ name }) => name),
          ...found.items.map(({ name }) => asText(name)).slice(0, REACH_MOST),
        ]),
      ];
      const asked = await Promise.all(
        names.map(async (name) => ({
          name,
          response: await github.get(`/repos/${organization}/${name}/collaborators/${agent.machineUser}/permission`),
        })),
      );
      const wrong: string[] = [];
      const unseen: string[] = [];
      const calls: Call[] = [...found.calls];
      for (const { name, response } of asked) {
        const listed = repositories.find((repository) => sameName(repository.name, name));
        const isPublic = found.items.find((one) => asText(one.name) === name)?.private === false;
        const body = asRecord(response.json());
        const role = asText(body.role_name) || asText(body.permission);
        const declared = listed?.access ?? (isPublic ? "read" : "none");
        if (response.call.status === 404 && listed === undefined) continue; // nobody's: it is no collaborator there
        if (response.call.status !== 200) unseen.push(name);
        else if (role !== declared && !(role === "" && declared === "none"))
          wrong.push(`${role} on ${name}, declared ${listed ? declared : "nothing"}`);
        if (response.call.status !== 200 || wrong.at(-1)?.includes(` on ${name},`) === true || listed)
          calls.push(response.call);
      }
      if (wrong.length === 0 && found.items.length > REACH_MOST)
        return [
          cannotTell(
            agent.machineUser,
            `the organization has ${found.items.length} repositories; the first ${REACH_MOST} are as declared`,
            calls,
          ),
        ];
      if (wrong.length === 0 && unseen.length > 0)
        return [
          cannotTell(
            agent.machineUser,
            `GitHub does not show ${unseen.slice(0, 5).join(", ")}; the credential needs administration: read`,
            calls,
          ),
        ];
      return [
        judged(
          agent.machineUser,
          wrong,
          `${repositories.length} as declared, nothing on the other ${names.length - repositories.length}`,
          calls,
        ),
      ];
    }),
};

const outside: Question = {
  id: "outside-collaborators",
  section: "scope",
  title: "The machine user is not an outside collaborator",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent } = context.environment;
      const found = await github.list(`/orgs/${organization}/outside_collaborators`);
      if (hasFailed(found)) return [cannotTellFromList(agent.machineUser, found, "members: read")];
      return [
        judged(
          agent.machineUser,
          found.items.some(({ login }) => sameName(asText(login), agent.machineUser))
            ? ["it is an outside collaborator"]
            : [],
          "it is not",
          found.calls,
        ),
      ];
    }),
};

const organizationSettings: Question = {
  id: "organization-settings",
  section: "scope",
  title: "The organization's settings give members no access that the locks rely on being closed",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent, plan } = context.environment;
      const response = await github.get(`/orgs/${organization}`);
      const body = asRecord(response.json());
      if (response.call.status !== 200 || body.default_repository_permission === undefined)
        return [cannotTellFrom(organization, response, "organization administration: read (an owner's)")];
      // A token with permissions could neither fork nor create; one with scopes can do whatever its account can.
      const scoped = agent.credential.kind === "ghes-impersonation";
      const paid = asText(asRecord(body.plan).name);
      return [
        judged(
          organization,
          [
            ...(body.default_repository_permission === "none"
              ? []
              : [
                  `every member, the machine user too, has ${asText(body.default_repository_permission)} on all repositories (base permission)`,
                ]),
            ...(scoped && body.members_can_fork_private_repositories !== false
              ? ["members may fork private repositories"]
              : []),
            ...(scoped && body.members_can_create_repositories !== false ? ["members may create repositories"] : []),
            ...(plan !== "free" && paid === "free"
              ? [`gatehouse:plan is ${plan}, but the organization's plan is ${paid}, which lacks some of the locks`]
              : []),
          ],
          "base permission none",
          [response.call],
        ),
      ];
    }),
};

const repositoryFacts: Question = {
  id: "repositories",
  section: "scope",
  title: "Visibility and default branch of the listed repositories are as declared",
  controls: ["NIST SP 800-53 CM-8"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        context.environment.repositories.map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const told = await toldOf(context, github, repository);
          const response = told ? undefined : await github.get(repositoryPath(context, repository));
          if (response && response.call.status !== 200) return cannotTellFrom(subject, response, "metadata: read");
          const body = asRecord(response?.json());
          const { visibility, defaultBranch, archived } = told ?? {
            visibility: asText(body.visibility) || (body.private === true ? "private" : "public"),
            defaultBranch: asText(body.default_branch),
            archived: body.archived === true,
          };
          return judged(
            subject,
            [
              ...(visibility === repository.visibility
                ? []
                : [`it is ${visibility}, declared ${repository.visibility}`]),
              ...(defaultBranch === repository.defaultBranch
                ? []
                : [`its default branch is ${defaultBranch}, declared ${repository.defaultBranch}`]),
              ...(archived ? ["it is archived"] : []),
            ],
            `${visibility}, ${repository.defaultBranch}`,
            [response?.call ?? ASKED_OF_MANY],
          );
        }),
      ),
    ),
};

const tokenGrant: Question = {
  id: "token-grant",
  section: "scope",
  title: "The machine user has one token, with the declared repositories, permissions and lifetime",
  controls: ["NIST SP 800-53 IA-5", "NIST SP 800-53 AC-6"],
  ask: async (context): Promise<Finding[]> => {
    const { environment } = context;
    const plan = planRotation(environment);
    if (plan.kind !== "personal-access-token")
      return [cannotTell(plan.login, `GitHub shows no grants of ${plan.kind}`)];
    if ("missing" in context.grants) return [cannotTell(plan.login, context.grants.missing)];
    const found = await context.grants.client.list(
      `/orgs/${plan.organization}/personal-access-tokens?owner[]=${plan.login}`,
    );
    if (hasFailed(found))
      return [
        cannotTellFromList(plan.login, found, "a GitHub App's token with organization_personal_access_tokens: read"),
      ];
    const live = found.items.filter(
      (grant) => sameName(asText(asRecord(grant.owner).login), plan.login) && grant.token_expired !== true,
    );
    const calls = [...found.calls];
    const wrong = live.length === 1 ? [] : [`${live.length} live tokens, declared 1`];
    for (const grant of live) {
      const listed = await context.grants.client.list(
        `/orgs/${plan.organization}/personal-access-tokens/${asText(grant.id)}/repositories`,
      );
      calls.push(...listed.calls);
      wrong.push(
        ...grantGaps(context, grant, hasFailed(listed) ? undefined : listed.items.map(({ name }) => asText(name))).map(
          (gap) => (live.length > 1 ? `${asText(grant.token_name) || "a token"}: ${gap}` : gap),
        ),
      );
    }
    const used = asText(live[0]?.token_last_used_at);
    return [
      judged(
        plan.login,
        wrong,
        `as declared, until ${asText(live[0]?.token_expires_at)}${used ? `, last used ${used}` : ""}`,
        calls,
      ),
    ];
  },
};

/** What GitHub's own agent could do in a repository that no person would have decided. */
const otherAgents: Question = {
  id: "other-agents",
  section: "scope",
  title: "People control GitHub's own agent where it may work",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        context.environment.repositories.map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const response = await github.get(`${repositoryPath(context, repository)}/copilot/cloud-agent/configuration`);
          if (response.call.status !== 200)
            return cannotTellFrom(
              subject,
              response,
              "admin access, in an organization whose plan has Copilot cloud agent",
            );
          const set = asRecord(response.json());
          return judged(
            subject,
            [
              ...(set.require_actions_workflow_approval === true ? [] : ["its workflows run without an approval"]),
              ...(set.is_firewall_enabled === true ? [] : ["its firewall is off, so it reaches every host"]),
              ...(set.is_automations_enabled === true && set.require_write_access_for_automation_triggers !== true
                ? ["people without write access can start it by automations"]
                : []),
            ],
            "workflows wait for a person, the firewall is on, nobody without write access starts it",
            [response.call],
          );
        }),
      ),
    ),
};

function grantGaps(
  { environment, now }: Context,
  grant: Readonly<Record<string, unknown>>,
  repositories: readonly string[] | undefined,
): string[] {
  const plan = planRotation(environment);
  const permissions = asRecord(grant.permissions);
  const granted = Object.assign({}, permissions.repository, permissions.organization, permissions.other) as Record<
    string,
    string
  >;
  const expires = Date.parse(asText(grant.token_expires_at));
  return [
    ...(grant.repository_selection === "subset"
      ? []
      : [`it reaches ${asText(grant.repository_selection)} of the organization's repositories`]),
    ...(repositories ?? [])
      .filter((name) => !plan.repositories.some((repository) => sameName(repository.name, name)))
      .map((name) => `it reaches ${name}`),
    ...(repositories === undefined
      ? []
      : plan.repositories
          .filter(({ name }) => !repositories.some((other) => sameName(other, name)))
          .map(({ name }) => `it does not reach ${name}`)),
    ...comparePermissions(plan.permissions, granted),
    ...(Number.isNaN(expires)
      ? ["it never expires"]
      : plan.expiryDays !== undefined && expires > now + (plan.expiryDays + 1) * DAY_MS
        ? [`it expires at ${asText(grant.token_expires_at)}, more than ${plan.expiryDays} days from now`]
        : []),
  ];
}

export const SCOPE: readonly Question[] = [
  membership,
  teams,
  grants,
  reach,
  outside,
  organizationSettings,
  repositoryFacts,
  tokenGrant,
  otherAgents,
];
