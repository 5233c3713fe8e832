import { CODEOWNERS_PATH, writable, type Repository } from "../../infra/model";
import { keptOwners, keptProblems, ownerRules, type OwnerRule } from "../../infra/plans";
import { repositoryPath, repositorySubject } from "./context";
import { onGitHub, sees } from "./fence";
import { bag, cannotTell, hasFailed, judged, list, same, text, unheard, type Question, type Said } from "./question";

const errors: Question = {
  id: "codeowners-errors",
  section: "review",
  title: "GitHub finds no mistake in CODEOWNERS",
  controls: ["CIS 1.1.6"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const heard = await github.get(
            `${repositoryPath(context, repository)}/codeowners/errors?ref=${encodeURIComponent(repository.defaultBranch)}`,
          );
          if (heard.call.status === 404 && (await sees(context, github, repository)))
            return judged(subject, ["there is no CODEOWNERS"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(subject, heard, "contents: read");
          const found = list(bag(heard.json()).errors);
          return judged(
            subject,
            found.map((error) => `line ${text(bag(error).line)}: ${text(bag(error).kind)}`),
            "no mistakes",
            [heard.call],
          );
        }),
      ),
    ),
};

/** The lines of CODEOWNERS that say something, without comments. */
export function readCodeOwners(content: string): { pattern: string; owners: string[] }[] {
  return content
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [pattern = "", ...owners] = line.split(/\s+/);
      return { pattern, owners };
    });
}

/**
 * What of the declared rules does not decide. The last match wins: the declared lines for paths that matter must be the last ones, in
 * their order; the line for everything comes first and may be refined by lines that the repository has kept.
 */
export function ownerGaps(declared: readonly OwnerRule[], content: string, organization: string): string[] {
  const lines = readCodeOwners(content);
  const has = (rule: OwnerRule, line: { owners: string[] } | undefined): boolean =>
    line !== undefined &&
    line.owners.length === rule.teams.length &&
    rule.teams.every((team) => line.owners.some((owner) => same(owner, `@${organization}/${team}`)));
  const decisive = declared.filter(({ pattern }) => pattern !== "*");
  const everything = declared.filter(({ pattern }) => pattern === "*");
  const tail = decisive.length === 0 ? [] : lines.slice(-decisive.length);
  return [
    ...everything
      .filter(
        (rule) =>
          !has(
            rule,
            lines.find(({ pattern }) => pattern === "*"),
          ),
      )
      .map(() => "* is not owned as declared"),
    ...decisive
      .filter((rule, i) => tail[i]?.pattern !== rule.pattern || !has(rule, tail[i]))
      .map(({ pattern }) => `${pattern} is not decided as declared`),
  ];
}

const content: Question = {
  id: "codeowners-content",
  section: "review",
  title: "CODEOWNERS decides as declared, its own line last",
  controls: ["CIS 1.1.6", "CIS 1.1.7"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const heard = await github.get(
            `${repositoryPath(context, repository)}/contents/${CODEOWNERS_PATH}?ref=${encodeURIComponent(repository.defaultBranch)}`,
            "application/vnd.github.raw+json",
          );
          if (heard.call.status === 404 && (await sees(context, github, repository)))
            return judged(subject, [`there is no ${CODEOWNERS_PATH}`], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(subject, heard, "contents: read");
          const kept = keptOwners({ path: CODEOWNERS_PATH, text: heard.text }).text;
          return judged(
            subject,
            [
              ...ownerGaps(ownerRules(context.environment, repository), heard.text, context.environment.organization),
              ...keptProblems(context.environment, kept).map(({ wrong }) => wrong),
            ],
            kept === "" ? "as declared" : "as declared, with the repository's own lines between",
            [heard.call],
          );
        }),
      ),
    ),
};

const PUSHING = ["push", "maintain", "admin"];

/** Teams whose approval counts: each must be visible and able to write, or GitHub ignores its lines without a word. */
const ownerTeams: Question = {
  id: "owner-teams",
  section: "review",
  title: "Every team that owns code is visible, may write, and has no agent in it",
  controls: ["CIS 1.1.7", "NIST SP 800-53 AC-5"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { environment } = context;
      const owned = new Map<string, Repository[]>();
      for (const repository of writable(environment)) {
        for (const team of new Set(ownerRules(environment, repository).flatMap(({ teams }) => teams)))
          owned.set(team, [...(owned.get(team) ?? []), repository]);
      }
      return Promise.all(
        [...owned].map(async ([slug, repositories]): Promise<Said> => {
          const subject = `@${environment.organization}/${slug}`;
          const [team, member] = await Promise.all([
            github.get(`/orgs/${environment.organization}/teams/${slug}`),
            github.get(`/orgs/${environment.organization}/teams/${slug}/memberships/${environment.agent.machineUser}`),
          ]);
          if (team.call.status !== 200) return unheard(subject, team, "members: read");
          if (member.call.status !== 404 && member.call.status !== 200)
            return unheard(subject, member, "members: read");
          const lists = await Promise.all(
            repositories.map(async (repository) => ({
              repository,
              found: await github.list(`${repositoryPath(context, repository)}/teams`),
            })),
          );
          const calls = [team.call, member.call, ...lists.flatMap(({ found }) => found.calls)];
          const hidden = lists.find(({ found }) => hasFailed(found));
          const wrong = [
            ...(bag(team.json()).privacy === "closed" ? [] : ["it is secret, so it can own nothing"]),
            ...(member.call.status === 200 ? [`${environment.agent.machineUser} is a member`] : []),
            ...lists
              .filter(({ found }) => !hasFailed(found))
              .flatMap(({ repository, found }) => {
                const grant = found.items.find((one) => same(text(one.slug), slug));
                return PUSHING.includes(text(grant?.permission)) ? [] : [`it may not write to ${repository.name}`];
              }),
          ];
          if (wrong.length === 0 && hidden)
            return cannotTell(
              subject,
              `${hidden.repository.name} does not show its teams; the credential needs administration: read`,
              calls,
            );
          return judged(
            subject,
            wrong,
            `visible, may write to ${repositories.map(({ name }) => name).join(", ")}, no agent in it`,
            calls,
          );
        }),
      );
    }),
};

export const OWNERS: readonly Question[] = [errors, content, ownerTeams];
