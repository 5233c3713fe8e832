import * as pulumi from "@pulumi/pulumi";
import { Posture, bundleGate, lookUpGitHub, lookUpLedgerTag } from "../infra";
import { asRunError, environmentFile, loadEnvironment, surroundings } from "./environment";
import { outputs } from "./outputs";
import { vaultProviders } from "./vaultProvider";

/** One stack: reads its environment, looks up what it names, declares one posture. Any mistake stops it before that. */
async function program(): Promise<Record<string, unknown>> {
  const stack = pulumi.getStack();
  const file = environmentFile(stack);
  const environment = loadEnvironment(pulumi.runtime.allConfig(), stack);
  const machine = surroundings(
    environment,
    file,
    process.env,
    new pulumi.Config("github").get("baseUrl"),
    new pulumi.Config("vault").get("namespace"),
  );
  const [github, ledgerTag] = await Promise.all([lookUpGitHub(environment, file), lookUpLedgerTag(environment)]);
  const posture = new Posture(
    "gatehouse",
    { environment, github, ledgerTag, scripts: bundleGate(), ...machine },
    { providers: vaultProviders(environment) },
  );
  return outputs(environment, github, posture);
}

export = async (): Promise<Record<string, unknown>> => {
  try {
    return await program();
  } catch (error) {
    throw asRunError(error);
  }
};
