import type { Command } from "commander";
import { vaultPolicies } from "../../infra/plans";
import { ambientEffects } from "../../rotation/effects";
import { doctorContext } from "../doctor/context";
import { diagnose } from "../doctor/doctor";
import { lookAtMachine } from "../doctor/machine";
import { renderText } from "../doctor/render";
import { CouldNotRun, EXIT } from "../support/exit";
import { withExamples, withJson, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

/** `gatehouse doctor`: whether a deployment would find what it needs. It asks, and changes nothing. */
export function registerDoctor(program: Command): void {
  withExamples(
    withJson(
      withStack(
        program
          .command("doctor")
          .description(
            "check this machine, each token and what the environment file names, before a deployment; changes nothing",
          ),
      ),
    ),
    "gatehouse doctor --stack prod",
    "gatehouse doctor --stack prod --vault-policy | vault policy write gatehouse-deployment -",
  )
    .option("--vault-policy", "print the policy that a deployment needs in Vault, and ask nothing")
    .action(doctor);
}

interface DoctorOptions extends StackOptions {
  readonly json?: boolean;
  readonly vaultPolicy?: boolean;
}

async function doctor({ stack, config, json, vaultPolicy }: DoctorOptions): Promise<void> {
  const { environment } = readProjectStack(stack, config);
  if (vaultPolicy === true) {
    if (environment.tokenStore.kind !== "vault")
      throw new CouldNotRun("The token store is Workers KV; a deployment needs nothing in Vault.");
    process.stdout.write(vaultPolicies(environment).deployer.hcl);
    return;
  }
  const context = await doctorContext(stack, environment, process.env, ambientEffects());
  const diagnosis = await diagnose(context, await lookAtMachine());
  process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : renderText(diagnosis));
  process.exitCode = diagnosis.holds ? EXIT.holds : EXIT.doesNotHold;
}
