import { endpoints } from "../../infra/model";
import { gateUrl } from "../../infra/plans";
import { colors as pc } from "../../cli/support/colors";
import { answered, type DrillRow } from "../../cli/report/drill";
import type { Cleanup } from "../../cli/support/cleanup";
import { table } from "../../cli/support/table";
import { AgentSession, drillAsAgent } from "../agent";
import { gateTrail } from "../drill/auditTrail";
import { Fixture } from "../drill/fixture";
import type { Deployment } from "./deploy";
import { endpointsOf, type Sandbox } from "./sandbox";

/**
 * The drill from inside the agent's sandbox: a session as the stack's output starts it, whose requests go through
 * Anthropic's way out to the gate, and from there to GitHub.
 * @returns nothing where the environment does not say that the agent is a Claude Managed Agent
 */
export async function drillFromAgent(
  sandbox: Sandbox,
  deployment: Deployment,
  cleanup: Cleanup,
  onRow?: (row: DrillRow) => void,
): Promise<DrillRow[]> {
  const { environment, systems } = sandbox;
  const url = gateUrl(environment);
  if (deployment.agentSession === undefined || url === undefined) return [];
  const gateHost = new URL(url).hostname;
  const githubHost = new URL(endpoints(environment.githubUrl).origin).hostname;
  const github = endpointsOf(sandbox);
  const session = await AgentSession.start({
    anthropic: systems.claude,
    session: deployment.agentSession,
    // GitHub too: that the sandbox does not reach it must be the network's doing.
    upstreams: new Map([
      [gateHost, deployment.gateUrl],
      [githubHost, github.git],
      [`api.${githubHost}`, github.api],
    ]),
  });
  cleanup.add(() => session.close());
  const rows = await drillAsAgent(
    {
      environment,
      session,
      gateHost,
      githubHost,
      unlisted: Fixture.UNLISTED,
      gateKey: deployment.gateKey,
      trail: gateTrail(deployment.gateUrl, deployment.operatorKey),
    },
    onRow,
  );
  await session.close();
  return rows;
}

/** What was tried from inside, what came back, and what stopped it. */
export const agentTable = (rows: readonly DrillRow[]): string =>
  table(
    ["tried inside the agent's sandbox", "with", "expected", "answer", "holds"],
    rows.map((row) => [
      row.title,
      row.client,
      row.expect,
      `${answered(row.answer)} ${row.answer.ok ? "" : (row.answer.rule ?? "")}`.trim(),
      row.holds ? pc.green("yes") : pc.red("NO"),
    ]),
  );
