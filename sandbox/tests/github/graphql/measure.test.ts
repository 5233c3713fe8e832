import { getOperationAST, parse } from "graphql";
import { measure } from "../../../github/graphql/measure";
import { dataOf, errorsOf, scene } from "./harness";

describe("the measure of a document", () => {
  const of = (text: string, variables: Record<string, unknown> = {}): { nodes: number; cost: number } => {
    const document = parse(text);
    const operation = getOperationAST(document);
    if (!operation) throw new Error("no operation");
    return measure(document, operation, variables);
  };

  it("multiplies nested connections, through fragments and variables", () => {
    // GitHub's own example: 50 repositories, 10 issues each, 5 labels each.
    const text =
      "query($n:Int!){viewer{repositories(first:50){nodes{issues(first:$n){nodes{...L}}}}}} fragment L on Issue{labels(first:5){nodes{name}}}";
    expect(of(text, { n: 10 })).toEqual({ nodes: 50 + 500 + 2500, cost: Math.round((1 + 50 + 500) / 100) });
    expect(of("{viewer{login}}")).toEqual({ nodes: 0, cost: 1 });
  });

  it("is worked out at once for fragments that spread each other many times over", () => {
    const chain = Array.from(
      { length: 60 },
      (_, index) =>
        `fragment F${index} on User{a:repositories(first:2){nodes{owner{...F${index + 1} ...F${index + 1}}}}}`,
    ).join(" ");
    expect(of(`{viewer{...F0}} ${chain} fragment F60 on User{login}`).nodes).toBeGreaterThan(500_000);
  });

  it("keeps a document that asks for too much from being executed", async () => {
    const s = await scene();
    try {
      const inner = "repositories(first:100){nodes{issues(first:100){nodes{comments(first:100){nodes{id}}}}}}";
      const answer = await s.ask(s.as("acme-admin"), `{organization(login:"acme"){${inner}}}`);
      expect(answer).not.toHaveProperty("data");
      expect(errorsOf(answer)[0]).toBe(
        "MAX_NODE_LIMIT_EXCEEDED This query requests up to 1,010,100 possible nodes which exceeds the maximum limit of 500,000.",
      );
      const small = await s.ask(
        s.as("acme-admin"),
        '{rateLimit{cost nodeCount} repository(owner:"acme",name:"api"){labels(first:20){nodes{name}}}}',
      );
      expect(dataOf<{ rateLimit: unknown }>(small).rateLimit).toEqual({ cost: 1, nodeCount: 20 });
    } finally {
      await s.stop();
    }
  });
});
