import type { Ruleset } from "../state";
import type { World } from "../world";

/** `repository-ruleset`, without what depends on who asks. */
export function presentRuleset(world: World, r: Ruleset) {
  const repo = r.sourceType === "Repository" ? world.repos.get(r.sourceId) : undefined;
  const source = repo ? world.fullName(repo) : world.orgs.get(r.sourceId)!.login;
  const path = repo ? `repos/${source}` : `orgs/${source}`;
  return {
    id: r.id,
    name: r.name,
    target: r.target,
    source_type: r.sourceType,
    source,
    enforcement: r.enforcement,
    ...(r.conditions ? { conditions: r.conditions } : {}),
    rules: r.rules,
    node_id: r.nodeId,
    created_at: r.createdAt,
    updated_at: r.updatedAt,
    bypass_actors: r.bypassActors,
    _links: {
      self: { href: `${world.api}/${path}/rulesets/${r.id}` },
      html: { href: `${world.origin}/${repo ? source : `organizations/${source}/settings`}/rules/${r.id}` },
    },
  };
}
