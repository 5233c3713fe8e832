import { DoesNotHold } from "../../cli/support/exit";
import { acceptInvitation, authorizeAsPerson, mintAsPerson, setAppPermissions } from "./person";
import { runGatehouse, type CliResult } from "./self";
import type { CreateSession } from "../agent";
import type { Sandbox } from "./sandbox";

/** What the agent and the operator are given once the stack is up and the first token is in place. */
export interface Deployment {
  readonly gateUrl: string;
  readonly gateKey: string;
  readonly operatorKey: string;
  readonly tokenPermissions: Record<string, string>;
  /** With what a session of the agent starts; only where the environment says that it is a Claude Managed Agent. */
  readonly agentSession?: CreateSession;
}

const text = (value: unknown, output: string): string => {
  if (typeof value !== "string" || value === "") throw new DoesNotHold(`The stack has no output ${output}.`);
  return value;
};

/**
 * Reads what the rest needs from the stack's outputs. With Workers KV, the keys that token commands take join the
 * sandbox's environment.
 */
export function deploymentOf(sandbox: Sandbox, outputs: Record<string, unknown>): Deployment {
  const operatorKey = text(outputs.operatorKey, "operatorKey");
  if (sandbox.environment.tokenStore.kind === "kv") {
    Object.assign(sandbox.env, {
      GATEHOUSE_OPERATOR_KEY: operatorKey,
      GATEHOUSE_TOKEN_KEY: text(outputs.tokenKey, "tokenKey"),
      GATEHOUSE_ROTATOR_KEY: text(outputs.rotatorKey, "rotatorKey"),
    });
  }
  return {
    gateUrl: sandbox.env.GATEHOUSE_GATE_URL ?? text(outputs.gateUrl, "gateUrl"),
    gateKey: text(outputs.gateKey, "gateKey"),
    operatorKey,
    tokenPermissions: outputs.tokenPermissions as Record<string, string>,
    ...(outputs.agentSession === undefined ? {} : { agentSession: outputs.agentSession as CreateSession }),
  };
}

/** One `gatehouse token` command on this sandbox, as an operator runs it. */
export function tokenCommand(sandbox: Sandbox, args: readonly string[], input?: string): Promise<CliResult> {
  const overrides = sandbox.overrides.flatMap((override) => ["--config", override]);
  return runGatehouse(["token", ...args, "--stack", sandbox.project.stack, ...overrides], {
    env: sandbox.env,
    cwd: sandbox.project.projectDir,
    ...(input === undefined ? {} : { input }),
  });
}

async function must(sandbox: Sandbox, what: string, args: readonly string[], input?: string): Promise<void> {
  const ran = await tokenCommand(sandbox, args, input);
  if (ran.code !== 0) throw new DoesNotHold(`${what}:\n${ran.stderr || ran.stdout}`);
}

/**
 * Puts a first token in place, as an operator does after the first `up`. A token that a person makes comes from
 * GitHub's token page; for the other kinds the operator places what mints them, and the first token makes itself.
 */
export async function placeFirstToken(sandbox: Sandbox, deployment: Deployment): Promise<void> {
  const { github } = sandbox.systems;
  const { kind } = sandbox.environment.agent.credential;
  switch (kind) {
    case "personal-access-token": {
      const token = await mintAsPerson(github.api, sandbox.environment, deployment.tokenPermissions);
      return must(sandbox, "The first token was not accepted", ["put"], `${token}\n`);
    }
    case "app-installation":
      await must(sandbox, "The App's key was not placed", ["minter"], github.app.pem);
      break;
    case "ghes-impersonation":
      acceptInvitation(sandbox.systems.github, sandbox.environment);
      await must(sandbox, "The site administrator's token was not placed", ["minter"], `${github.adminToken}\n`);
      break;
    case "app-user-token": {
      setAppPermissions(sandbox.systems.github, deployment.tokenPermissions);
      await must(sandbox, "The App's client secret was not placed", ["minter"], `${github.app.clientSecret}\n`);
      acceptInvitation(sandbox.systems.github, sandbox.environment);
      for (const args of [["put"], ["put", "--standby"]]) {
        const { token, refreshToken } = await authorizeAsPerson(github.api, sandbox.environment);
        await must(sandbox, "An authorization was not accepted", args, `${token} ${refreshToken}\n`);
      }
      return;
    }
  }
  await must(sandbox, "The first token was not made", ["rotate", "--reason", "first"]);
}

/** `up`, then the first token. */
export async function bringUp(sandbox: Sandbox, say: (text: string) => void): Promise<Deployment> {
  say(`bringing the ${sandbox.project.stack} stack up`);
  const up = await sandbox.stack.up({});
  if (up.failed)
    throw new DoesNotHold(`The stack did not come up:\n${up.diagnostics.map((d) => d.message).join("\n")}`);
  const deployment = deploymentOf(sandbox, await sandbox.stack.outputs({ showSecrets: true }));
  say(`${Object.values(up.changeSummary).reduce((sum, n) => sum + n, 0)} resources; placing the first token`);
  await placeFirstToken(sandbox, deployment);
  return deployment;
}
