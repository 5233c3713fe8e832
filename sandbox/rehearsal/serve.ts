import { writeFileSync } from "node:fs";
import type { Cleanup } from "../../cli/support/cleanup";
import type { ProjectStack } from "../../cli/support/project";
import { bringUp, type Deployment } from "./deploy";
import { openSandbox, type Sandbox } from "./sandbox";

/** The line of `serve --json`; other tools rely on its keys. */
function readyLine(sandbox: Sandbox, deployment?: Deployment): Record<string, unknown> {
  const { systems, environment } = sandbox;
  return {
    ready: true,
    ...(deployment ? { gate: { url: deployment.gateUrl, key: deployment.gateKey } } : {}),
    github: { api: systems.github.api, git: systems.github.git, token: systems.github.adminToken },
    vault: { addr: systems.vault.addr, token: systems.vault.token },
    cloudflare: {
      api: systems.cloudflare.api,
      token: systems.cloudflare.token,
      accountId: systems.cloudflare.accountId,
    },
    claude: { api: systems.claude.api, key: systems.claude.key },
    env: sandbox.env,
    organization: environment.organization,
    machineUser: environment.agent.machineUser,
    repositories: environment.repositories.map(({ name, access }) => ({ name, access })),
    stateDir: sandbox.env.GATEHOUSE_STATE_DIR,
  };
}

/** How a person talks to what is running. */
export function howToTalk(sandbox: Sandbox, deployment?: Deployment): string {
  const exports = Object.entries(sandbox.env)
    .map(([name, value]) => `  export ${name}=${value}`)
    .join("\n");
  const repository = `${sandbox.environment.organization}/${sandbox.environment.repositories[0]?.name ?? ""}`;
  const gate = deployment
    ? `
The gate, as the agent sees it (key in GATE_KEY):
  export GATE_KEY=${deployment.gateKey}
  curl -H "Authorization: Bearer $GATE_KEY" ${deployment.gateUrl}/repos/${repository}
  git clone http://agent:$GATE_KEY@${deployment.gateUrl.replace(/^https?:\/\//, "")}/${repository}.git
`
    : "";
  return `${gate}
The systems, as an operator or \`pulumi up\` sees them:
${exports}
`;
}

/** Until somebody asks to stop. */
const untilStopped = (): Promise<void> =>
  new Promise(() => {
    setInterval(() => undefined, 1 << 30);
  });

/**
 * `sandbox serve`: systems, and unless `bare` the stack, until SIGINT or SIGTERM, or until the process that started it
 * is gone. With `exportTo` it writes the stack's state there instead, and stops.
 */
export async function serve(
  project: ProjectStack,
  overrides: readonly string[],
  { bare, json, exportTo, cleanup }: { bare: boolean; json: boolean; exportTo?: string; cleanup: Cleanup },
): Promise<void> {
  const say = (text: string): void => {
    (json ? process.stderr : process.stdout).write(`${text}\n`);
  };
  const sandbox = await openSandbox(project, overrides, cleanup, (what) => {
    say(`started ${what}`);
  });
  const deployment = bare ? undefined : await bringUp(sandbox, say);
  if (exportTo !== undefined) {
    writeFileSync(exportTo, `${JSON.stringify(await sandbox.stack.export(), null, 4)}\n`, { mode: 0o600 });
    say(`Wrote ${exportTo}.`);
    return;
  }
  if (json) process.stdout.write(`${JSON.stringify(readyLine(sandbox, deployment))}\n`);
  else say(`${howToTalk(sandbox, deployment)}\nReady. Ctrl-C stops everything.`);
  await untilStopped();
}
