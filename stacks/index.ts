import * as pulumi from "@pulumi/pulumi";
import { createPosture, postureOutputs, stackEnvironment } from "../infra";

/** One stack: reads its environment and declares one posture. Any mistake stops it before that. */
export = async (): Promise<Record<string, unknown>> =>
  postureOutputs(await createPosture("gatehouse", stackEnvironment(), { source: `Pulumi.${pulumi.getStack()}.yaml` }));
