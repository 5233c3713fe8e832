/** The type of the resource that stands for the whole stack. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** The types of all parents but the stack, then the own type, joined by `$`. */
  readonly qualifiedType: string;
  readonly type: string;
  readonly name: string;
}

/** `urn:pulumi:<stack>::<project>::<qualified type>::<name>`; a name may itself contain `::`. */
export function parseUrn(urn: string): UrnParts {
  const [stack = "", project = "", qualifiedType = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  return { stack, project, qualifiedType, type: qualifiedType.split("$").pop() ?? "", name: name.join("::") };
}
