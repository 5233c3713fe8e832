import { DoesNotHold } from "../support/exit";
import { mintAsPerson } from "./person";
import { runGatehouse } from "./self";
import type { Stage } from "./stage";

/** What the agent and the operator are given once the stack is up and the first token is in place. */
export interface Deployment {
  readonly gateUrl: string;
  readonly gateKey: string;
  readonly operatorKey: string;
  readonly tokenPermissions: Record<string, string>;
}

const text = (value: unknown, output: string): string => {
  if (typeof value !== "string" || value === "") throw new DoesNotHold(`The stack has no output ${output}.`);
  return value;
};

/** Reads what the rest needs from the stack's outputs. */
export function deploymentOf(stage: Stage, outputs: Record<string, unknown>): Deployment {
  return {
    gateUrl: stage.env.GATEHOUSE_GATE_URL ?? text(outputs.gateUrl, "gateUrl"),
    gateKey: text(outputs.gateKey, "gateKey"),
    operatorKey: text(outputs.operatorKey, "operatorKey"),
    tokenPermissions: outputs.tokenPermissions as Record<string, string>,
  };
}

/** Puts a first token in place, as an operator does after the first `up`: GitHub's token page, then `gatehouse token put`. */
export async function placeFirstToken(stage: Stage, deployment: Deployment): Promise<void> {
  const token = await mintAsPerson(stage.systems.github.api, stage.environment, deployment.tokenPermissions);
  const put = await runGatehouse(["token", "put", "--stack", stage.project.stack], { env: stage.env, cwd: stage.project.projectDir, input: `${token}\n` });
  if (put.code !== 0) throw new DoesNotHold(`The first token was not accepted:\n${put.stderr || put.stdout}`);
}

/** `up`, then the first token. */
export async function bringUp(stage: Stage, say: (text: string) => void): Promise<Deployment> {
  say(`bringing the ${stage.project.stack} stack up`);
  const up = await stage.stack.up({});
  if (up.failed) throw new DoesNotHold(`The stack did not come up:\n${up.diagnostics.map((d) => d.message).join("\n")}`);
  const deployment = deploymentOf(stage, await stage.stack.outputs({ showSecrets: true }));
  say(`${Object.values(up.changeSummary).reduce((sum, n) => sum + n, 0)} resources; placing the first token`);
  await placeFirstToken(stage, deployment);
  return deployment;
}
