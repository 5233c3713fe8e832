/** The kinds of error that the API names. */
type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "not_found_error"
  | "conflict_error"
  | "rate_limit_error"
  | "api_error"
  | "overloaded_error";

/** An answer that is not a success. Thrown below a route, turned into the response by the server. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: ErrorType,
    message: string,
    /** The code that names the cause, where the API has one. */
    readonly code?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The body as the API writes it. */
  body(requestId: string): unknown {
    return {
      type: "error",
      error: {
        type: this.type,
        message: this.message,
        ...(this.code === undefined ? {} : { details: { error_code: this.code } }),
      },
      request_id: requestId,
    };
  }
}

/** The API's errors. Clients look at the status, the type and the code; the words are ours where none are documented. */
export const errors = {
  invalid: (message: string, code?: string) => new ApiError(400, "invalid_request_error", message, code),
  authentication: () => new ApiError(401, "authentication_error", "invalid x-api-key"),
  permission: (message: string) => new ApiError(403, "permission_error", message),
  notFound: (message = "Not found") => new ApiError(404, "not_found_error", message),
  methodNotAllowed: () => new ApiError(405, "invalid_request_error", "Method Not Allowed"),
  conflict: (message: string) => new ApiError(409, "conflict_error", message),
  ofStatus: (status: number) =>
    new ApiError(status, ERROR_TYPES[status] ?? "api_error", "A failure that the sandbox was asked for"),
} as const;

const ERROR_TYPES: Readonly<Record<number, ErrorType>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};
