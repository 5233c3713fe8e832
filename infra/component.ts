import * as pulumi from "@pulumi/pulumi";

/**
 * Base of every Gatehouse component. The name of a child starts with the name of its component, so that a name in a
 * diff tells where the resource belongs and two components never use the same name. Any other name stops the program.
 * @example
 * class Team extends GatehouseComponent {
 *   constructor(name: string) {
 *     super("acme:index:Team", name);
 *     new github.Team(`${name}-team`, {}, { parent: this }); // "team" alone would be refused
 *   }
 * }
 */
export abstract class GatehouseComponent extends pulumi.ComponentResource {
  /** Every resource below this component, at any depth, in the order in which they are declared. */
  protected readonly below: readonly pulumi.Resource[];

  constructor(type: string, name: string, opts?: pulumi.ComponentResourceOptions) {
    const below: pulumi.Resource[] = [];
    const notes: pulumi.ResourceTransformation = (child) => {
      if (child.name !== name) below.push(child.resource as pulumi.Resource);
      return undefined;
    };
    super(type, name, {}, pulumi.mergeOptions(opts, { transformations: [ownsNames(name), notes] }));
    this.below = below;
  }
}

function ownsNames(parent: string): pulumi.ResourceTransformation {
  return ({ name, type }) => {
    if (name !== parent && !name.startsWith(`${parent}-`)) {
      throw new pulumi.RunError(`The resource ${name} (${type}) inside ${parent} must be named ${parent}-…`);
    }
    return undefined;
  };
}
