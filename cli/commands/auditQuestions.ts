import { type Command, Option } from "commander";
import { endpoints } from "../../infra/model";
import { compilePolicy } from "../../infra/plans";
import { agentLines } from "../audit/agent/lines";
import { around } from "../audit/completeness";
import { renderHtml, renderMarkdown, renderText } from "../audit/explain/render";
import { tellStory, type Story } from "../audit/explain/story";
import { githubEvents } from "../audit/github";
import { askTrail, NAMED, type Answer } from "../audit/query";
import { LeftOut, recordsIn } from "../audit/records";
import { replay as replayRecords, type Replay } from "../audit/replay";
import { readState, trailFiles, type TrailFiles } from "../audit/trail";
import { asRecord, type JsonRecord } from "../../infra/config/json";
import { assessContext } from "../live/context";
import { failureOf, type GitHubReader } from "../live/reader";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { withExamples, withJson, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";
import { plain } from "../support/plainText";
import { table } from "../support/table";

const FORMATS: Readonly<Record<string, (story: Story) => string | Promise<string>>> = {
  text: renderText,
  md: renderMarkdown,
  html: renderHtml,
};
const DIR = "audit";

interface ExplainOptions extends StackOptions {
  readonly dir: string;
  readonly format: string;
  readonly json?: boolean;
}

/** `gatehouse audit explain|query|replay`: questions to a pulled trail. */
export function registerAuditQuestions(audit: Command): void {
  withExamples(
    withJson(
      withStack(
        audit
          .command("explain <pull>")
          .description(
            "tell the story of one pull request: read, written, refused, approved, merged, with which token",
          ),
      ),
    ),
    "gatehouse audit explain api#17 --stack prod --format html > api-17.html",
  )
    .option("--dir <dir>", "the folder of `audit pull`", DIR)
    .addOption(new Option("--format <format>", "the form of the story").choices(Object.keys(FORMATS)).default("text"))
    .action(explain);

  withExamples(
    withJson(
      audit
        .command("query [sql]")
        .description(
          `ask the trail in SQL (tables gate, github, agent, events), or by name: ${Object.keys(NAMED).join(", ")}`,
        ),
      "print one JSON object per row",
    ),
    "gatehouse audit query --named refusals-by-rule",
    'gatehouse audit query "SELECT route, count(*) FROM gate GROUP BY route" --json',
    "gatehouse audit query \"COPY gate TO 'gate.parquet'\"",
  )
    .option("--dir <dir>", "the folder of `audit pull`", DIR)
    .addOption(new Option("--named <name>", "a question that has a name").choices(Object.keys(NAMED)))
    .action(query);

  withExamples(
    withJson(
      withStack(
        audit
          .command("replay <dir>")
          .description(
            "decide the trail's requests anew under a stack's posture; exit 1 when one is decided otherwise",
          ),
      ),
    ),
    "gatehouse audit replay audit --stack prod",
  ).action(replay);
}

async function explain(pull: string, options: ExplainOptions): Promise<void> {
  const [, name, digits] = /^([A-Za-z0-9._-]+)#([1-9]\d{0,9})$/.exec(pull) ?? [];
  if (name === undefined) throw new CouldNotRun(`${JSON.stringify(pull)} is no pull request; give one such as api#17`);
  const files = trailFiles(options.dir);
  const state = readState(files);
  const repository = `${state.organization}/${name}`;
  const number = Number(digits);
  const { environment } = readProjectStack(options.stack, options.config);
  const { github } = await assessContext(options.stack, environment, process.env);
  const asked = "client" in github ? await askPull(github.client, repository, number) : undefined;
  const events = githubEvents(files.github);
  const left = new LeftOut();
  const story = tellStory({
    repository,
    number,
    pull: asked?.pull,
    reviews: asked?.reviews ?? [],
    records: recordsIn(files.gate, 0, left.add),
    github: events,
    around: around(files, state, events).events,
    machineUser: state.machineUser,
    agentLog: agentLines(files.agent),
    reviewed: state.agent?.reviewed,
  });
  noteLeftOut(left, files);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(story, undefined, 2)}\n`
      : await (FORMATS[options.format] ?? renderText)(story),
  );
}

function noteLeftOut(left: LeftOut, { gate }: TrailFiles): void {
  const note = left.note(gate);
  if (note !== undefined) process.stderr.write(`Note: ${note}.\n`);
}

async function askPull(
  github: GitHubReader,
  repository: string,
  number: number,
): Promise<{ readonly pull: JsonRecord; readonly reviews: readonly JsonRecord[] }> {
  const found = await github.get(`/repos/${repository}/pulls/${number}`);
  if (found.call.status === 404)
    throw new CouldNotRun(
      `GitHub shows no pull request ${repository}#${number}; is it an issue, or may GITHUB_TOKEN not read it?`,
    );
  if (found.call.status !== 200)
    throw new CouldNotRun(`GitHub does not show ${repository}#${number}: ${failureOf(found)}`);
  const reviews = await github.list(`/repos/${repository}/pulls/${number}/reviews`);
  return { pull: asRecord(found.json()), reviews: reviews.items.map(asRecord) };
}

async function query(
  sql: string | undefined,
  { named, dir, json }: { readonly named?: string; readonly dir: string; readonly json?: boolean },
): Promise<void> {
  if ((sql === undefined) === (named === undefined))
    throw new CouldNotRun(`Give a statement, or one of --named ${Object.keys(NAMED).join(", ")}.`);
  const files = trailFiles(dir);
  readState(files);
  const answer = await askTrail(files, sql ?? NAMED[named ?? ""]?.sql ?? "");
  process.stdout.write(json === true ? answerJson(answer) : answerText(answer));
}

const answerJson = ({ columns, rows }: Answer): string =>
  rows.map((row) => `${JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, row[i]])))}\n`).join("");

const answerText = ({ columns, rows }: Answer): string =>
  rows.length === 0
    ? "Nothing.\n"
    : `${table(
        columns,
        rows.map((row) =>
          row.map((value) =>
            plain(value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)),
          ),
        ),
      )}\n`;

async function replay(dir: string, options: StackOptions & { readonly json?: boolean }): Promise<void> {
  const files = trailFiles(dir);
  readState(files);
  const { environment } = readProjectStack(options.stack, options.config);
  const policy = compilePolicy(environment, { repositories: [], endpoints: endpoints(environment.githubUrl) });
  const left = new LeftOut();
  const result = replayRecords(policy, recordsIn(files.gate, 0, left.add));
  noteLeftOut(left, files);
  process.stdout.write(options.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : replayText(result));
  if (result.differences.length > 0)
    throw new DoesNotHold(
      `${result.differences.reduce((sum, { count }) => sum + count, 0)} past requests would be decided otherwise.`,
    );
}

function replayText({ records, differences, untold }: Replay): string {
  return `${[
    ...(differences.length === 0
      ? []
      : [
          table(
            ["requests", "", "method", "route", "repository", "rule", "last", "example"],
            differences.map((one) => [
              String(one.count),
              one.change,
              plain(one.method),
              plain(one.route),
              one.repository,
              one.rule,
              one.last,
              plain(one.example),
            ]),
          ),
          "",
        ]),
    `${records} requests of agents decided anew by method and path; ${untold} of them depend on more than that (GraphQL, searches, numbered repositories).`,
  ].join("\n")}\n`;
}
