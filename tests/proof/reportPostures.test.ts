import fc from "fast-check";
import { buildReport } from "../../cli/report/report";
import { mask, type Snapshot } from "../../cli/report/snapshot";
import { bundleGate } from "../../infra";
import type { Environment } from "../../infra/model";
import { agentHosts, readableControls, tokenPermissions } from "../../infra/plans";
import { environment } from "../support/environment";
import { deployPosture } from "../support/posture";

jest.setTimeout(600_000);

const scripts = bundleGate();

/** The state that the program makes of an environment: what the components declare, and what the stack shows. */
async function stateOf(posture: Environment): Promise<Snapshot> {
  const { resources } = await deployPosture(posture, scripts);
  const parent = (name: string): string =>
    name.startsWith("gatehouse-rotator-") ? "gatehouse:cloudflare:Rotator$" : "";
  return {
    source: "export",
    resources: resources.map(({ type, name, inputs }) => ({
      urn: `urn:pulumi:test::gatehouse::${parent(name)}${type}::${name}`,
      type,
      name,
      inputs: mask(inputs) as Record<string, unknown>,
    })),
    outputs: {
      // The gate's module carries its policy; this stands for an output that agrees with it.
      gatePolicy: { mode: {} },
      controls: readableControls(posture),
      tokenPermissions: tokenPermissions(posture),
      agentHosts: agentHosts(posture),
    },
  };
}

/** What a posture allows, by the model's own words: each number orders one thing, more is more power. */
function powers({ repositories, gate, review, audit, rotation, agent }: Environment): Map<string, number> {
  const level = { read: 1, write: 2 };
  return new Map([
    ...repositories.map(({ name, access }) => [`access ${name}`, level[access]] as const),
    ["requests", gate.requestsPerMinute],
    ["retention", -audit.retentionDays],
    ["rotation", rotation.everyDays],
    ["expiry", agent.credential.kind === "personal-access-token" ? agent.credential.expiryDays : 0],
    ["lfs", gate.lfs === "proxy" ? 1 : 0],
    // Approvals hold nobody where nobody writes.
    ...(repositories.some(({ access }) => access === "write") ? [["approvals", -review.approvals] as const] : []),
  ]);
}

function expected(before: Environment, after: Environment): { more: boolean; less: boolean } {
  const [was, is] = [powers(before), powers(after)];
  const moved = (sign: number): boolean =>
    [...new Set([...was.keys(), ...is.keys()])].some((key) => {
      // Approvals that come or go do so with the access, which is counted.
      if (key === "approvals" && !(was.has(key) && is.has(key))) return false;
      return sign * ((is.get(key) ?? 0) - (was.get(key) ?? 0)) > 0;
    });
  return { more: moved(1), less: moved(-1) };
}

/** Changes of the passing environment that a person could write. */
const changes = fc.record({
  repositories: fc
    .uniqueArray(
      fc.record({ name: fc.constantFrom("api", "docs", "site"), access: fc.constantFrom("read", "write") }),
      {
        minLength: 1,
        selector: ({ name }) => name,
      },
    )
    .map((all) => all.map((one) => ({ ...one, reviewers: ["backend"] }))),
  "gate.requestsPerMinute": fc.constantFrom(60, 120),
  "gate.lfs": fc.constantFrom("refuse", "proxy"),
  "review.approvals": fc.constantFrom(1, 2),
  "audit.retentionDays": fc.constantFrom(90, 400),
  "agent.credential.expiryDays": fc.constantFrom(30, 60),
  "rotation.everyDays": fc.constantFrom(10, 30),
  "rotation.repository": fc.constant("infrastructure"),
});

it("agrees with the model, whatever two postures: every widening is called one, and nothing else is", async () => {
  const environments = fc.sample(changes, { numRuns: 16, seed: 20_261_130 }).map((change) => environment(change));
  const states = [];
  for (const posture of environments) states.push(await stateOf(posture));
  for (const [i, before] of environments.entries())
    for (const [j, after] of environments.entries()) {
      const { verdict, changes: found } = buildReport({ title: "x", before: states[i]!, after: states[j]! });
      const { more, less } = expected(before, after);
      const model = more ? (less ? "both" : "widened") : less ? "narrowed" : "unchanged";
      expect([
        i,
        j,
        verdict,
        verdict === model ? [] : found?.map(({ kind, id, details }) => [kind, id, details]),
      ]).toEqual([i, j, model, []]);
    }
});
