import type { Command } from "commander";
import { ambientEffects } from "../../rotation/effects";
import { doctorContext } from "../doctor/context";
import { diagnose } from "../doctor/doctor";
import { lookAtMachine } from "../doctor/machine";
import { renderText } from "../doctor/render";
import { EXIT } from "../support/exit";
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
  ).action(async ({ stack, config, json }: StackOptions & { readonly json?: boolean }) => {
    const { environment } = readProjectStack(stack, config);
    const context = await doctorContext(stack, environment, process.env, ambientEffects());
    const diagnosis = await diagnose(context, await lookAtMachine());
    process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : renderText(diagnosis));
    process.exitCode = diagnosis.holds ? EXIT.holds : EXIT.doesNotHold;
  });
}
