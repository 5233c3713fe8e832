/** GitHub's own GraphQL schema, read once when first needed (about 0.3 s). */
import { readFileSync } from "node:fs";
import { buildSchema, GraphQLError, OverlappingFieldsCanBeMergedRule, specifiedRules, validate, type DocumentNode, type GraphQLSchema } from "graphql";

let loaded: GraphQLSchema | undefined;

export function schema(): GraphQLSchema {
  loaded ??= buildSchema(readFileSync(require.resolve("@octokit/graphql-schema/schema.graphql"), "utf8"), { assumeValidSDL: true });
  return loaded;
}

/**
 * GitHub merges fields whose types differ in nullability, which the specification forbids: the widely used document that reads branch
 * protections (`name` of App, Team and User side by side) is invalid by that rule. So the rule is left out.
 */
const rules = specifiedRules.filter((rule) => rule !== OverlappingFieldsCanBeMergedRule);

export function problemsOf(document: DocumentNode): readonly GraphQLError[] {
  return validate(schema(), document, rules, { maxErrors: 25 });
}
