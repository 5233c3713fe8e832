import { dataFlow, mermaid } from "../../../cli/documents/dataFlow";
import { environment } from "../../support/environment";
import { POSTURES } from "./support/postures";

describe.each(Object.entries(POSTURES))("%s", (_, posture) => {
  const { boundaries, flows } = dataFlow(posture);
  const nodes = boundaries.flatMap((boundary) => boundary.nodes.map(({ id }) => id));

  it("draws each flow between parts that are drawn, and no part that nothing reaches", () => {
    const ends = flows.flatMap(({ from, to }) => [from, to]);
    const known = [...nodes, ...boundaries.map(({ id }) => id)];
    expect(ends.filter((id) => !known.includes(id))).toEqual([]);
    expect(nodes.filter((id) => !ends.includes(id))).toEqual([]);
    expect(new Set(known).size).toBe(known.length);
  });

  it("lets the agent reach the gate alone, and nobody but GitHub the repositories", () => {
    expect(flows.filter(({ from }) => from === "agent").map(({ to }) => to)).toEqual(["gate"]);
    expect(flows.filter(({ to }) => to === "repositories").map(({ from }) => from)).toEqual(["github"]);
    expect(flows.filter(({ to }) => to === "agent").map(({ from }) => from)).toEqual(["gate"]);
  });
});

it("follows the environment: store, receivers, workflows", () => {
  const parts = (changes: Record<string, unknown>): string[] =>
    dataFlow(environment(changes)).boundaries.flatMap(({ nodes }) => nodes.map(({ id }) => id));
  expect(parts({})).toEqual(expect.arrayContaining(["vault", "alerts", "ci"]));
  expect(parts({ tokenStore: { kind: "kv" } })).not.toContain("vault");
  expect(parts({ "audit.alertWebhook": undefined })).not.toContain("alerts");
  expect(parts({ "rotation.repository": undefined })).not.toContain("ci");
});

it("lets no name be syntax of the diagram", () => {
  const text = mermaid([{ id: "a", title: 'x"] --> y["', nodes: [{ id: "b", title: "<b>#quot;" }] }], []);
  expect(text).toContain('subgraph a ["x#34;] --#62; y[#34;"]');
  expect(text).toContain('b["#60;b#62;#35;quot;"]');
});
