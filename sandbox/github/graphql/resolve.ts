/** Finds the function that answers a field. */
import {
  isInterfaceType,
  isObjectType,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLTypeResolver,
} from "graphql";
import { notImplemented } from "./errors";
import { mutations } from "./mutations";
import { objectResolvers } from "./objects";
import type { Args, FieldResolver, GraphqlContext, Source } from "./source";

/** Interfaces are asked after the type itself, so that what several types share is written once. */
function resolverOf(type: GraphQLObjectType, field: string): FieldResolver<unknown> | undefined {
  const names = [type.name, ...type.getInterfaces().map((found) => found.name)];
  for (const name of names) {
    const resolver = objectResolvers[name]?.[field];
    if (resolver) return resolver;
  }
  return type.name === "Mutation" ? mutations[field] : undefined;
}

export const resolveField: GraphQLFieldResolver<unknown, GraphqlContext, Args> = (source, args, context, info) => {
  const resolver = resolverOf(info.parentType, info.fieldName);
  if (resolver) return resolver(source, args, context);
  const own = (source as Record<string, unknown> | null)?.[info.fieldName];
  if (own !== undefined && Object.hasOwn(source as object, info.fieldName)) {
    return typeof own === "function" ? (own as (args: Args, context: GraphqlContext) => unknown)(args, context) : own;
  }
  throw notImplemented(`the field ${info.parentType.name}.${info.fieldName}`);
};

export const resolveType: GraphQLTypeResolver<unknown, GraphqlContext> = (value, _context, info, abstract) => {
  const { type } = value as Source;
  const found = info.schema.getType(type);
  if (found && isObjectType(found)) return type;
  throw notImplemented(`${isInterfaceType(abstract) ? "interface" : "union"} ${abstract.name} for ${String(type)}`);
};
