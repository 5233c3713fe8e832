import { compilePolicy } from "../../../infra/plans";
import { endpoints } from "../../../infra/model";
import type { GatePolicy } from "../../../gate/policy";
import { environment } from "../../support/environment";

/** The policy that the stack compiles for the tests' environment. */
export const agentPolicy = (): GatePolicy =>
  JSON.parse(JSON.stringify(compilePolicy(environment(), { repositories: [], endpoints: endpoints() }))) as GatePolicy;
