/** Errors of the GraphQL API: what GitHub puts into `errors`, with its `type` beside the message. */
import { GraphQLError } from "graphql";
import { HttpError } from "../http/errors";

export type ErrorType =
  | "NOT_FOUND"
  | "FORBIDDEN"
  | "UNPROCESSABLE"
  | "STALE_DATA"
  | "INSUFFICIENT_SCOPES"
  | "MISSING_PAGINATION_BOUNDARIES"
  | "EXCESSIVE_PAGINATION"
  | "NOT_IMPLEMENTED";

/** A refusal of one field. */
export class FieldRefusal extends Error {
  constructor(
    readonly type: ErrorType,
    message: string,
  ) {
    super(message);
    this.name = "FieldRefusal";
  }
}

export const unresolved = (what: string): FieldRefusal =>
  new FieldRefusal("NOT_FOUND", `Could not resolve to ${what}.`);
export const unprocessable = (message: string): FieldRefusal => new FieldRefusal("UNPROCESSABLE", message);
export const notImplemented = (what: string): FieldRefusal =>
  new FieldRefusal("NOT_IMPLEMENTED", `The GitHub stand-in does not implement ${what}.`);

const TYPES: Readonly<Record<number, ErrorType>> = { 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "STALE_DATA" };

/** The JSON of an error as GitHub orders it. Errors that nobody meant keep their words from the asker. */
export function presentError(error: GraphQLError): Record<string, unknown> {
  const cause = error.originalError;
  const type =
    cause instanceof FieldRefusal
      ? cause.type
      : cause instanceof HttpError
        ? (TYPES[cause.status] ?? "UNPROCESSABLE")
        : undefined;
  const known = cause === undefined || cause === null || type !== undefined || cause instanceof GraphQLError;
  const validation = type === undefined ? validationDetails(error) : undefined;
  return {
    ...(type ? { type } : {}),
    ...(error.path ? { path: error.path } : {}),
    ...(validation ? { extensions: validation.extensions } : {}),
    ...(error.locations ? { locations: error.locations } : {}),
    message: !known
      ? "Something went wrong while executing your query."
      : validation
        ? validation.message
        : cause instanceof HttpError
          ? httpMessage(cause)
          : error.message,
  };
}

function httpMessage(error: HttpError): string {
  const details = (error.extra.errors ?? []).map((item) =>
    typeof item === "string" ? item : (item.message ?? `${item.field ?? ""} ${item.code ?? ""}`.trim()),
  );
  return details.length > 0 ? details.join(", ") : error.message;
}

/** GitHub words the commonest mistake of a document differently, and names its parts. */
function validationDetails(error: GraphQLError): { message: string; extensions: Record<string, string> } | undefined {
  const unknown = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(error.message);
  if (!unknown) return undefined;
  const [, fieldName = "", typeName = ""] = unknown;
  return {
    message: `Field '${fieldName}' doesn't exist on type '${typeName}'`,
    extensions: { code: "undefinedField", typeName, fieldName },
  };
}
