/** Look-ups of GraphQL node ids. */
import { ProviderError } from "../../types";
import type { Api } from "../kind";

/** The id again when there is such a node, undefined when there is none. */
export async function nodeId(api: Api, id: string): Promise<string | undefined> {
  let data: { node: { id: string } | null };
  try {
    data = await api.client.graphql<{ node: { id: string } | null }>("query($id:ID!){node(id:$id){id}}", { id });
  } catch (error) {
    if (/Could not resolve to a node with the global id/.test((error as Error).message)) return undefined;
    throw error;
  }
  // The real plugin crashes on such an answer; GitHub always puts an error beside `node: null`.
  if (!data.node) throw new ProviderError(`the server answered node: null without an error for the id "${id}"`);
  return data.node.id;
}

export async function repositoryIdByName(api: Api, name: string): Promise<string> {
  const document = "query($name:String!$owner:String!){repository(owner:$owner, name:$name){id}}";
  const data = await api.client.graphql<{ repository: { id: string } }>(document, { name, owner: api.owner });
  return data.repository.id;
}

export async function teamId(api: Api, organization: string, slug: string): Promise<string> {
  const document =
    "query($organization:String!$slug:String!){organization(login: $organization){team(slug: $slug){id}}}";
  const data = await api.client.graphql<{ organization: { team: { id: string } | null } }>(document, {
    organization,
    slug,
  });
  if (!data.organization.team) throw new ProviderError(`there is no team "${organization}/${slug}"`);
  return data.organization.team.id;
}

export async function userId(api: Api, login: string): Promise<string> {
  const data = await api.client.graphql<{ user: { id: string } }>("query($user:String!){user(login: $user){id}}", {
    user: login,
  });
  return data.user.id;
}
