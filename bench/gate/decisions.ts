import { compile, type CompiledPolicy } from "../../gate/policy/compiled";
import { judgeTarget } from "../../gate/policy/target";
import { judgeGraphql } from "../../gate/policy/graphql/judge";
import type { GatePolicy } from "../../gate/policy/policy";

/**
 * Runs bundled, in a Node process of its own: the decisions as the Worker has them, without a test runner's or a
 * compiler's additions.
 */

/** A query of 500 bytes as agents send them: a pull request with its reviews and comments. */
export const QUERY = `query PullRequest($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id number title body state isDraft
      reviews(first: 20) { nodes { id state body submittedAt } }
      comments(first: 50) { nodes { id body createdAt } pageInfo { hasNextPage endCursor } }
      commits(last: 1) { nodes { commit { oid messageHeadline committedDate } } }
      labels(first: 10) { nodes { id name color description } }
    }
  }
}
`;

export interface DecisionTimes {
  /** Microseconds a decision, one figure for each batch. */
  readonly rest: readonly number[];
  readonly restByTarget: Readonly<Record<string, number>>;
  /** The first of the requests, in an environment of 1,000 repositories. */
  readonly restAmongMany: number;
  readonly graphql: readonly number[];
  readonly graphqlBytes: number;
}

/**
 * @param large The policy of the largest environment.
 * @param batches How often each is measured; a batch lasts some tens of milliseconds.
 */
export function measure(
  policy: GatePolicy,
  large: GatePolicy,
  reads: readonly string[],
  write: string,
  batches: number,
): DecisionTimes {
  const compiled = compile(policy);
  const requests = [...reads.map((target) => ({ method: "GET", target })), { method: "POST", target: write }];
  const body = JSON.stringify({ query: QUERY, variables: { owner: "acme", name: "api", number: 7 } });
  const judged = judgeGraphql(compiled, body);
  if ("rule" in judged) throw new Error(`the query is refused: ${judged.rule} ${judged.at}`);
  for (const { method, target } of requests) {
    const { refusal } = judgeTarget(compiled, method, target);
    if (refusal !== undefined) throw new Error(`${method} ${target} is refused: ${refusal.rule}`);
  }
  const all = (rounds: number): number =>
    timed(rounds * requests.length, () => {
      for (let i = 0; i < rounds; i++)
        for (const { method, target } of requests) sink += judgeTarget(compiled, method, target).sent.length;
    });
  const query = (rounds: number): number =>
    timed(rounds, () => {
      for (let i = 0; i < rounds; i++) sink += (judgeGraphql(compiled, body) as { text: string }).text.length;
    });
  // The first calls compile; they are not counted.
  all(20_000);
  query(5000);
  const rest: number[] = [];
  const graphql: number[] = [];
  for (let i = 0; i < batches; i++) {
    rest.push(all(5000));
    graphql.push(query(2000));
  }
  const one = (
    under: CompiledPolicy,
    { method, target }: { readonly method: string; readonly target: string },
  ): number =>
    timed(50_000, () => {
      for (let i = 0; i < 50_000; i++) sink += judgeTarget(under, method, target).sent.length;
    });
  const restByTarget = Object.fromEntries(
    requests.map((request) => [`${request.method} ${request.target}`, one(compiled, request)]),
  );
  const restAmongMany = one(compile(large), { method: "GET", target: reads[0] ?? "" });
  return { rest, restByTarget, restAmongMany, graphql, graphqlBytes: QUERY.length };
}

/** What the decisions come to, so that none is left out as useless. */
export let sink = 0;

/** Microseconds of processor time for one of `count` calls; on a busy machine a clock would measure the others. */
function timed(count: number, work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
