/** One item of the `errors` list of a 422. */
export interface FieldError {
  resource?: string;
  field?: string;
  code?: string;
  message?: string;
}

/**
 * An answer that is not a success, as GitHub words it. Thrown anywhere below a route and turned into the response
 * there.
 */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly extra: { errors?: (FieldError | string)[]; headers?: Record<string, string>; documentation?: string } = {},
  ) {
    super(message);
    this.name = "HttpError";
  }
}

export const DOCS = "https://docs.github.com/rest";

/** What one gets without access: GitHub does not say whether the thing exists. */
export const notFound = (): HttpError => new HttpError(404, "Not Found");
export const forbidden = (message: string, headers?: Record<string, string>): HttpError =>
  new HttpError(403, message, headers ? { headers } : {});
export const invalid = (resource: string, field: string, code: string, message?: string): HttpError =>
  new HttpError(422, "Validation Failed", {
    errors: [message === undefined ? { resource, field, code } : { resource, field, code, message }],
  });
/** A body that does not fit the operation's schema. */
export const badRequest = (detail: string): HttpError => new HttpError(422, `Invalid request.\n\n${detail}`);
