// In a project of your own, import from "pulumi-gatehouse".
import { createPosture, stackEnvironment } from "../../infra";

export = async () => {
  const { gate } = await createPosture("agents", stackEnvironment(), { source: "Pulumi.dev.yaml" });
  return { gateUrl: gate.url, gateKey: gate.agentKey, operatorKey: gate.operatorKey };
};
