import * as pulumi from "@pulumi/pulumi";
import { createPosture, stackEnvironment } from "../infra";
import { outputs } from "./outputs";

/** One stack: reads its environment and declares one posture. Any mistake stops it before that. */
export = async (): Promise<Record<string, unknown>> =>
  outputs(await createPosture("gatehouse", stackEnvironment(), { source: `Pulumi.${pulumi.getStack()}.yaml` }));
