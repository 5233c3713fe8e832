import { orGone, str, flag, type Api, type Kind } from "../kind";
import type { Props } from "../../types";

interface Answered {
  id: number;
  node_id: string;
  name: string;
  slug: string;
  description: string | null;
  privacy: string;
  notification_setting: string;
  members_count: number;
  ldap_dn?: string;
  parent: { id: number; slug: string } | null;
}

const path = (api: Api, id: string): string => `organizations/${api.organizationId}/team/${id}`;

/** The parent as a number: a slug is looked up, "" is no parent. */
async function parentNumber(api: Api, parent: string): Promise<number | undefined> {
  if (parent === "") return undefined;
  if (/^\d+$/.test(parent)) return Number(parent);
  return (await api.client.rest<Answered>("GET", `orgs/${api.owner}/teams/${parent}`)).data.id;
}

const body = (planned: Props, parent: number | null | undefined): Props => ({
  name: planned.name,
  description: str(planned, "description"),
  ...(parent === undefined ? {} : { parent_team_id: parent }),
  notification_setting: planned.notificationSetting,
  privacy: planned.privacy,
  ...(str(planned, "ldapDn") ? { ldap_dn: planned.ldapDn } : {}),
});

const outputs = (team: Answered, etag: string): Props => ({
  slug: team.slug,
  nodeId: team.node_id,
  membersCount: team.members_count ?? 0,
  parentTeamReadId: team.parent ? String(team.parent.id) : "",
  parentTeamReadSlug: team.parent?.slug ?? "",
  etag,
});

export const team: Kind = {
  token: "github:index/team:Team",
  organizationOnly: true,
  fields: {
    name: { kind: "string", required: true, autoname: true },
    description: { kind: "string" },
    privacy: { kind: "string", oneOf: ["secret", "closed"], default: "secret" },
    notificationSetting: {
      kind: "string",
      oneOf: ["notifications_enabled", "notifications_disabled"],
      default: "notifications_enabled",
    },
    parentTeamId: { kind: "string", default: "" },
    ldapDn: { kind: "string" },
    createDefaultMaintainer: { kind: "boolean", default: false },
    parentTeamReadId: { kind: "string", computed: true },
    parentTeamReadSlug: { kind: "string", computed: true },
    slug: { kind: "string", output: true },
    membersCount: { kind: "number", output: true },
    nodeId: { kind: "string", output: true },
    etag: { kind: "string", output: true },
  },
  async create(api, planned) {
    const parent = await parentNumber(api, str(planned, "parentTeamId"));
    const answer = await api.client.rest<Answered>("POST", `orgs/${api.owner}/teams`, { body: body(planned, parent) });
    let made = answer.data;
    // GitHub may leave the parent out when the caller is no maintainer of it; the plugin asks once more.
    if (parent !== undefined && !made.parent) {
      made = (
        await api.client.rest<Answered>("PATCH", `orgs/${api.owner}/teams/${made.slug}`, {
          body: body(planned, parent),
        })
      ).data;
    }
    // The account that creates a team becomes its maintainer. A team for agents must not start with an administrator in
    // it.
    if (!flag(planned, "createDefaultMaintainer") && made.members_count > 0) {
      const members = await api.client.rest<{ login: string }[]>("GET", `orgs/${api.owner}/teams/${made.slug}/members`);
      for (const { login } of members.data)
        await api.client.rest("DELETE", `orgs/${api.owner}/teams/${made.slug}/memberships/${login}`);
    }
    return { id: String(made.id), state: { ...planned, ...outputs(made, answer.etag) } };
  },
  async read(api, id, state) {
    const answer = await orGone(api.client.rest<Answered>("GET", path(api, id), { etag: str(state, "etag") }));
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    const live = answer.data;
    const parent = live.parent;
    const asked = str(state, "parentTeamId");
    return {
      id,
      state: {
        ...state,
        name: live.name,
        description: live.description ?? "",
        privacy: live.privacy,
        notificationSetting: live.notification_setting,
        // A parent that was given by its slug stays a slug.
        parentTeamId: parent ? (asked === parent.slug ? asked : String(parent.id)) : "",
        ...(live.ldap_dn ? { ldapDn: live.ldap_dn } : {}),
        ...outputs(live, answer.etag),
      },
    };
  },
  async update(api, id, planned, state) {
    const parent = await parentNumber(api, str(planned, "parentTeamId"));
    const answer = await api.client.rest<Answered>("PATCH", path(api, id), { body: body(planned, parent ?? null) });
    if (str(planned, "ldapDn") !== str(state, "ldapDn")) {
      await api.client.rest("PATCH", `admin/ldap/teams/${id}/mapping`, { body: { ldap_dn: str(planned, "ldapDn") } });
    }
    return { id, state: { ...planned, ...outputs(answer.data, answer.etag) } };
  },
  async delete(api, id) {
    try {
      await api.client.rest("DELETE", path(api, id));
    } catch (error) {
      // Deleting a parent deletes its children: a child that is already gone is no failure.
      if (await orGone(api.client.rest("GET", path(api, id)))) throw error;
    }
  },
  async importState(api, id) {
    const number = /^\d+$/.test(id)
      ? id
      : String((await api.client.rest<Answered>("GET", `orgs/${api.owner}/teams/${id}`)).data.id);
    return { id: number, state: { createDefaultMaintainer: false } };
  },
  async find(api, inputs) {
    // The slug of a name: lower case, everything but letters, digits, "_" and "-" becomes "-".
    const slug = str(inputs, "name")
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, "-")
      .replace(/^-+|-+$/g, "");
    const answer = await orGone(api.client.rest<Answered>("GET", `orgs/${api.owner}/teams/${slug}`));
    return answer && answer.data.name === inputs.name ? String(answer.data.id) : undefined;
  },
};
