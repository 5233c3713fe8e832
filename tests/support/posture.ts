import { lookUpGitHub, Posture, type GateScripts } from "../../infra";
import type { Environment } from "../../infra/model";
import { postureMocks } from "./postureMocks";
import { deploy, type Deployment } from "./pulumi";

/** Declares the whole posture of an environment under `postureMocks`, as the program does. */
export const deployPosture = (environment: Environment, scripts: GateScripts): Promise<Deployment<Posture>> =>
  deploy(
    postureMocks,
    async (opts) =>
      new Posture(
        "gatehouse",
        {
          environment,
          github: await lookUpGitHub(environment, "Pulumi.test.yaml"),
          scripts,
          vaultAddress: "https://vault.acme.dev:8200",
        },
        opts,
      ),
  );
