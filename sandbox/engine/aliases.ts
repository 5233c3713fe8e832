import type { AliasSpec } from "./goal";
import { STACK_TYPE, createUrn, parseUrn } from "./urns";

/** Who is asking: the stack, and the former names that resources of this run were found under. */
export interface AliasContext {
  readonly stack: string;
  readonly project: string;
  /** Present URN → the former URN under which the state knew it. */
  readonly found: ReadonlyMap<string, string>;
}

function resolveSpec(context: AliasContext, name: string, type: string, parent: string, spec: AliasSpec): string {
  if ("urn" in spec) return spec.urn;
  // A parent that was itself found under a former name had its children under that name too.
  let under = spec.parent ? (context.found.get(spec.parent) ?? spec.parent) : parent;
  if (spec.noParent || (under !== "" && parseUrn(under).qualifiedType === STACK_TYPE)) under = "";
  return createUrn(
    spec.stack || context.stack,
    spec.project || context.project,
    under || undefined,
    spec.type || type,
    spec.name || name,
  );
}

/** A child's name under its parent's former name: `newapp-role` under `app` was `app-role`. */
function inherited(context: AliasContext, type: string, name: string, parentName: string, parentAlias: string): string {
  const former = name.startsWith(parentName) ? parseUrn(parentAlias).name + name.slice(parentName.length) : name;
  return createUrn(context.stack, context.project, parentAlias, type, former);
}

/**
 * Every URN under which the state may know a resource, the declared ones first, then those that follow from its
 * parent's former name.
 */
export function aliasUrns(
  context: AliasContext,
  name: string,
  type: string,
  parent: string,
  specs: readonly AliasSpec[],
): string[] {
  const urns = specs.map((spec) => resolveSpec(context, name, type, parent, spec));
  const parentAlias = context.found.get(parent);
  if (parent !== "" && parentAlias !== undefined) {
    const parentName = parseUrn(parent).name;
    urns.push(inherited(context, type, name, parentName, parentAlias));
    for (const alias of [...urns]) {
      const { type: aliasType, name: aliasName } = parseUrn(alias);
      urns.push(inherited(context, aliasType, aliasName, parentName, parentAlias));
    }
  }
  return [...new Set(urns)];
}
