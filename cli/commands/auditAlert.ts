import type { Command } from "commander";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoints } from "../../infra/model";
import { ambientEffects } from "../../rotation/effects";
import { webhookAdapter } from "../../rotation/notify/webhook";
import { tell } from "../audit/alerts/deliver";
import { ALERT_RULES, findAlerts, type Alert } from "../audit/alerts/rules";
import { around } from "../audit/completeness";
import { githubEvents } from "../audit/github";
import { recordsIn } from "../audit/records";
import { readState, trailFiles } from "../audit/trail";
import { verifyProgress, verifyTrail } from "../audit/verify";
import { addressFrom } from "../support/address";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { readNamedFile } from "../support/files";
import { repeatable, withExamples, withJson, withStack, type StackOptions } from "../support/options";
import { plain } from "../support/plainText";
import { readProjectStack } from "../support/project";

interface AlertCommand extends StackOptions {
  readonly dir: string;
  readonly key: readonly string[];
  readonly threshold: readonly string[];
  readonly repository?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `gatehouse audit alert`: what a pulled trail alerts of, told once. */
export function registerAuditAlert(audit: Command): void {
  withExamples(
    withJson(
      withStack(
        audit
          .command("alert")
          .description("tell people what a pulled trail alerts of, once; exit 1 when there is something new"),
      ),
    ),
    "gatehouse audit pull --stack prod --out audit && gatehouse audit alert --stack prod --dir audit",
    "gatehouse audit alert --stack prod --threshold refusals-burst=50 --threshold silence=12",
  )
    .option("--dir <dir>", "the folder of `audit pull`", "audit")
    .option("--all", "also list what was told before")
    .option(
      "--repository <name>",
      "open issues in this repository (default: rotation.repository); needs GATEHOUSE_ISSUE_TOKEN",
    )
    .addOption(repeatable("--key <key>", "trust this public key, the stack's output auditPublicKey"))
    .addOption(repeatable("--threshold <rule=number>", "another threshold of a rule"))
    .action(alert);
}

async function alert(options: AlertCommand): Promise<void> {
  const thresholds = thresholdsOf(options.threshold);
  const files = trailFiles(options.dir);
  const state = readState(files);
  const { environment } = readProjectStack(options.stack, options.config);
  const verified = await verifyTrail(options.dir, { keys: options.key, progress: verifyProgress() });
  const alerts = findAlerts(
    recordsIn(files.gate),
    {
      github: githubEvents(files.github),
      around: around(files, state).events,
      problems: verified.problems,
      sessions: verified.agent,
      pulledAt: Date.parse(state.pulledAt),
      live: state.live,
      machineUser: state.machineUser,
    },
    { "rotation-overdue": environment.rotation.everyDays + 1, ...thresholds },
  );
  const toldFile = join(files.dir, "alerts.json");
  const before = readTold(toldFile);
  const fresh = alerts.filter(({ id }) => !before.has(id));
  const effects = ambientEffects();
  const { alertWebhook } = environment.audit;
  const { GATEHOUSE_WEBHOOK_SECRET: secret, GATEHOUSE_ISSUE_TOKEN: token } = process.env;
  const repository = options.repository ?? environment.rotation.repository;
  const told = await tell(fresh, {
    webhook: alertWebhook && secret ? webhookAdapter(effects, alertWebhook, secret) : undefined,
    issues:
      repository && token
        ? {
            effects,
            api: endpoints(environment.githubUrl ?? addressFrom(process.env, "GITHUB_BASE_URL")).api,
            repository: `${environment.organization}/${repository}`,
            token,
          }
        : undefined,
  });
  if (told.ids.length > 0) writeTold(toldFile, new Set([...before, ...told.ids]));
  for (const line of [...told.says, ...told.failed]) process.stderr.write(`${plain(line)}\n`);
  const shown = options.all === true ? alerts : fresh;
  process.stdout.write(
    options.json === true ? shown.map((one) => `${JSON.stringify(one)}\n`).join("") : alertText(shown, alerts.length),
  );
  if (told.failed.length > 0) throw new CouldNotRun("Not everybody was told; the next run tells the rest.");
  if (fresh.length > 0) throw new DoesNotHold(`${fresh.length} new ${fresh.length === 1 ? "alert" : "alerts"}.`);
}

const alertText = (alerts: readonly Alert[], known: number): string =>
  alerts.length === 0
    ? `Nothing new${known === 0 ? "" : `; ${known} told before (--all lists them)`}.\n`
    : alerts
        .map(
          ({ severity, rule, at, says, first }) => `${severity}  ${rule}  ${at}\n  ${plain(says)}\n  First: ${first}\n`,
        )
        .join("");

function thresholdsOf(given: readonly string[]): Record<string, number> {
  const known = ALERT_RULES.filter(({ threshold }) => threshold !== undefined).map(({ id }) => id);
  return Object.fromEntries(
    given.map((text) => {
      const [, rule = "", number = ""] = /^([a-z-]+)=(\d{1,12})$/.exec(text) ?? [];
      if (!known.includes(rule) || Number(number) < 1)
        throw new CouldNotRun(
          `--threshold ${text}: give a rule and a whole number above 0, such as refusals-burst=50; rules: ${known.join(", ")}`,
        );
      return [rule, Number(number)];
    }),
  );
}

/** Ids of the alerts that were told. @throws CouldNotRun for a file that is none of ours */
function readTold(file: string): ReadonlySet<string> {
  if (!existsSync(file)) return new Set();
  const text = readNamedFile(file).toString("utf8");
  try {
    const { told } = JSON.parse(text) as { told?: unknown };
    if (Array.isArray(told) && told.every((id) => typeof id === "string")) return new Set(told);
  } catch {
    // said below
  }
  throw new CouldNotRun(`${file}: this is not what \`audit alert\` writes; move it away, nothing was changed`);
}

function writeTold(file: string, told: ReadonlySet<string>): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ told: [...told] }, undefined, 1)}\n`);
  renameSync(draft, file);
}
