import * as fs from "node:fs";
import * as path from "node:path";
import {
  buildSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
} from "graphql";

/**
 * GitHub's GraphQL as a suspicious reader imagines it: every object knows which repository it belongs to, every way
 * that could lead to another one does, and whatever belongs to a repository that is not listed answers with a canary.
 * Knows nothing of the gate's table.
 */
let made: GraphQLSchema | undefined;

export function githubSchema(): GraphQLSchema {
  return (made ??= buildSchema(
    fs.readFileSync(path.resolve(__dirname, "../../../node_modules/@octokit/graphql-schema/schema.graphql"), "utf8"),
    { assumeValid: true },
  ));
}

export const CANARY = "CANARY-OF-ANOTHER-REPOSITORY";
export const CANARY_NUMBER = -424_242;
const FOREIGN_ID = "R_foreign";

/** Node ids that exist, and where they belong. */
export const PLACES: Readonly<Record<string, Place>> = {
  R_kgDOapi: "acme/api",
  R_kgDOdocs: "acme/docs",
  R_foreign: "foreign",
  I_api1: "acme/api",
  I_docs1: "acme/docs",
  I_foreign1: "foreign",
  PR_api1: "acme/api",
  PR_foreign1: "foreign",
  IC_api1: "acme/api",
  IC_foreign1: "foreign",
  U_person1: "person",
};
const TYPES: Readonly<Record<string, string>> = {
  R: "Repository",
  I: "Issue",
  PR: "PullRequest",
  IC: "IssueComment",
  U: "User",
};
const REPOSITORY_IDS: Readonly<Record<string, [string, number]>> = {
  "acme/api": ["R_kgDOapi", 101],
  "acme/docs": ["R_kgDOdocs", 102],
};

export type Place = "acme/api" | "acme/docs" | "foreign" | "person" | "nowhere";
interface Thing {
  readonly __typename: string;
  readonly place: Place;
  /** Where its total belongs, if that is another place: see `COUNTED`. */
  readonly counted?: Place | undefined;
}

const PEOPLE = new Set([
  "Actor",
  "User",
  "Organization",
  "Bot",
  "Mannequin",
  "EnterpriseUserAccount",
  "RepositoryOwner",
  "Team",
  "Assignee",
  "RequestedReviewer",
  "ProfileOwner",
  "SuggestedReviewer",
  "SuggestedReviewerActor",
]);
/** What may stand in any repository: only where one is contained in another do both have the same place. */
const ANYWHERE = new Set([
  "Repository",
  "Issue",
  "PullRequest",
  "IssueOrPullRequest",
  "ReferencedSubject",
  "Discussion",
  "ProjectV2",
  "Project",
  "Gist",
  "Closer",
  "Node",
  "SearchResultItem",
  "IssueTimelineItems",
  "PullRequestTimelineItems",
  "Starrable",
  "Enterprise",
  "Sponsorship",
  "Package",
  "RepositoryInfo",
  "RepositoryVulnerabilityAlert",
]);
const CONTAINED: Readonly<Record<string, readonly string[]>> = {
  Repository: ["issue", "issues", "pullRequest", "pullRequests", "issueOrPullRequest"],
  IssueComment: ["issue", "pullRequest"],
  PullRequestReview: ["pullRequest"],
  PullRequestReviewComment: ["pullRequest"],
  PullRequestReviewThread: ["pullRequest"],
  PullRequestCommit: ["pullRequest"],
};

/**
 * Lists over several repositories whose length is a fact about the object that has them, as REST says it in that
 * object's own answer (`sub_issues_summary`). The entries, their cursors and everything else belong elsewhere.
 */
const COUNTED: Readonly<Record<string, readonly string[]>> = { Issue: ["subIssues"] };

/** The type of what is in a page or an edge, or the type itself. */
function itemOf(schema: GraphQLSchema, name: string): string {
  const type = schema.getType(name);
  if (!isObjectType(type)) return name;
  const inner = name.endsWith("Connection")
    ? type.getFields()["nodes"]
    : name.endsWith("Edge")
      ? type.getFields()["node"]
      : undefined;
  return inner === undefined ? name : getNamedType(inner.type).name;
}

function rootPlace(field: string, args: Readonly<Record<string, unknown>>, index: number): Place {
  if (field === "repository") {
    const full = `${String(args["owner"])}/${String(args["name"])}`.toLowerCase();
    return full in REPOSITORY_IDS ? (full as Place) : "foreign";
  }
  if (field === "node") return PLACES[String(args["id"])] ?? "foreign";
  if (field === "nodes") return PLACES[String((args["ids"] as readonly unknown[])[index])] ?? "foreign";
  if (field === "search") {
    const terms = String(args["query"])
      .replace(/"[^"]*"/g, "")
      .split(/[ \t\r\n]+/);
    const scopes = terms.filter((t) => t.toLowerCase().startsWith("repo:"));
    const wide =
      terms.some((t) => /^(?:or|not|and|-?(?:org|user|owner|enterprise|fork):.*)$/i.test(t)) ||
      /[()]/.test(String(args["query"]));
    return !wide && scopes.length > 0 && scopes.every((s) => /^repo:acme\/(?:api|docs)$/i.test(s))
      ? "acme/api"
      : "foreign";
  }
  if (field === "viewer" || field === "user") return "person";
  if (field === "organization") return String(args["login"]).toLowerCase() === "acme" ? "person" : "foreign";
  return field === "rateLimit" || field === "meta" ? "nowhere" : "foreign";
}

function placeOf(
  schema: GraphQLSchema,
  source: Thing | undefined,
  parent: string,
  field: string,
  args: Readonly<Record<string, unknown>>,
  type: string,
  index: number,
): Place {
  if (parent === "Query") return rootPlace(field, args, index);
  if (parent === "Mutation") return "acme/api";
  const here = source?.place ?? "foreign";
  // Pages, edges and payloads hold what they were made for.
  if (parent.endsWith("Connection") || parent.endsWith("Edge") || parent.endsWith("Payload"))
    return PEOPLE.has(itemOf(schema, type)) ? "person" : here;
  const item = itemOf(schema, type);
  if (PEOPLE.has(item)) return "person";
  if (here === "foreign" || here === "person") return "foreign";
  if (field === "repository" || CONTAINED[parent]?.includes(field) === true) return here;
  if (ANYWHERE.has(item)) return "foreign";
  // A comparison takes a head of another owner.
  if (field === "compare" && String(args["headRef"]).includes(":")) return "foreign";
  return here;
}

let turn = 0;

function leaf(type: string, field: string, source: Thing | undefined): unknown {
  const place = field === "totalCount" ? (source?.counted ?? source?.place) : source?.place;
  const foreign = place === "foreign";
  if (type === "Boolean") return true;
  if (source?.__typename === "Repository" && !foreign) {
    const [id, number] = REPOSITORY_IDS[source.place] ?? ["R_kgDOapi", 101];
    if (field === "id") return id;
    if (field === "databaseId") return number;
  }
  if (type === "ID") return foreign ? FOREIGN_ID : "I_api1";
  if (type === "Int" || type === "Float") return foreign ? CANARY_NUMBER : 7;
  return foreign ? CANARY : "text";
}

/** Answers any field: leaves by place, objects with the place that the way to them gives. */
export const resolver: GraphQLFieldResolver<Thing | undefined, unknown, Record<string, unknown>> = (
  source,
  args,
  _context,
  info,
) => {
  const make = (type: GraphQLOutputType, index: number): unknown => {
    if (isNonNullType(type)) return make(type.ofType as GraphQLOutputType, index);
    if (isListType(type))
      return (
        info.fieldName === "nodes" && info.parentType.name === "Query" ? (args["ids"] as readonly unknown[]) : [0, 1]
      ).map((_, i) => make(type.ofType as GraphQLOutputType, i));
    if (isEnumType(type)) return type.getValues()[0]?.value;
    if (isLeafType(type)) return leaf(type.name, info.fieldName, source);
    const place = placeOf(info.schema, source, info.parentType.name, info.fieldName, args, type.name, index);
    const counted = COUNTED[info.parentType.name]?.includes(info.fieldName) === true ? source?.place : undefined;
    if (!isAbstractType(type)) return { __typename: type.name, place, counted } satisfies Thing;
    const asked =
      info.parentType.name === "Query"
        ? TYPES[
            String(info.fieldName === "nodes" ? (args["ids"] as readonly unknown[])[index] : args["id"]).split(
              "_",
            )[0] ?? ""
          ]
        : undefined;
    const possible = info.schema.getPossibleTypes(type);
    return { __typename: asked ?? possible[turn++ % possible.length]?.name ?? "", place } satisfies Thing;
  };
  return make(info.returnType, 0);
};
