import { machineUserNoBypass } from "../../../policy/rules/machineUserNoBypass";
import { AGENT_TEAM, agent, declare, said } from "../support/declare";

const ruleset = (...bypassActors: object[]) =>
  declare("github:index/repositoryRuleset:RepositoryRuleset", { bypassActors, enforcement: "active" });
const protection = (inputs: Record<string, unknown>) =>
  declare("github:index/branchProtection:BranchProtection", inputs);

describe("machine-user-no-bypass", () => {
  it("lets owners of the organization and other teams pass", () => {
    const actors = [
      { actorType: "OrganizationAdmin", actorId: 1 },
      { actorType: "Team", actorId: 5 },
    ];
    expect(said(machineUserNoBypass, ...agent(), ruleset(...actors))).toEqual([]);
  });

  it.each([
    ["its team", { actorType: "Team", actorId: Number(AGENT_TEAM) }, "The machine user's team may pass the rules."],
    ["deploy keys", { actorType: "DeployKey" }, "Whoever holds a deploy key may pass the rules."],
    [
      "the role write",
      { actorType: "RepositoryRole", actorId: 4 },
      "Everybody with write access, the machine user too, may pass the rules.",
    ],
  ])("refuses %s in a ruleset", (_, actor, message) => {
    expect(said(machineUserNoBypass, ...agent(), ruleset(actor))).toEqual([message]);
  });

  it.each([
    ["as a user who may push", { restrictPushes: [{ pushAllowances: ["/claude-bot"] }] }],
    ["as a team that may push", { restrictPushes: [{ pushAllowances: ["acme/agents"] }] }],
    ["where reviews are dismissed", { requiredPullRequestReviews: [{ dismissalRestrictions: ["acme/agents"] }] }],
    [
      "where pull requests are passed over",
      { requiredPullRequestReviews: [{ pullRequestBypassers: ["/Claude-Bot"] }] },
    ],
    ["where force pushes are", { forcePushBypassers: ["acme/agents"] }],
  ])("refuses it in branch protection %s", (_, inputs) => {
    expect(said(machineUserNoBypass, ...agent(), protection(inputs))).toEqual([
      "The machine user or its team may pass the rules.",
    ]);
  });

  it("lets other teams stand in branch protection", () => {
    const inputs = { restrictPushes: [{ pushAllowances: ["acme/backend", "/a-person"] }] };
    expect(said(machineUserNoBypass, ...agent(), protection(inputs))).toEqual([]);
  });
});
