/** What several resource types have in common. */
import type { Props } from "../../types";
import { ACCEPT, type Answer, type GitHubError } from "../client";
import type { Api } from "../kind";

export interface Repository {
  id: number;
  node_id: string;
  name: string;
  default_branch: string;
  archived: boolean;
  [field: string]: unknown;
}

/** `GET repos/{owner}/{name}` with the media types that the plugin names there. */
export const getRepository = async (api: Api, name: string, etag?: string): Promise<Answer<Repository>> =>
  api.client.rest<Repository>("GET", `repos/${api.owner}/${name}`, { accept: ACCEPT.repository, etag });

/** Login names are the same in any case. */
export const caseInsensitive = (old: unknown, next: unknown): boolean =>
  String(old ?? "").toLowerCase() === String(next ?? "").toLowerCase();

/** An archived repository refuses every change (403 "archived"): then there is nothing left to undo. */
export async function unlessArchived(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const { status, message } = error as GitHubError;
    if (status === 404 || (status === 403 && /archived/i.test(message))) return;
    throw error;
  }
}

/** The numeric id of a team; a slug is looked up first, as the plugin does each time. */
export async function teamNumber(api: Api, team: string): Promise<string> {
  if (/^\d+$/.test(team)) return team;
  const answer = await api.client.rest<{ id: number }>("GET", `orgs/${api.owner}/teams/${team}`);
  return String(answer.data.id);
}

/** GitHub's role names as the names that inputs use. */
export const permissionName = (role: string): string => ({ read: "pull", write: "push" })[role] ?? role;

/** The properties without those that are undefined. */
export const defined = (props: Props): Props =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));

/** A path segment as the plugin writes it: escaped, "/" too. */
export const segment = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** A path segment as Go's `url.PathEscape` writes it: `$ & + : = @` stay as they are. */
export const pathEscape = (text: string): string =>
  segment(text).replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent);
