import { RequestRefused } from "../errors";
import { GitHubApi, githubMessage } from "../github";
import type { Effects } from "../effects";
import type { RotationPlan } from "../plan";
import type { NotifyAdapter } from "./types";

/**
 * Starts workflows that wait for `repository_dispatch` of type `gatehouse-<message type>`.
 * @param token with contents: write on that repository; not the machine user's
 */
export function dispatchAdapter(
  effects: Effects,
  plan: RotationPlan,
  repository: string,
  token: string,
): NotifyAdapter {
  return {
    name: `dispatch ${plan.organization}/${repository}`,
    deliver: async (message) => {
      const answer = await GitHubApi.as(effects, plan, token).send(
        "POST",
        `/repos/${plan.organization}/${repository}/dispatches`,
        "start a workflow",
        {
          // GitHub takes at most 10 properties in client_payload; one object carries them all.
          json: {
            event_type: `gatehouse-${message.type.replaceAll(".", "-")}`,
            client_payload: { id: message.id, at: message.at, data: message.data },
          },
        },
      );
      if (answer.status !== 204)
        throw new RequestRefused("GitHub", "start a workflow", answer.status, githubMessage(answer));
    },
  };
}
