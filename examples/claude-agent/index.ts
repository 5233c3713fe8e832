// In a project of your own, import from "pulumi-gatehouse".
import { createPosture, postureOutputs, stackEnvironment } from "../../infra";

export = async () => postureOutputs(await createPosture("agents", stackEnvironment(), { source: "Pulumi.dev.yaml" }));
