/** One entry of the envelope's `errors`. */
export interface ApiMessage {
  readonly code: number;
  readonly message: string;
  readonly error_chain?: readonly ApiMessage[];
}

/**
 * An answer that is not a success, in Cloudflare's envelope. Thrown below a route, turned into the response by the
 * server.
 */
export class ApiError extends Error {
  readonly errors: readonly ApiMessage[];
  constructor(
    readonly status: number,
    code: number,
    message: string,
    chain?: readonly ApiMessage[],
  ) {
    super(message);
    this.name = "ApiError";
    this.errors = [chain === undefined ? { code, message } : { code, message, error_chain: chain }];
  }
}

/** Codes and words as the real service gives them; the number is what clients look at. */
export const errors = {
  noSuchRoute: () =>
    new ApiError(404, 7003, "Could not route to the requested path, perhaps your object identifier is invalid?"),
  methodNotAllowed: () => new ApiError(405, 7001, "Method not allowed for this endpoint"),
  missingCredentials: () => new ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"),
  malformedCredentials: () =>
    new ApiError(400, 6003, "Invalid request headers", [
      { code: 6111, message: "Invalid format for Authorization header" },
    ]),
  authentication: () => new ApiError(403, 10000, "Authentication error"),
  invalidToken: () => new ApiError(401, 1000, "Invalid API Token"),
  otherAccount: () => new ApiError(403, 9109, "Unauthorized to access requested resource"),
  badJson: () => new ApiError(400, 10026, "Could not parse request body, invalid JSON"),
  invalid: (message: string) => new ApiError(400, 10001, message),
  scriptNotFound: () => new ApiError(404, 10007, "This Worker does not exist on your account."),
  serviceNotFound: () => new ApiError(404, 10090, "This service does not exist."),
  environmentNotFound: () => new ApiError(404, 10092, "This environment does not exist."),
  /** The upload was understood and cannot become a Worker. */
  upload: (message: string) => new ApiError(400, 10021, message),
  migrationTag: (current: string | undefined) =>
    new ApiError(
      412,
      10079,
      current === undefined
        ? "Migration tag precondition failed; there is no current tag"
        : `Migration tag precondition failed; current tag is '${current}'`,
    ),
} as const;
