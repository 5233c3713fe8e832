import { nodeId } from "../ids";
import { presentPull } from "../present/pulls";
import type { Issue, Repository } from "../state";
import type { World } from "../world";

/** Adds to an issue's history. */
export function eventOf(
  world: World,
  repo: Repository,
  issue: Issue,
  event: string,
  actorId: number,
  extra: { label?: string; commitId?: string | null } = {},
): void {
  const id = world.ids.next();
  issue.events.push({
    id,
    nodeId: nodeId("event", repo.id, id),
    event,
    actorId,
    createdAt: world.clock.iso(),
    ...extra,
  });
}

/** Tells the hooks about a pull request. */
export function pullEvent(
  world: World,
  repo: Repository,
  issue: Issue,
  action: string,
  senderId: number | null,
  extra: Record<string, unknown> = {},
): void {
  world.webhooks.emit("pull_request", action, {
    repo,
    senderId,
    payload: { number: issue.number, pull_request: presentPull(world, repo, issue), ...extra },
  });
}
