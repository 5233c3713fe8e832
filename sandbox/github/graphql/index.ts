/**
 * GitHub's GraphQL API over the stand-in's state: documents are validated and executed with graphql-js against GitHub's
 * own schema. What is not implemented answers an error that names it; nothing is made up.
 */
import { execute, getOperationAST, GraphQLError, parse, type DocumentNode } from "graphql";
import { HttpError } from "../http/errors";
import { presentError } from "./errors";
import { measure, MOST_NODES } from "./measure";
import { resolveField, resolveType } from "./resolve";
import { problemsOf, schema } from "./schema";
import type { GraphqlContext } from "./source";

export type { GraphqlContext } from "./source";

export interface GraphqlRequest {
  query?: unknown;
  variables?: unknown;
  operationName?: unknown;
}

/** HTTP 200 for whatever a document leads to, as on GitHub. `data` is absent when nothing was executed. */
export interface GraphqlAnswer {
  data?: Record<string, unknown> | null;
  errors?: Record<string, unknown>[];
}

/**
 * Answers one request.
 * @throws HttpError 401 without credentials, 400 for a body without a document
 */
export async function executeGraphql(context: GraphqlContext, request: GraphqlRequest): Promise<GraphqlAnswer> {
  if (context.auth.kind === "anonymous") throw new HttpError(401, "This endpoint requires you to be authenticated.");
  if (context.auth.kind === "app")
    throw new HttpError(401, "A JSON web token cannot be used here. Use an installation access token.");
  if (typeof request.query !== "string" || request.query.trim() === "")
    throw new HttpError(400, "A query attribute must be specified and must be a string.");
  if (
    request.variables !== undefined &&
    request.variables !== null &&
    (typeof request.variables !== "object" || Array.isArray(request.variables))
  ) {
    throw new HttpError(400, "Variables must be an object.");
  }
  const operationName =
    typeof request.operationName === "string" && request.operationName !== "" ? request.operationName : undefined;

  let document: DocumentNode;
  try {
    document = parse(request.query, { maxTokens: 20_000 });
  } catch (error) {
    return { errors: [presentError(error as GraphQLError)] };
  }
  const problems = problemsOf(document);
  if (problems.length > 0) return { errors: problems.map(presentError) };
  const operation = getOperationAST(document, operationName);
  if (!operation) {
    const message = operationName ? `No operation named "${operationName}"` : "An operation name is required";
    return { errors: [{ message }] };
  }
  const variables = (request.variables ?? {}) as Record<string, unknown>;
  const measured = measure(document, operation, variables);
  if (measured.nodes > MOST_NODES) {
    const message = `This query requests up to ${measured.nodes.toLocaleString("en-US")} possible nodes which exceeds the maximum limit of ${MOST_NODES.toLocaleString("en-US")}.`;
    return { errors: [{ type: "MAX_NODE_LIMIT_EXCEEDED", message }] };
  }
  const { data, errors } = await execute({
    schema: schema(),
    document,
    operationName,
    contextValue: { ...context, measured },
    rootValue: {},
    variableValues: variables,
    fieldResolver: resolveField,
    typeResolver: resolveType,
  });
  return {
    // GraphQL-js makes objects without a prototype, which some comparisons do not like.
    ...(data === undefined
      ? {}
      : { data: data === null ? null : (JSON.parse(JSON.stringify(data)) as Record<string, unknown>) }),
    ...(errors?.length ? { errors: errors.map(presentError) } : {}),
  };
}
