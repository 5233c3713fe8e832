import type { Command } from "commander";
import { names, type Environment } from "../../infra/model";
import { planClaudeAgent } from "../../infra/plans";
import type { AgentSources } from "../audit/pull/agent";
import { claudeClient } from "../audit/pull/claude";
import { bucketSource, directorySource } from "../audit/pull/bucket";
import { gateSource } from "../audit/pull/gate";
import { pullTrail } from "../audit/pull/pull";
import { newPart, type Progress, type Source } from "../audit/pull/records";
import { directoryDeliveries, type Deliveries } from "../audit/pull/webhooks";
import { parseCheckpoint } from "../audit/checkpoints";
import { trailFiles } from "../audit/trail";
import { verifyProgress, verifyTrail, type Verification } from "../audit/verify";
import { assessContext, type Access, type Context } from "../live/context";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { readNamedFile } from "../support/files";
import { sayNowAndThen } from "../support/sayNowAndThen";
import { registerAuditAlert } from "./auditAlert";
import { registerAuditQuestions } from "./auditQuestions";
import { repeatable, withExamples, withJson, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

interface PullOptions extends StackOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly from?: string;
  readonly archive?: string;
  readonly agentLog: readonly string[];
}

interface VerifyCommand {
  readonly dir: string;
  readonly key: readonly string[];
  readonly checkpoint: readonly string[];
  readonly unsigned?: boolean;
  readonly json?: boolean;
}

const DIR = "audit";

/** `gatehouse audit …`: pulls the audit trail, verifies it, and answers questions about it. */
export function registerAudit(program: Command): void {
  const audit = program
    .command("audit")
    .description("pull the audit trail, verify it, and ask what the agent did (docs/audit.md)");

  withExamples(
    withJson(
      withStack(audit.command("pull").description("append what is new in the gate's trail and at GitHub to a folder")),
      "print the gate's records to standard output, one a line",
    ),
    "gatehouse audit pull --stack prod --out audit",
    "gatehouse audit pull --stack prod --json | jq .decision",
  )
    .option("--out <dir>", `the folder; what it has already is not asked for again (default: ${DIR}, without --json)`)
    .option("--archive <dir>", "read the archive folder of a self-hosted gate in place of the bucket")
    .option("--from <source>", "ask only one source: bucket, or gate")
    .addOption(
      repeatable("--agent-log <file>", "also read the log of an agent that runs elsewhere: NDJSON, docs/audit.md"),
    )
    .action(pull);

  withExamples(
    withJson(audit.command("verify").description("check a pulled trail; exit 1 when it does not hold")),
    "gatehouse audit verify --dir audit --key $(pulumi stack output auditPublicKey --stack prod)",
  )
    .option("--dir <dir>", "the folder of `audit pull`", DIR)
    .addOption(repeatable("--key <key>", "trust this public key, the stack's output auditPublicKey"))
    .addOption(repeatable("--checkpoint <file>", "also hold the trail against a checkpoint that was kept elsewhere"))
    .option("--unsigned", "accept a trail without checkpoints, of a gate that made none")
    .action(verify);

  registerAuditAlert(audit);
  registerAuditQuestions(audit);
}

/** What the two ways to the trail need, and which of them can be gone. */
function sourcesOf(context: Context, { from, archive }: PullOptions): Source[] {
  const { environment, cloudflare, gate } = context;
  const sources: Source[] = [];
  const missing: string[] = [];
  if (archive !== undefined) sources.push(directorySource(archive));
  else if (from !== "gate") {
    if ("client" in cloudflare)
      sources.push(
        bucketSource(cloudflare.client, `/accounts/${environment.gate.accountId}`, names(environment).auditBucket),
      );
    else missing.push(`the bucket: ${cloudflare.missing}`);
  }
  if (from !== "bucket") {
    const operator = "client" in gate ? gate.client.operator : gate;
    if ("client" in operator) sources.push(gateSource(operator.client));
    else missing.push(`the gate: ${operator.missing}`);
  }
  if (sources.length === 0) throw new CouldNotRun(`The trail cannot be reached. ${missing.join("; ")}.`);
  return sources;
}

async function pull(options: PullOptions): Promise<void> {
  if (options.from !== undefined && !["bucket", "gate"].includes(options.from))
    throw new CouldNotRun(`--from: ${JSON.stringify(options.from)} is no source; give bucket or gate`);
  const { environment } = readProjectStack(options.stack, options.config);
  const context = await assessContext(options.stack, environment, process.env);
  const sources = sourcesOf(context, options);
  const out = options.out ?? (options.json === true ? undefined : DIR);
  if (out === undefined) return printRecords(sources);
  const files = trailFiles(out);
  const agents = { logs: options.agentLog, ...claudeOf(environment) };
  const { state, records, events, agent, notes } = await pullTrail(
    context,
    files,
    sources,
    pullProgress(),
    agents,
    deliveriesOf(environment, options),
  );
  for (const note of notes) process.stderr.write(`Note: ${note}.\n`);
  const summary = { dir: out, records, events, agent, lastSeq: state.cursor.seq, notes };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(summary)}\n`
      : `${records} new records, to ${state.cursor.seq}; ${events} new events of GitHub${state.agent === undefined ? "" : `; ${agent} new lines of the agent's log`}. They are in ${out}.\n`,
  );
}

/** Where a gate of one's own keeps GitHub's deliveries; undefined for the stack's gate, which has its bucket. */
function deliveriesOf({ audit }: Environment, { archive }: PullOptions): Access<Deliveries> | undefined {
  if (archive !== undefined) return { client: directoryDeliveries(archive) };
  return audit.githubEventsUrl === undefined
    ? undefined
    : { missing: `they are on the machine of ${audit.githubEventsUrl}; give its archive folder with --archive` };
}

/** The agent at Anthropic, where the environment file says that it runs there. */
function claudeOf(environment: Environment): Pick<AgentSources, "claude"> {
  const plan = planClaudeAgent(environment);
  if (plan === undefined) return {};
  const claude = claudeClient(process.env);
  const { allowedHosts } = plan.environment.config.networking;
  const declared = {
    agent: plan.agent.name,
    environment: plan.environment.name,
    vault: plan.vault.displayName,
    hosts: allowedHosts,
    definition: plan.agent,
  };
  if ("missing" in claude) return { claude: { missing: `the agent's side was not read: ${claude.missing}` } };
  return { claude: { ...claude, declared } };
}

async function printRecords(sources: readonly Source[]): Promise<void> {
  let at = { seq: 0, hash: "" };
  for (const source of sources)
    for await (const { text } of source.pieces(at.seq)) {
      const fresh = newPart(text, at);
      at = fresh.last;
      if (!process.stdout.write(fresh.text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
}

function pullProgress(): Progress {
  const say = sayNowAndThen();
  return (what, done, of) => say(() => `${done} ${what}${of === undefined ? "" : ` of ${of}`}`);
}

async function verify(options: VerifyCommand): Promise<void> {
  const checkpoints = options.checkpoint.map((file) => {
    const text = readNamedFile(file).toString("utf8").trim();
    // The webhook's message as it came has the checkpoint in `data`.
    const inner = /"data":(\{[^{}]*\})/.exec(text)?.[1];
    const checkpoint = parseCheckpoint(inner ?? text);
    if (checkpoint === undefined) throw new CouldNotRun(`${file}: this is no checkpoint`);
    return checkpoint;
  });
  const verification = await verifyTrail(options.dir, {
    keys: options.key,
    checkpoints,
    unsigned: options.unsigned === true,
    progress: verifyProgress(),
  });
  process.stdout.write(
    options.json === true ? `${JSON.stringify(verification, undefined, 2)}\n` : verificationText(verification),
  );
  if (verification.count > 0)
    throw new DoesNotHold(
      `The trail does not hold: ${verification.count} ${verification.count === 1 ? "problem" : "problems"}.`,
    );
}

function verificationText({ records, first, last, signed, problems, count, notes }: Verification): string {
  const lines = [
    records === 0 || first === undefined || last === undefined
      ? "No records."
      : `${records} records, ${first.seq} to ${last.seq}, ${first.ts} to ${last.ts}; ${signed} ${signed === 1 ? "checkpoint holds" : "checkpoints hold"}.`,
    ...problems.map(({ place, problem }) => `${place}: ${problem}`),
    ...(count > problems.length ? [`and ${count - problems.length} more`] : []),
    ...notes.map((note) => `Note: ${note}.`),
    ...(count === 0 ? ["The trail holds."] : []),
  ];
  return `${lines.join("\n")}\n`;
}
