import { DAY_MS } from "../../edge/time";
import { namedTeams, offersRules, PLANS, writable } from "../../infra/model";
import { API_VERSIONS } from "../../gate/policy/rest/apiVersion";
import { asList, asRecord, asText, hasFailed } from "../assess/question";
import { SCOPE } from "../assess/scope";
import { repositoryPath } from "../live/context";
import type { DoctorContext } from "./context";
import type { GitHubReader, Response } from "../live/reader";
import { clockFinding, linesOf, several, silence, type Finding } from "./finding";

const { ok, note, problem } = linesOf("GitHub");

/** What a classic token needs; a fine-grained one has permissions, which the probes ask for. */
const SCOPES: readonly (readonly string[])[] = [["repo"], ["admin:org"]];

/** Reachability, the deployment's token, the plan, what the environment names, and other agents' doors. */
export async function gitHubFindings(context: DoctorContext): Promise<Finding[]> {
  if (!("client" in context.github))
    return [
      problem(
        "token",
        context.github.missing,
        "export GITHUB_TOKEN: a token of an organization owner, for the deployment alone",
      ),
    ];
  const github = context.github.client;
  const user = await github.get("/user");
  const token = tokenFinding(context, user);
  if (token.result === "problem") return [token];
  const rate = await github.again("/rate_limit");
  return [
    token,
    clockFinding("GitHub", Date.parse(rate.header("date") ?? ""), context.clock()),
    ...(await Promise.all([
      owner(context, github),
      permissions(context, github),
      plan(context, github),
      repositories(context, github),
      teams(context, github),
      machineUser(context, github),
      restVersion(github),
      hashAlgorithm(context, github),
      copilot(context),
      agentTasks(context, github),
    ])),
  ];
}

function tokenFinding({ endpoints, now }: DoctorContext, user: Response): Finding {
  const check = "token";
  const silent = silence(user);
  if (silent !== undefined)
    return problem(check, `${endpoints.api}: ${silent}`, "check the network, HTTPS_PROXY and gatehouse:githubUrl");
  if (user.call.status === 401)
    return problem(check, "GitHub does not accept GITHUB_TOKEN", "it is expired, revoked or mistyped: make a new one");
  if (user.call.status !== 200)
    return problem(
      check,
      `GitHub does not say whose GITHUB_TOKEN is (${user.call.status})`,
      "use a token of an organization owner's account; an App's installation cannot invite members",
    );
  const login = asText(asRecord(user.json()).login);
  const scopes = user.header("x-oauth-scopes");
  const expires = user.header("github-authentication-token-expiration") ?? "";
  const days = Math.floor((Date.parse(expires.replace(" UTC", "Z").replace(" ", "T")) - now) / DAY_MS);
  const lacking =
    scopes === undefined ? [] : SCOPES.filter((any) => !any.some((one) => scopes.split(/,\s*/).includes(one))).flat();
  if (lacking.length > 0)
    return problem(check, `${login}'s token lacks the scopes ${lacking.join(", ")}`, "add them on the token's page");
  const found = `${login}${scopes === undefined ? "" : ", classic"}`;
  return days < 7
    ? note(check, `${found}; it expires in ${days} days`, "make a new one in time")
    : ok(check, `${found}${expires === "" ? "" : `, expires ${expires}`}`);
}

async function owner({ environment }: DoctorContext, github: GitHubReader): Promise<Finding> {
  const { organization } = environment;
  const response = await github.get(`/user/memberships/orgs/${organization}`);
  const { role, state } = asRecord(response.json());
  const sso = /url=(\S+)/.exec(response.header("x-github-sso") ?? "")?.[1];
  if (sso !== undefined) return problem("owner", "the token is not authorized for single sign-on", `open ${sso}`);
  if (response.call.status !== 200)
    return problem(
      "owner",
      `the token's account is no member of ${organization}, or the token does not reach it (${response.call.status})`,
      `check gatehouse:organization; take the token of an owner of ${organization}`,
    );
  return role === "admin" && state === "active"
    ? ok("owner", `of ${organization}`)
    : problem("owner", `its role in ${organization} is ${asText(role)}, ${asText(state)}`, "take an owner's token");
}

/** Questions that only a token with the right permission may ask. Whether it may also write shows no question. */
async function permissions(context: DoctorContext, github: GitHubReader): Promise<Finding> {
  const { environment } = context;
  const { organization, audit } = environment;
  const first = environment.repositories[0];
  const probes: (readonly [string, string])[] = [
    [`/orgs/${organization}/teams?per_page=1`, "members"],
    ...(audit.alertWebhook === undefined && !audit.githubEvents
      ? []
      : audit.githubHooks === "organization"
        ? [[`/orgs/${organization}/hooks?per_page=1`, "organization webhooks"] as const]
        : first === undefined
          ? []
          : [[`${repositoryPath(context, first)}/hooks?per_page=1`, "webhooks"] as const]),
    ...(first === undefined
      ? []
      : [
          [`${repositoryPath(context, first)}/actions/permissions`, "administration"] as const,
          [`${repositoryPath(context, first)}/contents`, "contents"] as const,
        ]),
  ];
  const refused = (
    await Promise.all(
      probes.map(async ([path, need]) => {
        const response = await github.get(path);
        const accepted = response.header("x-accepted-github-permissions");
        return response.call.status === 200 ? [] : [`${need}${accepted ? ` (${accepted})` : ""}`];
      }),
    )
  ).flat();
  return refused.length === 0
    ? ok("permissions", `reads ${probes.map(([, need]) => need).join(", ")}; writing shows at pulumi up`)
    : problem("permissions", `the token may not read ${several(refused)}`, "give the token these, with read and write");
}

async function plan({ environment }: DoctorContext, github: GitHubReader): Promise<Finding> {
  const check = "plan";
  const response = await github.get(`/orgs/${environment.organization}`);
  const paid = asText(asRecord(asRecord(response.json()).plan).name);
  const unlocked = environment.repositories.filter((repository) => !offersRules({ plan: "free" }, repository));
  if (paid === "")
    return note(
      check,
      `GitHub does not show the plan of ${environment.organization}`,
      `only owners see it; check that it is ${environment.plan}`,
    );
  const size = (name: string): number =>
    PLANS.findIndex((one) => one === (name === "business_plus" ? "enterprise" : name));
  if (size(paid) >= 0 && size(paid) < size(environment.plan))
    return problem(
      check,
      `the organization pays for ${paid}, gatehouse:plan is ${environment.plan}`,
      `GitHub would refuse ${paid === "free" ? "rulesets and code owners of private repositories" : "rulesets of the organization"}: set gatehouse:plan: ${paid}, or upgrade`,
    );
  return environment.plan === "free" && unlocked.length > 0
    ? problem(
        check,
        `on the free plan GitHub offers no rulesets for ${several(unlocked.map(({ name }) => name))}`,
        "take the Team plan, or public repositories",
      )
    : ok(check, `${paid}; declared ${environment.plan}`);
}

async function repositories(context: DoctorContext, github: GitHubReader): Promise<Finding> {
  const check = "repositories";
  const wrong = (
    await Promise.all(
      context.environment.repositories.map(async (repository) => {
        const response = await github.get(repositoryPath(context, repository));
        const { name, visibility, defaultBranch } = repository;
        if (response.call.status !== 200) return [`${name} is not there, or the token does not see it`];
        const body = asRecord(response.json());
        return [
          ...(body.archived === true ? [`${name} is archived`] : []),
          ...(body.default_branch === defaultBranch
            ? []
            : [`${name}'s default branch is ${asText(body.default_branch)}`]),
          ...(body.visibility === visibility ? [] : [`${name} is ${asText(body.visibility)}`]),
        ];
      }),
    )
  ).flat();
  return wrong.length === 0
    ? ok(check, `${context.environment.repositories.length}, as declared`)
    : problem(check, several(wrong), "change gatehouse:repositories, or the repositories");
}

async function teams({ environment }: DoctorContext, github: GitHubReader): Promise<Finding> {
  const named = namedTeams(environment);
  const wrong = (
    await Promise.all(
      named.map(async (slug) => {
        const path = `/orgs/${environment.organization}/teams/${slug}`;
        const [team, members] = await Promise.all([github.get(path), github.get(`${path}/members?per_page=1`)]);
        if (team.call.status !== 200) return [`${slug} is not there`];
        if (asRecord(team.json()).privacy === "secret") return [`${slug} is secret, so it can own no code`];
        return members.call.status === 200 && asList(members.json()).length === 0 ? [`${slug} has no members`] : [];
      }),
    )
  ).flat();
  return wrong.length === 0
    ? ok("teams", several(named))
    : problem("teams", several(wrong), "make these teams visible and put people in them");
}

async function machineUser({ environment }: DoctorContext, github: GitHubReader): Promise<Finding> {
  const check = "machine user";
  const { organization, agent } = environment;
  const login = agent.machineUser;
  const [account, membership] = await Promise.all([
    github.get(`/users/${login}`),
    github.get(`/orgs/${organization}/memberships/${login}`),
  ]);
  if (account.call.status !== 200)
    return problem(
      check,
      `GitHub has no account ${login}`,
      "sign it up, for the agent alone, and give it an address that you read",
    );
  if (asText(asRecord(account.json()).type) !== "User")
    return problem(check, `${login} is no account of a user`, "name an account of its own");
  const { role, state } = asRecord(membership.json());
  if (role === "admin")
    return problem(
      check,
      `${login} is an owner of ${organization}`,
      "make it a member: an owner can change every rule",
    );
  return membership.call.status === 200 && state === "pending"
    ? note(check, `${login} has not accepted its invitation`, `sign in as ${login} and accept it`)
    : ok(check, `${login}${membership.call.status === 200 ? ", member" : "; pulumi up invites it"}`);
}

async function restVersion(github: GitHubReader): Promise<Finding> {
  const check = "REST version";
  const response = await github.get("/versions");
  const served = asList(response.json()).map(asText);
  const missing = API_VERSIONS.filter((version) => !served.includes(version));
  if (response.call.status !== 200)
    return note(
      check,
      `GitHub does not list its versions (${response.call.status})`,
      "a server of your own may be older than the gate's versions",
    );
  if (served.includes(API_VERSIONS[0]))
    return missing.length === 0
      ? ok(check, API_VERSIONS.join(" and "))
      : note(check, `not served: ${missing.join(", ")}`, "clients that ask for it get GitHub's own refusal");
  return problem(check, `GitHub no longer serves ${API_VERSIONS[0]}`, "take a newer Gatehouse");
}

/** The gate reads object ids of 40 digits alone, and refuses pushes to anything else. */
async function hashAlgorithm(context: DoctorContext, github: GitHubReader): Promise<Finding> {
  const check = "object ids";
  const found = await Promise.all(
    context.environment.repositories.map(async (repository) => {
      const response = await github.get(`${repositoryPath(context, repository)}/hash-algorithm`);
      return { name: repository.name, algorithm: asText(asRecord(response.json()).hash_algorithm) };
    }),
  );
  const other = found.filter(({ algorithm }) => algorithm !== "sha1" && algorithm !== "");
  if (other.length > 0)
    return problem(
      check,
      several(other.map(({ name, algorithm }) => `${name} uses ${algorithm}`)),
      "the gate refuses git there: leave such a repository out",
    );
  return found.every(({ algorithm }) => algorithm === "")
    ? note(
        check,
        "GitHub does not say which hash the repositories use",
        "a SHA-256 repository cannot be cloned through the gate",
      )
    : ok(check, "SHA-1");
}

/** The assessment's own question, asked where the agent may write. */
async function copilot(context: DoctorContext): Promise<Finding> {
  const check = "Copilot";
  const question = SCOPE.find(({ id }) => id === "other-agents");
  const environment = { ...context.environment, repositories: writable(context.environment) };
  const answers = (await question?.ask({ ...context, environment })) ?? [];
  const open = answers.filter(({ result }) => result === "fail");
  if (open.length > 0)
    return problem(
      check,
      several(open.map(({ subject, reason }) => `${subject}: ${reason}`)),
      "close it in the repository's settings, Copilot, cloud agent: it is a second way for an agent to write",
    );
  return answers.some(({ result }) => result === "pass")
    ? ok(check, "GitHub's own agent waits for people")
    : ok(check, "GitHub shows no cloud agent for these repositories");
}

/** Whoever may start agent tasks starts GitHub's own agent, which no gate sees. */
async function agentTasks(context: DoctorContext, github: GitHubReader): Promise<Finding> {
  const check = "agent tasks";
  const { organization, agent } = context.environment;
  const apps = await github.list(`/orgs/${organization}/installations`, "installations");
  const may = (permissions: unknown): boolean => asText(asRecord(permissions).agent_tasks) === "write";
  const found = apps.items
    .filter(({ permissions }) => may(permissions))
    .map(({ app_slug }) => `the App ${asText(app_slug)}`);
  const grants =
    "client" in context.grants
      ? await context.grants.client.list(`/orgs/${organization}/personal-access-tokens?owner[]=${agent.machineUser}`)
      : undefined;
  for (const grant of grants?.items ?? [])
    if (may(asRecord(grant.permissions).repository))
      found.push(`${agent.machineUser}'s token ${asText(grant.token_name)}`);
  if (found.length > 0)
    return problem(check, `${several(found)} may start other agents`, "take the permission Agent tasks away");
  if (hasFailed(apps))
    return note(
      check,
      "the token does not see the organization's Apps",
      "look for the permission Agent tasks in their settings",
    );
  return ok(
    check,
    `no App may start other agents${grants === undefined ? "; the agent's own token: with GATEHOUSE_GRANTS_TOKEN" : ", nor may the agent's token"}`,
  );
}
