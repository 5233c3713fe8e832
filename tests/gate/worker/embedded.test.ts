import type { GatePolicy } from "../../../gate/policy";
import { DeployedGate } from "../support/deployed";
import { ruleOf } from "../support/gate";
import { policyFor } from "../support/policy";

/** A policy of many repositories; the first two are those of every test. */
function policyOf(base: string, count: number): GatePolicy {
  const small = policyFor(base);
  const more = Array.from({ length: count - 2 }, (_, i) => ({
    name: `service-${i}`,
    id: 1000 + i,
    nodeId: `R_kgDO${i}`,
    access: "read" as const,
    defaultBranch: "main",
    protectedPaths: ["/deploy/**"],
    reviewers: [],
  }));
  return { ...small, repositories: [...small.repositories, ...more] };
}

describe("a policy of 1000 repositories", () => {
  let gate: DeployedGate;
  beforeAll(async () => (gate = await DeployedGate.start()), 60_000);
  afterAll(() => gate.stop());

  it("does not fit into a binding, so it is deployed in the module and opens just what it lists", async () => {
    const policy = policyOf(gate.upstream.url, 1000);
    const bound = await gate.deploy(policy, [{ name: "POLICY", type: "json", json: policy }]);
    expect([bound.status, bound.text]).toEqual([400, expect.stringContaining("larger than 5 KB")]);
    expect((await gate.deploy(policy)).status).toBe(200);
    expect((await gate.ask("/repos/acme/service-997")).status).toBe(200);
    expect((await gate.ask("/repositories/1997/branches")).status).toBe(200);
    const refused = await gate.ask("/repos/acme/service-998");
    expect([refused.status, await ruleOf(refused)]).toEqual([403, "repository-not-listed"]);
    expect(gate.upstream.received.map(({ url }) => url)).toEqual([
      "/api/v3/repos/acme/service-997",
      "/api/v3/repos/acme/service-997/branches",
    ]);
  }, 60_000);

  it("a binding is used where there is one", async () => {
    const policy = policyFor(gate.upstream.url);
    const bound = { ...policy, repositories: policy.repositories.slice(1) };
    await gate.deploy(policy, [{ name: "POLICY", type: "json", json: bound }]);
    expect([(await gate.ask("/repos/acme/api")).status, (await gate.ask("/repos/acme/docs")).status]).toEqual([
      403, 200,
    ]);
  }, 60_000);
});
