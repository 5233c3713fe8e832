/**
 * What a posture costs GitHub: resources, and API calls of the first preview and `up`, of a preview without changes, of
 * a refresh, of adding one repository, and of `gatehouse assess`; with rulesets of each repository, and beside it with
 * rulesets of the organization.
 *
 *   npm run bench:posture [-- 1 10 100 999]        an environment holds 1,000 at most, and one is added
 *   npm run bench:posture -- --organization 999    with rulesets of the organization alone
 *   npm run bench:posture -- --assess 250 1000     `gatehouse assess` alone, of an organization where nothing is declared yet
 *
 * The deployment goes to the GitHub stand-in through the sandbox's own provider, which sends the calls that the plugin
 * sends; calls are counted by the stand-in. A preview makes the program's own calls alone, so the difference between the
 * first preview and the first `up` is the plugin's. Times are this machine's and say little about GitHub's.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { openSandbox, type Sandbox } from "../../sandbox/rehearsal/sandbox";
import { startGitHub } from "../../sandbox/github";
import { openStack } from "../../sandbox/engine";
import { measure as measureCommand } from "../report/measure";
import { Cleanup } from "../../cli/support/cleanup";
import { readProjectStack } from "../../cli/support/project";

const ROOT = join(__dirname, "..", "..");
const ARGUMENTS = process.argv.slice(2);
const SIZES = ARGUMENTS.filter((one) => !one.startsWith("--")).map(Number);
/** Both kinds of rulesets, or the organization's alone. */
const KINDS = ARGUMENTS.includes("--organization") ? [true] : [false, true];
const STACK = "bench";

interface Row {
  readonly repositories: number;
  readonly kind: string;
  readonly resources: number;
  readonly calls: Record<(typeof STEPS)[number], Calls>;
}
interface Calls {
  readonly all: number;
  readonly writes: number;
  readonly graphql: number;
  readonly seconds: number;
  /** Of a process of its own. */
  readonly peakMb?: number;
}
const STEPS = ["first preview", "first up", "preview", "refresh", "assess", "one more"] as const;

/** The environment with so many repositories, all of the same people. */
const environmentOf = (count: number, organizationRulesets: boolean): string =>
  stringify({
    config: {
      "gatehouse:organization": "acme",
      "gatehouse:plan": "enterprise",
      "gatehouse:agent": { machineUser: "claude-bot", credential: { kind: "personal-access-token", expiryDays: 30 } },
      "gatehouse:repositories": Array.from({ length: count }, (_, i) => ({
        name: `repo-${String(i).padStart(4, "0")}`,
        access: "write",
        reviewers: ["backend"],
      })),
      "gatehouse:review": {
        team: "agent-reviewers",
        securityTeam: "security",
        approvals: 2,
        requiredChecks: [{ context: "ci" }],
        organizationRulesets,
      },
      "gatehouse:tokenStore": { kind: "vault", path: "github/claude-bot" },
      "gatehouse:gate": { accountId: "0123456789abcdef0123456789abcdef", workersDev: "acme-dev" },
      "gatehouse:audit": { retentionDays: 90, sinks: [{ kind: "r2", bucket: "acme-agent-audit" }] },
      "gatehouse:rotation": { everyDays: 30 },
    },
  });

/** A project of its own that borrows this one's program. */
function projectWith(dir: string, environment: string): void {
  for (const name of [
    "stacks",
    "infra",
    "edge",
    "gate",
    "rotation",
    "cli",
    "sandbox",
    "node_modules",
    "tsconfig.json",
    "tsconfig.base.json",
    "package.json",
  ])
    symlinkSync(join(ROOT, name), join(dir, name));
  copyFileSync(join(ROOT, "Pulumi.yaml"), join(dir, "Pulumi.yaml"));
  mkdirSync(join(dir, ".gatehouse"));
  mkdirSync(join(ROOT, ".gatehouse", "tools"), { recursive: true });
  symlinkSync(join(ROOT, ".gatehouse", "tools"), join(dir, ".gatehouse", "tools"));
  writeFileSync(join(dir, `Pulumi.${STACK}.yaml`), environment);
}

async function measure(count: number, organizationRulesets: boolean): Promise<Row> {
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  const cleanup = new Cleanup();
  try {
    // The systems know one repository more than the stack declares at first.
    projectWith(dir, environmentOf(count + 1, organizationRulesets));
    const stage = await openSandbox(readProjectStack(STACK, [], dir), [], cleanup, () => undefined);
    writeFileSync(join(dir, `Pulumi.${STACK}.yaml`), environmentOf(count, organizationRulesets));
    // Opened anew after each change of the environment, which is read then.
    const open = () =>
      openStack({
        projectDir: dir,
        stack: STACK,
        stateDir: stage.env.GATEHOUSE_STATE_DIR!,
        env: { ...process.env, ...stage.env, PULUMI_SKIP_CHECKPOINTS: "true" },
      });
    const stack = await open();
    const first = await counted(stage, () => checked(stack.preview({})));
    const up = await counted(stage, () => checked(stack.up({})));
    const resources = (await stack.export()).deployment.resources?.length ?? 0;
    const preview = await counted(stage, () => checked(stack.preview({}), true));
    const refresh = await counted(stage, () => checked(stack.refresh({})));
    const { GITHUB_TOKEN = "", GITHUB_BASE_URL = "" } = stage.env;
    let peakMb = 0;
    const asked = await counted(stage, async () => {
      // GitHub alone is asked; the rest is "cannot tell" and costs nothing.
      const env = { GITHUB_TOKEN, GITHUB_BASE_URL, VAULT_TOKEN: "", CLOUDFLARE_API_TOKEN: "", GATEHOUSE_GATE_URL: "" };
      peakMb = (await measureCommand(["assess", "--stack", STACK, "--json"], { cwd: dir, env })).peakMb;
    });
    writeFileSync(join(dir, `Pulumi.${STACK}.yaml`), environmentOf(count + 1, organizationRulesets));
    const grown = await open();
    const more = await counted(stage, () => checked(grown.up({})));
    return {
      repositories: count,
      kind: organizationRulesets ? "organization" : "each repository",
      resources,
      calls: {
        "first preview": first,
        "first up": up,
        preview,
        refresh,
        assess: { ...asked, peakMb },
        "one more": more,
      },
    };
  } finally {
    await cleanup.run();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What an assessment takes, before anything is declared: one call more for each repository than afterwards. */
async function assessOnly(count: number): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  projectWith(dir, environmentOf(count, true));
  const { environment } = readProjectStack(STACK, [], dir);
  const github = await startGitHub({ environment, dataDir: join(dir, "github") });
  try {
    const env = {
      GITHUB_TOKEN: github.adminToken,
      GITHUB_BASE_URL: github.url,
      VAULT_TOKEN: "",
      CLOUDFLARE_API_TOKEN: "",
      GATEHOUSE_GATE_URL: "",
    };
    await fetch(`${github.api}/_sandbox/requests`, { method: "DELETE" });
    const cost = await measureCommand(["assess", "--stack", STACK, "--json"], { cwd: dir, env });
    const requests = (await (await fetch(`${github.api}/_sandbox/requests`)).json()) as { path: string }[];
    const graphql = requests.filter(({ path }) => path.endsWith("/graphql")).length;
    return `| ${count} | ${requests.length} (${graphql}) | ${cost.seconds.toFixed(1)} s | ${cost.cpuSeconds.toFixed(1)} s | ${cost.peakMb.toFixed(0)} MB |`;
  } finally {
    await github.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Ran {
  readonly failed: boolean;
  readonly diagnostics: readonly { message: string }[];
  readonly changeSummary: Record<string, number>;
}

async function checked(running: Promise<Ran>, unchanged = false): Promise<void> {
  const { failed, diagnostics, changeSummary } = await running;
  if (failed) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  if (unchanged && Object.keys(changeSummary).some((op) => op !== "same"))
    throw new Error(`the preview has changes: ${JSON.stringify(changeSummary)}`);
}

/** The calls that reached GitHub meanwhile. */
async function counted(stage: Sandbox, run: () => Promise<void>): Promise<Calls> {
  const log = `${stage.systems.github.api}/_sandbox/requests`;
  await fetch(log, { method: "DELETE" });
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  const requests = (await (await fetch(log)).json()) as { method: string; path: string }[];
  const graphql = requests.filter(({ path }) => path.endsWith("/graphql"));
  return {
    all: requests.length,
    writes: requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/graphql")).length,
    graphql: graphql.length,
    seconds,
  };
}

async function main(): Promise<void> {
  if (ARGUMENTS.includes("--assess")) {
    process.stdout.write(
      "| repositories | calls (of them GraphQL) | time | processor time | memory |\n|---|---|---|---|---|\n",
    );
    for (const count of SIZES.length > 0 ? SIZES : [250, 1_000]) process.stdout.write(`${await assessOnly(count)}\n`);
    return;
  }
  const cell = ({ all, writes, graphql, seconds, peakMb }: Calls): string =>
    `${all} (${writes}, ${graphql}), ${seconds.toFixed(1)} s${peakMb ? `, ${peakMb.toFixed(0)} MB` : ""}`;
  process.stdout.write(
    `Node ${process.version}; calls of GitHub (of them writes by REST, and calls of GraphQL), time on this machine\n\n| repositories | rulesets of | resources | ${STEPS.join(" | ")} |\n|${"---|".repeat(3 + STEPS.length)}\n`,
  );
  for (const count of SIZES.length > 0 ? SIZES : [1, 10, 100, 999]) {
    for (const organization of KINDS) {
      const row = await measure(count, organization);
      process.stdout.write(
        `| ${row.repositories} | ${row.kind} | ${row.resources} | ${STEPS.map((step) => cell(row.calls[step])).join(" | ")} |\n`,
      );
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
