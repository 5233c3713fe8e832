import { errors } from "../http/errors";
import type { RateLimiter } from "../http/limits";
import type { Router } from "../http/router";
import type { Agent, AgentVersion, Environment, Json, Session, Vault, Workspace } from "../state";
import type { FaultList } from "../../tools/faults";
import type { RequestLog } from "../../tools/requestLog";
import type { WebhookSender } from "./webhooks";

/** What routes work with. */
export interface World {
  readonly workspace: Workspace;
  readonly log: RequestLog;
  readonly faults: FaultList;
  readonly limiter: RateLimiter;
  readonly webhooks: WebhookSender;
  /** Told of every new event of a session: the open streams. */
  readonly listeners: Map<string, Set<(threadId: string, event: Json) => void>>;
}

/** A group of routes adds itself to the router. */
export type Routes = (router: Router, world: World) => void;

const found = <T>(map: ReadonlyMap<string, T>, id: string, what: string): T => {
  const thing = map.get(id);
  if (thing === undefined) throw errors.notFound(`${what} ${id} was not found`);
  return thing;
};
export const agentOf = ({ workspace }: World, id: string): Agent => found(workspace.agents, id, "Agent");
export const environmentOf = ({ workspace }: World, id: string): Environment =>
  found(workspace.environments, id, "Environment");
export const vaultOf = ({ workspace }: World, id: string): Vault => found(workspace.vaults, id, "Vault");
export const sessionOf = ({ workspace }: World, id: string): Session => found(workspace.sessions, id, "Session");

/** The newest version, or the one that was asked for. @throws ApiError 404 */
export function versionOf(agent: Agent, version: number | undefined): AgentVersion {
  const wanted = version === undefined ? agent.versions.at(-1) : agent.versions.find((v) => v.version === version);
  if (!wanted) throw errors.notFound(`Agent ${agent.id} has no version ${version}`);
  return wanted;
}

/** The agent in this version, for something new. @throws ApiError 400 when it is archived */
export function usableAgent(world: World, id: string, version: number | undefined): AgentVersion {
  const agent = agentOf(world, id);
  if (agent.versions.at(-1)?.archived_at) throw errors.invalid(`agent: ${id} is archived`);
  return versionOf(agent, version);
}

/** Environment and vaults of a new session. @throws ApiError 400 for one that is archived, 404 for one that is not there */
export function checkSurroundings(world: World, environmentId: string, vaultIds: readonly string[]): void {
  if (environmentOf(world, environmentId).shown.archived_at)
    throw errors.invalid(`environment_id: ${environmentId} is archived`, "environment_archived");
  for (const id of vaultIds)
    if (vaultOf(world, id).shown.archived_at) throw errors.invalid(`vault_ids: ${id} is archived`);
}

/** Metadata after a patch: a value replaces, null deletes. @throws ApiError 400 above 16 pairs */
export function patchedMetadata(
  before: Record<string, string>,
  patch: Record<string, string | null> | null | undefined,
  { emptyDeletes = false } = {},
): Record<string, string> {
  const after = { ...before };
  for (const [key, value] of Object.entries(patch ?? {}))
    if (value === null || (emptyDeletes && value === "")) delete after[key];
    else after[key] = value;
  if (Object.keys(after).length > 16) throw errors.invalid("metadata: at most 16 pairs", "invalid_metadata");
  return after;
}

/** Whether a list shows it: archived things only where the query asks for them. */
export const listed = (archivedAt: string | null, withArchived: boolean): boolean =>
  withArchived || archivedAt === null;
