import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  unknownCheckingProxy,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationArgs,
} from "@pulumi/policy";
import fc from "fast-check";
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

/** What Pulumi's marker for an unknown text stands for, and what reading it throws. */
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("how Pulumi's engine asks", () => {
  const state = JSON.parse(readFileSync(join(__dirname, "../fixtures/real-run/1-create.export.json"), "utf8")) as {
    deployment: { resources: Stated[] };
  };
  const resources = state.deployment.resources.map((one) => ({
    ...one,
    inputs: one.inputs ?? {},
    outputs: one.outputs ?? {},
  }));
  const nameOf = (urn: string): string => urn.split("::").pop() ?? "";

  /** What all policies report, as the engine asks them: single resources by inputs, the stack by outputs. */
  function judged(all: readonly Required<Stated>[], single = all): string[] {
    const said: string[] = [];
    const proxied = (props: Record<string, unknown>): object => unknownCheckingProxy(clear(props) as object) as object;
    for (const policy of policies) {
      const report = (message: string | object, urn?: string): void => {
        said.push(`${policy.name}: ${String(message)} ${nameOf(urn ?? "")}`.trim());
      };
      if ("validateStack" in policy)
        void policy.validateStack(
          {
            resources: all.map(({ urn, type, outputs }) => ({ urn, type, name: nameOf(urn), props: proxied(outputs) })),
          } as unknown as StackValidationArgs,
          report,
        );
      else
        for (const { urn, type, inputs } of single)
          void (
            policy as ResourceValidationPolicy as { validateResource: (args: object, report: unknown) => void }
          ).validateResource({ urn, type, name: nameOf(urn), props: proxied(inputs) }, (message: string) =>
            report(message, urn),
          );
    }
    return said;
  }

  it("finds nothing in what the real engine made, where components have no outputs and secrets come in clear", () => {
    expect(resources.filter(({ type }) => type.startsWith("gatehouse:")).map(({ outputs }) => outputs)).toContainEqual(
      {},
    );
    expect(judged(resources)).toEqual([]);
  });

  it("finds in the outputs what a rule about the stack forbids", () => {
    const widened = resources.map((one) =>
      one.type.endsWith(":TeamRepository") && one.outputs.repository === "api"
        ? { ...one, outputs: { ...one.outputs, permission: "maintain" } }
        : one,
    );
    expect(judged(widened)).toEqual([
      "machine-user-no-admin: The machine user has the role maintain on api. gatehouse-access-api-team",
    ]);
  });

  // A policy that reads an unknown value is not run in a preview: Pulumi says so in an advisory line and goes on.
  it("runs every policy whatever is unknown, and never by throwing", () => {
    const unknown = (value: unknown, all: boolean): unknown => {
      if (value === null || typeof value !== "object") return all ? UNKNOWN_TEXT : value;
      if (Array.isArray(value)) return value.map((inner) => unknown(inner, all));
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unknown(inner, all)]));
    };
    fc.assert(
      fc.property(fc.nat(resources.length - 1), fc.boolean(), fc.boolean(), (at, deep, whole) => {
        const changed = resources.map((one, index) => {
          if (index !== at) return one;
          const hide = (bag: object): Record<string, unknown> =>
            (whole
              ? Object.fromEntries(Object.keys(bag).map((key) => [key, UNKNOWN_TEXT]))
              : unknown(bag, deep)) as Record<string, unknown>;
          return { ...one, inputs: hide(one.inputs), outputs: hide(one.outputs) };
        });
        expect(() => judged(changed, changed.slice(at, at + 1))).not.toThrow();
      }),
      { numRuns: 12 },
    );
    // What is unknown through and through breaks no rule about itself.
    const blank = resources.map((one) => ({
      ...one,
      inputs: Object.fromEntries(Object.keys(one.inputs).map((key) => [key, UNKNOWN_TEXT])),
    }));
    expect(judged(blank).filter((line) => !line.includes("provider-tokens-encrypted"))).toEqual([]);
  });
});

interface Stated {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** As the engine hands values over: each ciphertext of the state is some text in clear. */
function clear(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(clear);
  if ("ciphertext" in value) return "in-clear";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clear(inner)]));
}
