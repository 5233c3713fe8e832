import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { colors as pc } from "../../cli/support/colors";
import { drillAsDeployed } from "../drill/asDeployed";
import { answered, type DrillRow } from "../../cli/report/drill";
import { buildReport } from "../../cli/report/report";
import { renderHtml } from "../../cli/report/render/html";
import { readSnapshot } from "../../cli/report/snapshot";
import type { Cleanup } from "../../cli/support/cleanup";
import { DoesNotHold } from "../../cli/support/exit";
import type { ProjectStack } from "../../cli/support/project";
import { table } from "../../cli/support/table";
import { type Deployment, deploymentOf, placeFirstToken, tokenCommand } from "./deploy";
import { chooseEngine, type Engine, type EngineName, openEngine } from "./engines";
import { agentTable, drillFromAgent } from "./fromAgent";
import { startLoad } from "./load";
import { Narrator } from "./narrator";
import { openHarness } from "./harness";
import { mintAsPerson } from "./person";
import { howToTalk } from "./serve";
import { homeOf, openSandbox, type Sandbox } from "./sandbox";

const REQUESTS_PER_SECOND = 20;

/**
 * The main job, on real parts: preview, up, no changes, first token, drill, rotation under load, report.
 * @throws DoesNotHold at the first step that does not hold, with the step's sentence
 */
export async function rehearse(
  project: ProjectStack,
  overrides: readonly string[],
  { keep, cleanup, engine: asked }: { keep: boolean; cleanup: Cleanup; engine?: EngineName },
): Promise<void> {
  const choice = await chooseEngine(asked);
  const narrator = new Narrator();
  // The drill makes more requests a minute than an agent may: the rehearsal raises the limits, and says so.
  const raised = ["gatehouse:gate.requestsPerMinute=6000", "gatehouse:gate.writesPerMinute=600", ...overrides];
  const sandbox = await narrator.step("Start the systems", () =>
    openSandbox(project, raised, cleanup, (what) => {
      narrator.note(what);
    }),
  );
  const engine = await openEngine(choice, sandbox, cleanup);
  narrator.line(`\n${engine.says}`);
  narrator.note(
    `limits raised for the drill: ${raised
      .slice(0, 2)
      .map((one) => one.replace("gatehouse:", ""))
      .join(", ")}`,
  );

  await narrator.step("Preview: what would be created", async () => {
    const preview = await engine.preview({ show: true });
    holds(!preview.failed, "The preview failed.", preview.diagnostics);
  });
  const deployment = await narrator.step("Up", async () => {
    const up = await engine.up({ show: true });
    holds(!up.failed, "The stack did not come up.", up.diagnostics);
    return deploymentOf(sandbox, await engine.outputs());
  });
  await narrator.step("Preview and up again: nothing to do", () => unchanged(engine, narrator));
  await narrator.step("Place the first token, as an operator does", async () => {
    await placeFirstToken(sandbox, deployment);
    narrator.note(`${project.environment.agent.machineUser} is a member now; its token is in the token store alone`);
  });
  const rows = await narrator.step("The drill: try every lock", () => drill(sandbox, deployment, narrator, cleanup));
  if (deployment.agentSession !== undefined)
    rows.push(
      ...(await narrator.step("The same from inside the agent's sandbox", () =>
        fromAgent(sandbox, deployment, narrator, cleanup),
      )),
    );
  await narrator.step("Rotate the token while requests run", () => rotate(sandbox, deployment, narrator));
  const report = await narrator.step("Report", () => writeReport(sandbox, engine, rows));
  narrator.line(
    `\n${pc.green("Everything holds.")} ${rows.length} attempts of the drill, in ${narrator.elapsed} s. Report: ${report}`,
  );
  narrator.line(
    `Each lock by itself, with all others open: npx --no-install gatehouse sandbox drill --stack ${project.stack}`,
  );
  if (keep) {
    narrator.line(howToTalk(sandbox, deployment));
    narrator.line("Left running; Ctrl-C stops everything.");
    await new Promise(() => {
      setInterval(() => undefined, 1 << 30);
    });
  }
}

function holds(
  condition: boolean,
  sentence: string,
  diagnostics: readonly { message: string }[] = [],
): asserts condition {
  if (!condition) throw new DoesNotHold([sentence, ...diagnostics.map((d) => d.message)].join("\n"));
}

/** How many resources an operation would touch or has touched. */
const touched = (summary: Record<string, number>): number =>
  Object.entries(summary)
    .filter(([op]) => op !== "same")
    .reduce((sum, [, count]) => sum + count, 0);

async function unchanged(engine: Engine, narrator: Narrator): Promise<void> {
  const preview = await engine.preview({ show: false });
  holds(!preview.failed, "The second preview failed.", preview.diagnostics);
  holds(touched(preview.changes) === 0, `The second preview has changes:\n${preview.touched.join("\n")}`);
  const up = await engine.up({ show: false });
  holds(!up.failed && touched(up.changes) === 0, "The second up changed something.", up.diagnostics);
  narrator.note(`${preview.changes.same ?? 0} resources unchanged`);
}

async function drill(
  sandbox: Sandbox,
  deployment: Deployment,
  narrator: Narrator,
  cleanup: Cleanup,
): Promise<DrillRow[]> {
  // A token of the same permissions lies in the store meanwhile, one that the drill knows: it tries to learn it.
  const { harness, close } = await openHarness(sandbox, deployment, cleanup, "declared");
  const rows = await drillAsDeployed(harness, (row) => {
    narrator.note(`${row.holds ? "✓" : "✗"} ${row.title}`);
  });
  await close();
  narrator.line(`\n${drillTable(rows)}\n`);
  asDeclared(rows);
  return rows;
}

/** Anthropic's way out is a stand-in; git, the gate and what the session is told are real. */
async function fromAgent(
  sandbox: Sandbox,
  deployment: Deployment,
  narrator: Narrator,
  cleanup: Cleanup,
): Promise<DrillRow[]> {
  const rows = await drillFromAgent(sandbox, deployment, cleanup);
  narrator.line(`\n${agentTable(rows)}\n`);
  asDeclared(rows);
  return rows.map((row) => ({ ...row, title: `inside the agent's sandbox: ${row.title}` }));
}

function asDeclared(rows: readonly DrillRow[]): void {
  const open = rows.filter((row) => !row.holds);
  holds(
    open.length === 0,
    `The drill found ${open.length} of ${rows.length} attempts not as declared:\n${open.map((row) => `${row.action}, ${row.title}: expected ${row.expect}, gate ${row.answer.status} ${row.answer.rule ?? ""}${row.second ? `, GitHub alone ${row.second.status} ${row.second.rule ?? ""}` : ""}`).join("\n")}`,
  );
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * What was tried, expected, answered, and which lock stopped it; the second lock is GitHub's own. Fits a terminal of
 * 120 columns and more.
 */
function drillTable(rows: readonly DrillRow[], columns = process.stdout.columns ?? 160): string {
  const gate = (row: DrillRow): string => `${answered(row.answer)} ${row.answer.ok ? "" : (row.answer.rule ?? "")}`;
  const alone = (row: DrillRow): string =>
    !row.second ? "" : row.second.ok ? pc.red("OPEN") : `${answered(row.second)} ${row.second.rule ?? ""}`;
  const widest = (cells: readonly string[]): number => Math.max(...cells.map((cell) => cell.length));
  const taken =
    widest(rows.map((row) => row.title)) +
    widest(rows.map(gate)) +
    "raw socket".length +
    "expected".length +
    "holds".length +
    5 * 2;
  const room = Math.max(16, columns - taken);
  return table(
    ["tried", "with", "expected", "the gate", "GitHub alone", "holds"],
    rows.map((row) => [
      row.title,
      row.client,
      row.expect,
      gate(row),
      short(alone(row), room),
      row.holds ? pc.green("yes") : pc.red("NO"),
    ]),
  );
}

async function rotate(sandbox: Sandbox, deployment: Deployment, narrator: Narrator): Promise<void> {
  const { environment, systems } = sandbox;
  const issued = async (): Promise<{ sha256: string; revokedAt: string | null }[]> =>
    (await (await fetch(`${systems.github.api}/_sandbox/tokens`)).json()) as {
      sha256: string;
      revokedAt: string | null;
    }[];
  const before = await currentToken(sandbox);
  const load = startLoad({
    url: `${deployment.gateUrl}/repos/${environment.organization}/${environment.repositories[0]?.name ?? ""}`,
    key: deployment.gateKey,
    perSecond: REQUESTS_PER_SECOND,
  });
  const alone = environment.agent.credential.kind !== "personal-access-token";
  const rotated = alone
    ? await tokenCommand(sandbox, ["rotate"])
    : await tokenCommand(
        sandbox,
        ["rotate", "--from-stdin"],
        `${await mintAsPerson(systems.github.api, environment, deployment.tokenPermissions)}\n`,
      );
  const result = await load.stop();
  holds(rotated.code === 0, `The rotation did not finish:\n${rotated.stderr || rotated.stdout}`);
  for (const line of rotated.stdout.trim().split("\n")) narrator.note(line);
  holds(
    result.failed === 0,
    `${result.failed} of ${result.sent} requests failed during the rotation: ${result.failures.join("; ")}`,
  );
  const after = await currentToken(sandbox);
  holds(after !== before, "The token in use did not change.");
  const old = (await issued()).find((token) => token.sha256 === before);
  holds(Boolean(old?.revokedAt), "The old token is still alive.");
  narrator.note(`${result.sent} requests meanwhile, none failed; the old token is dead`);
}

/** Base64 SHA-256 of the token the gate uses, asked of the gate itself. */
async function currentToken(sandbox: Sandbox): Promise<string> {
  const status = await tokenCommand(sandbox, ["status", "--json"]);
  holds(status.code === 0, `The token's status does not hold:\n${status.stderr || status.stdout}`);
  const sha256 = JSON.parse(status.stdout) as { sha256?: string; tokenSha256?: string };
  return sha256.sha256 ?? sha256.tokenSha256 ?? "";
}

async function writeReport(sandbox: Sandbox, engine: Engine, rows: readonly DrillRow[]): Promise<string> {
  const after = readSnapshot(JSON.stringify(await engine.export()), "export");
  const report = buildReport({
    title: `Gatehouse posture: ${sandbox.project.stack}`,
    after,
    drill: rows,
    notes: ["Made by a rehearsal in the sandbox. Secrets are masked.", engine.says],
  });
  mkdirSync(homeOf(sandbox.project), { recursive: true });
  const file = join(homeOf(sandbox.project), `report-${sandbox.project.stack}.html`);
  writeFileSync(file, await renderHtml(report), { mode: 0o600 });
  return file;
}
