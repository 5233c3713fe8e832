import { agentWorksAlone } from "../../../policy/rules/agentWorksAlone";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const OFF = { type: "disabled" };
const agent = (multiagent: unknown) => declare("claude:index:Agent", { multiagent });
const members = (more: object) =>
  agent({ type: "multiagent_20261001", advisor: OFF, subagents: OFF, workflows: OFF, ...more });

describe("agent-works-alone", () => {
  it("holds where every member is disabled in words, and where there is no multiagent", () => {
    expect(
      said(
        agentWorksAlone,
        members({}),
        members({ subagents: { type: "enabled", inlineAgents: OFF } }),
        members({ workflows: UNKNOWN }),
        agent(undefined),
        agent(null),
        agent(UNKNOWN),
      ),
    ).toEqual([]);
  });

  it.each<[object, string]>([
    [{ subagents: undefined }, "subagents is left to its default."],
    [{ workflows: null }, "workflows is left to its default."],
    [{ advisor: undefined }, "advisor is left to its default."],
    [{ subagents: { type: "enabled" } }, "subagents may write agents of its own, whose tools nobody has reviewed."],
    [
      { workflows: { type: "enabled", inlineAgents: { type: "enabled" } } },
      "workflows may write agents of its own, whose tools nobody has reviewed.",
    ],
  ])("refuses %j", (more, sentence) => {
    expect(said(agentWorksAlone, members(more))).toEqual([sentence]);
  });
});
