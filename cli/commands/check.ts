import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { searchedFor } from "../../gate/policy/compiled";
import { endpoints, type Environment } from "../../infra/model";
import {
  isAgentPull,
  judgeChange,
  SOFT_RULES,
  type ChangeRule,
  type ChangeVerdict,
  type PullFacts,
} from "../check/agentChange";
import { ambientEffects } from "../../rotation/effects";
import { gitHubReader } from "../live/reader";
import { changeFacts, type Logins } from "../check/facts";
import { GitView } from "../check/git";
import { annotations, changeText, summary } from "../check/present";
import { askLogins, askPull, readPull, type Pull } from "../check/pull";
import { addressFrom } from "../support/address";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { writeNamedFile } from "../support/files";
import { repeatable, withExamples, withJson, withProject, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

interface ChangeOptions extends StackOptions {
  readonly project: string;
  readonly repository?: string;
  readonly base?: string;
  readonly head?: string;
  readonly git?: string;
  readonly pull?: string;
  readonly email: readonly string[];
  readonly noticeOnly: readonly ChangeRule[];
  readonly json?: boolean;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * `gatehouse check …`: judgements that a CI job makes of a change, with code and rules that the change cannot touch.
 */
export function registerCheck(program: Command): void {
  const check = program.command("check").description("check a change in CI");
  const change = check
    .command("agent-change")
    .description(
      "the required status check gatehouse/agent-change: refuse what an agent's pull request must not contain",
    );
  withExamples(
    withJson(withProject(withStack(change))),
    "gatehouse check agent-change --stack prod --repository api --pull 42",
    "gatehouse check agent-change --stack prod --repository api --base <sha> --head <sha> --git ../api",
  )
    .option("--repository <name>", "the repository of the change, without its owner (default: GITHUB_REPOSITORY)")
    .option("--base <sha>", "the commit that the change would be merged into")
    .option("--head <sha>", "the last commit of the change")
    .option("--git <dir>", "the local repository that has both commits", ".")
    .option("--pull <number>", "the pull request to ask GitHub for (default in GitHub Actions: the event's)")
    .addOption(repeatable("--email <address>", "another address with which the machine user commits"))
    .addOption(
      new Option("--notice-only <rule>", "show findings of this rule, but pass; may be given again")
        .choices(SOFT_RULES)
        .argParser((value: string, all: ChangeRule[]) => {
          if (!SOFT_RULES.includes(value as ChangeRule))
            throw new CouldNotRun(
              `--notice-only: ${JSON.stringify(value)} cannot be only a notice; ${SOFT_RULES.join(" and ")} can`,
            );
          return [...all, value as ChangeRule];
        })
        .default([]),
    )
    .action(async (options: ChangeOptions) => {
      report(await agentChange(options, process.env), options.json, process.env);
    });
}

type Env = Readonly<Record<string, string | undefined>>;

async function agentChange(options: ChangeOptions, env: Env): Promise<ChangeVerdict> {
  const { environment } = readProjectStack(options.stack, options.config, options.project);
  const repository = repositoryOf(options, environment, env);
  // Kinds that only raise an alert are found too, and shown as notices.
  const rules = searchedFor({ ...environment.gate, alertOnlySecrets: [] });
  const judge = { emails: options.email, noticeOnly: options.noticeOnly, now: Date.now() };
  if (options.base !== undefined || options.head !== undefined) {
    if (!COMMIT.test(options.base ?? "") || !COMMIT.test(options.head ?? ""))
      throw new CouldNotRun(
        "--base and --head: give both, each as the full id of a commit (40 or 64 hexadecimal digits)",
      );
    if (options.pull !== undefined)
      throw new CouldNotRun("--pull cannot be combined with --base and --head; give one or the other");
    return withView(GitView.of(options.git ?? "."), async (git) =>
      judgeChange(
        environment,
        repository,
        await changeFacts(git, options.base ?? "", options.head ?? "", {}, { rules }),
        judge,
      ),
    );
  }
  if (options.pull === undefined && env.GITHUB_EVENT_NAME === "merge_group")
    return { agent: false, why: "in the merge queue; the change was checked before it entered" };
  const at = endpoints(
    environment.githubUrl ?? addressFrom(env, "GITHUB_BASE_URL") ?? addressFrom(env, "GITHUB_SERVER_URL"),
  );
  const github = gitHubReader(ambientEffects(), at, env.GITHUB_TOKEN);
  const event = options.pull === undefined ? eventPull(env) : undefined;
  if (options.pull !== undefined && !/^[1-9]\d*$/.test(options.pull))
    throw new CouldNotRun(`--pull: ${JSON.stringify(options.pull)} is not the number of a pull request, such as 17`);
  const number = event?.number ?? Number(options.pull);
  if (!Number.isSafeInteger(number) || number <= 0)
    throw new CouldNotRun(
      "No change was named; give --pull <number>, or --base and --head. In GitHub Actions, start the job by pull_request_target.",
    );
  const pull = await askPull(github, environment.organization, repository, number);
  // Labels and text as they are now; the commits are the event's, since the check's answer will stand beside those.
  const judged: Pull = { ...pull, base: event?.base ?? pull.base, head: event?.head ?? pull.head };
  if (!isAgentPull(environment, judged.facts))
    return judgeChange(environment, repository, nothing(judged.facts), judge);
  const logins: ReadonlyMap<string, Logins> = await askLogins(github, environment.organization, repository, number);
  const url = `${at.git}/${environment.organization}/${repository}.git`;
  return withView(await GitView.fetched(url, [judged.base, judged.head], env.GITHUB_TOKEN), async (git) =>
    judgeChange(
      environment,
      repository,
      await changeFacts(git, judged.base, judged.head, judged.facts, { logins, rules }),
      judge,
    ),
  );
}

const nothing = (pull: PullFacts) => ({ pull, commits: [], files: [], touched: [], secrets: [], unseen: [] });

async function withView<T>(view: GitView, work: (view: GitView) => Promise<T>): Promise<T> {
  try {
    return await work(view);
  } finally {
    view.close();
  }
}

function repositoryOf({ repository }: ChangeOptions, environment: Environment, env: Env): string {
  const [owner = "", name = ""] =
    repository === undefined ? (env.GITHUB_REPOSITORY ?? "").split("/") : [environment.organization, repository];
  if (name === "" || !/^[A-Za-z0-9_.-]+$/.test(name))
    throw new CouldNotRun("No repository was named; give --repository <name>, without its owner.");
  if (owner.toLowerCase() !== environment.organization.toLowerCase())
    throw new CouldNotRun(
      `GITHUB_REPOSITORY is a repository of ${owner}, but the environment file is for ${environment.organization}; give the --stack of ${owner}.`,
    );
  return name;
}

/** The pull request of the event that started this run; GitHub wrote the file, and only ids are taken from it. */
function eventPull(env: Env): Pull | undefined {
  if (env.GITHUB_EVENT_PATH === undefined) return undefined;
  if (env.GITHUB_EVENT_NAME === "pull_request") {
    throw new CouldNotRun(
      "The event pull_request started this job, so the workflow file itself comes from the change. Start it by pull_request_target, as docs/ci/agent-change.yml does.",
    );
  }
  let event: unknown;
  try {
    event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8"));
  } catch {
    throw new CouldNotRun(
      `GITHUB_EVENT_PATH: ${env.GITHUB_EVENT_PATH} cannot be read as JSON; GitHub Actions sets it to the file of the event`,
    );
  }
  return readPull((event as { pull_request?: unknown }).pull_request);
}

function report(verdict: ChangeVerdict, json: boolean | undefined, env: Env): void {
  process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : changeText(verdict));
  if (env.GITHUB_ACTIONS === "true" && !json) process.stdout.write(annotations(verdict));
  if (env.GITHUB_STEP_SUMMARY) writeNamedFile(env.GITHUB_STEP_SUMMARY, summary(verdict), "a");
  if (verdict.agent && !verdict.passes) throw new DoesNotHold("The change is refused.");
}
