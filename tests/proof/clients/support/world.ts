import { compilePolicy } from "../../../../infra/plans/gatePolicy";
import { environment } from "../../../support/environment";
import { onboard, standIn, type StandIn } from "../../../../sandbox/tests/github/support/standin";
import { startGate, type Gate } from "../../../gate/support/gate";

/**
 * The gate in workerd in front of the GitHub stand-in, as a stack would set both up, with limits that no test reaches.
 */
export interface Positive {
  readonly github: StandIn;
  readonly gate: Gate;
  /** Every record of the gate so far. */
  records(): Promise<
    readonly {
      readonly decision: string;
      readonly route: string;
      readonly path: string;
      readonly reason: string;
      readonly method: string;
    }[]
  >;
  stop(): Promise<void>;
}

/** @param more changes to the posture */
export async function startPositive(more: Readonly<Record<string, unknown>> = {}): Promise<Positive> {
  const changes = {
    ...more,
    "gate.requestsPerMinute": 100_000,
    "gate.requestsPerHour": 1_000_000,
    "gate.writesPerMinute": 10_000,
  };
  const github = await standIn(changes);
  const { bot } = await onboard(github);
  const world = github.gh.world;
  const repositories = ["api", "docs"].map((name) => {
    const repository = world.repoByName("acme", name);
    if (repository === undefined) throw new Error(`no repository ${name}`);
    return { name, id: repository.id, nodeId: repository.nodeId };
  });
  const { api, graphql, git, blobs } = github.gh;
  const compiled = compilePolicy(environment(changes), { repositories, endpoints: { api, graphql, git } });
  // The stand-in keeps archives, logs and LFS objects on a host of its own, as github.com does.
  const { host } = new URL(blobs);
  const policy = {
    ...compiled,
    downloadHosts: [...compiled.downloadHosts, host],
    lfsHosts: compiled.lfs === "proxy" ? [...compiled.lfsHosts, host] : compiled.lfsHosts,
  };
  const gate = await startGate({ policy: () => policy });
  await gate.putToken(bot.token ?? "");
  return {
    github,
    gate,
    records: async () => {
      const text = await (await gate.operate("GET", "/_gate/audit?limit=10000")).text();
      return text
        .trim()
        .split("\n")
        .map(
          (line) =>
            JSON.parse(line) as { decision: string; route: string; path: string; reason: string; method: string },
        );
    },
    stop: async () => {
      await gate.stop();
      await github.stop();
    },
  };
}

export const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
