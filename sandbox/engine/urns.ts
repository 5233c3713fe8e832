import { parseUrn, STACK_TYPE } from "../../infra/config/urn";

export { parseUrn, STACK_TYPE };

/** The identity of a resource. Children of the stack itself carry no parent type. */
export function createUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent ? parseUrn(parent).qualifiedType : "";
  const qualified = parentType !== "" && parentType !== STACK_TYPE ? `${parentType}$${type}` : type;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** How Pulumi shows a type: `vault:index/mount:Mount` as `vault:index:Mount`. */
export function displayType(type: string): string {
  const [pkg = "", module = "", name = ""] = type.split(":");
  const parts = module.split("/");
  const last = parts[parts.length - 1] ?? "";
  // The last part of the module repeats the type's name in another case; only then it says nothing.
  const shown =
    parts.length > 1 && name !== "" && last === name[0]!.toLowerCase() + name.slice(1)
      ? parts.slice(0, -1).join("/")
      : module;
  return [pkg, shown, name].join(":");
}

export const packageOf = (type: string): string => type.split(":")[0] ?? "";
export const isProviderType = (type: string): boolean => type.startsWith("pulumi:providers:");
export const isDefaultProviderName = (name: string): boolean => name === "default" || name.startsWith("default_");

/** A reference to a provider: its URN and id. */
export function parseProviderRef(ref: string): { urn: string; id: string } {
  const at = ref.lastIndexOf("::");
  return { urn: ref.slice(0, at), id: ref.slice(at + 2) };
}
export const providerRef = (urn: string, id: string): string => `${urn}::${id}`;
