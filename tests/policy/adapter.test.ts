import { unknownCheckingProxy, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { crossGuardPolicies } from "../../policy/adapter";
import { RULES } from "../../policy/library";

const policies = crossGuardPolicies();
const named = (name: string) => policies.find((policy) => policy.name === name) as ResourceValidationPolicy;
/** What a policy reports of a resource as the engine hands it over. */
function reported(name: string, type: string, props: Record<string, unknown>): string[] {
  const said: string[] = [];
  const args = {
    urn: "urn:x",
    type,
    name: "x",
    props: unknownCheckingProxy(props) as object,
  } as ResourceValidationArgs;
  const validate = named(name).validateResource as (args: ResourceValidationArgs, report: (m: string) => void) => void;
  validate(args, (message) => said.push(message));
  return said;
}
const WORKFLOWS = "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions";

it("makes a policy of each rule, with what CrossGuard shows of it", () => {
  expect(policies.map(({ name }) => name)).toEqual(RULES.map(({ id }) => id));
  expect(named("workflows-read-only")).toMatchObject({ severity: "high", enforcementLevel: "mandatory" });
});

it("reports by the engine's callback", () => {
  expect(reported("workflows-read-only", WORKFLOWS, { defaultWorkflowPermissions: "write" })).toEqual([
    "The token of a workflow may write.",
    "A workflow may approve pull requests.",
  ]);
});

it("passes over what a preview cannot know, where a plain look would throw", () => {
  const unknown = {
    defaultWorkflowPermissions: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    canApprovePullRequestReviews: false,
  };
  expect(reported("workflows-read-only", WORKFLOWS, unknown)).toEqual([]);
});
