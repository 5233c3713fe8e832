/** GitHub's own GraphQL schema, read once when first needed (about 0.3 s). */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  buildSchema,
  GraphQLError,
  OverlappingFieldsCanBeMergedRule,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from "graphql";

/**
 * What GitHub's reference has (https://docs.github.com/graphql/reference/objects#issue) and the installed copy of its
 * schema not yet.
 */
const NEWER = `
extend type Issue {
  issueType: IssueType
  blockedBy(after: String, before: String, first: Int, last: Int, orderBy: IssueDependencyOrder): IssueConnection
  blocking(after: String, before: String, first: Int, last: Int, orderBy: IssueDependencyOrder): IssueConnection
}
type IssueType implements Node {
  color: IssueTypeColor!
  description: String
  id: ID!
  isEnabled: Boolean!
  name: String!
}
enum IssueTypeColor { BLUE GRAY GREEN ORANGE PINK PURPLE RED YELLOW }
enum IssueDependencyOrderField { CREATED_AT DEPENDENCY_ADDED_AT }
input IssueDependencyOrder { direction: OrderDirection!, field: IssueDependencyOrderField! }
`;

let loaded: GraphQLSchema | undefined;

export function schema(): GraphQLSchema {
  loaded ??= buildSchema(readFileSync(schemaFile(), "utf8") + NEWER, { assumeValidSDL: true });
  return loaded;
}

/** The package exports an ES module alone, so its file is looked for where Node would look for the package. */
function schemaFile(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const file = join(folder, "node_modules", "@octokit", "graphql-schema", "schema.graphql");
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) throw new Error("the package @octokit/graphql-schema is not installed; run npm ci");
  }
}

/**
 * GitHub merges fields whose types differ in nullability, which the specification forbids: the widely used document
 * that reads branch protections (`name` of App, Team and User side by side) is invalid by that rule. So the rule is
 * left out.
 */
const rules = specifiedRules.filter((rule) => rule !== OverlappingFieldsCanBeMergedRule);

export function problemsOf(document: DocumentNode): readonly GraphQLError[] {
  return validate(schema(), document, rules, { maxErrors: 25 });
}
