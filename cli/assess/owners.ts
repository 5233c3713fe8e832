import { CODEOWNERS_PATH, writable, type Repository } from "../../infra/model";
import { keptOwners, keptProblems, ownerRules, type OwnerRule } from "../../infra/plans";
import { ASKED_OF_MANY, toldOf, toldOfMany } from "../live/many";
import { type Context, repositoryPath, repositorySubject } from "../live/context";
import type { Call, GitHubReader } from "../live/reader";
import { onGitHub } from "./systems";
import {
  asRecord,
  cannotTell,
  hasFailed,
  judged,
  asList,
  sameName,
  asText,
  cannotTellFrom,
  type Question,
  type Finding,
} from "./question";

/**
 * Whether the credential sees a repository's files at all: GitHub answers 404 to both "not there" and "not for you".
 */
async function canSee(context: Context, github: GitHubReader, repository: Repository): Promise<boolean> {
  return (
    (
      await github.get(
        `${repositoryPath(context, repository)}/contents?ref=${encodeURIComponent(repository.defaultBranch)}`,
      )
    ).call.status === 200
  );
}

const mistake = (error: unknown): string => `line ${asText(asRecord(error).line)}: ${asText(asRecord(error).kind)}`;

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
          const told = await toldOf(context, github, repository);
          const shown = asRecord(told?.shown.codeowners).errors;
          if (told?.defaultBranch === repository.defaultBranch) {
            if (Array.isArray(shown)) return judged(subject, shown.map(mistake), "no mistakes", [ASKED_OF_MANY]);
            if (told.owners && !told.owners.found)
              return judged(subject, ["there is no CODEOWNERS"], "", [ASKED_OF_MANY]);
          }
          const response = await github.get(
            `${repositoryPath(context, repository)}/codeowners/errors?ref=${encodeURIComponent(repository.defaultBranch)}`,
          );
          if (response.call.status === 404 && (await canSee(context, github, repository)))
            return judged(subject, ["there is no CODEOWNERS"], "", [response.call]);
          if (response.call.status !== 200) return cannotTellFrom(subject, response, "contents: read");
          const found = asList(asRecord(response.json()).errors);
          return judged(subject, found.map(mistake), "no mistakes", [response.call]);
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
 * What of the declared rules does not decide. The last match wins: the declared lines for paths that matter must be the
 * last ones, in their order; the line for everything comes first and may be refined by lines that the repository has
 * kept.
 */
export function ownerGaps(declared: readonly OwnerRule[], content: string, organization: string): string[] {
  const lines = readCodeOwners(content);
  const has = (rule: OwnerRule, line: { owners: string[] } | undefined): boolean =>
    line !== undefined &&
    line.owners.length === rule.teams.length &&
    rule.teams.every((team) => line.owners.some((owner) => sameName(owner, `@${organization}/${team}`)));
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
      .map(() => "the pattern * does not have the declared owners"),
    ...decisive
      .filter((rule, i) => tail[i]?.pattern !== rule.pattern || !has(rule, tail[i]))
      .map(({ pattern }) => `the pattern ${pattern} does not have the declared owners, or another line overrides it`),
  ];
}

/** The text of CODEOWNERS in the place that GitHub reads first, or the finding that there is none to read. */
async function readOwners(
  context: Context,
  github: GitHubReader,
  repository: Repository,
): Promise<{ readonly text: string; readonly call: Call } | { readonly finding: Finding }> {
  const subject = repositorySubject(context, repository);
  const absent = (call: Call) => ({ finding: judged(subject, [`there is no ${CODEOWNERS_PATH}`], "", [call]) });
  const told = await toldOf(context, github, repository);
  if (told?.defaultBranch === repository.defaultBranch && told.owners) {
    const { found } = told.owners;
    return found?.path === CODEOWNERS_PATH ? { text: found.text, call: ASKED_OF_MANY } : absent(ASKED_OF_MANY);
  }
  const response = await github.get(
    `${repositoryPath(context, repository)}/contents/${CODEOWNERS_PATH}?ref=${encodeURIComponent(repository.defaultBranch)}`,
    "application/vnd.github.raw+json",
  );
  if (response.call.status === 404 && (await canSee(context, github, repository))) return absent(response.call);
  return response.call.status === 200
    ? { text: response.text, call: response.call }
    : { finding: cannotTellFrom(subject, response, "contents: read") };
}

const content: Question = {
  id: "codeowners-content",
  section: "review",
  title: "CODEOWNERS gives files the declared owners, and its own line is the last",
  controls: ["CIS 1.1.6", "CIS 1.1.7"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const found = await readOwners(context, github, repository);
          if ("finding" in found) return found.finding;
          const kept = keptOwners({ path: CODEOWNERS_PATH, text: found.text }).text;
          return judged(
            subject,
            [
              ...ownerGaps(ownerRules(context.environment, repository), found.text, context.environment.organization),
              ...keptProblems(context.environment, kept).map(({ wrong }) => wrong),
            ],
            kept === "" ? "as declared" : "as declared, with the repository's own lines between",
            [found.call],
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
  title: "Every team that owns code is visible, may write, and does not contain the machine user",
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
        [...owned].map(async ([slug, repositories]): Promise<Finding> => {
          const subject = `@${environment.organization}/${slug}`;
          const [team, member] = await Promise.all([
            github.get(`/orgs/${environment.organization}/teams/${slug}`),
            github.get(`/orgs/${environment.organization}/teams/${slug}/memberships/${environment.agent.machineUser}`),
          ]);
          if (team.call.status !== 200) return cannotTellFrom(subject, team, "members: read");
          if (member.call.status !== 404 && member.call.status !== 200)
            return cannotTellFrom(subject, member, "members: read");
          // Where a few questions told that the team may write, that counts; the others are asked by themselves.
          const roles = (await toldOfMany(context, github)).teams.get(slug)?.roles;
          const unsure = repositories.filter(
            ({ name }) => !PUSHING.includes(roles?.get(`${environment.organization}/${name}`.toLowerCase()) ?? ""),
          );
          const lists = await Promise.all(
            unsure.map(async (repository) => ({
              repository,
              found: await github.list(`${repositoryPath(context, repository)}/teams`),
            })),
          );
          const calls = [
            team.call,
            member.call,
            ...(unsure.length < repositories.length ? [ASKED_OF_MANY] : []),
            ...lists.flatMap(({ found }) => found.calls),
          ];
          const hidden = lists.find(({ found }) => hasFailed(found));
          const wrong = [
            ...(asRecord(team.json()).privacy === "closed"
              ? []
              : ["the team is secret, so GitHub ignores it as an owner"]),
            ...(member.call.status === 200 ? [`${environment.agent.machineUser} is a member`] : []),
            ...lists
              .filter(({ found }) => !hasFailed(found))
              .flatMap(({ repository, found }) => {
                const grant = found.items.find((one) => sameName(asText(one.slug), slug));
                return PUSHING.includes(asText(grant?.permission)) ? [] : [`it may not write to ${repository.name}`];
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
            `visible, may write to ${repositories.map(({ name }) => name).join(", ")}, without the machine user`,
            calls,
          );
        }),
      );
    }),
};

export const OWNERS: readonly Question[] = [errors, content, ownerTeams];
