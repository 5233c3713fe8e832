import { HttpError } from "./errors";

/** Versions of the REST API that GitHub serves, oldest first. */
export const API_VERSIONS = ["2022-11-28", "2026-03-10"] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

/**
 * The version that a request asks for; GitHub's default when it asks for none. @throws 400 for a version that is not
 * served
 */
export function apiVersion(header: string | string[] | undefined): ApiVersion {
  if (header === undefined || header === "") return API_VERSIONS[0];
  const version = API_VERSIONS.find((one) => one === header);
  if (version === undefined)
    throw new HttpError(400, `"${String(header)}" is not a supported version of the GitHub REST API.`);
  return version;
}

type Json = Record<string, unknown>;

/** Keys that 2026-03-10 no longer has, and by which other key their object is known. */
const REMOVED: readonly (readonly [beside: string, keys: readonly string[]])[] = [
  ["assignees", ["assignee"]],
  ["merged_at", ["merge_commit_sha"]],
  ["full_name", ["has_downloads", "use_squash_pr_title_as_default"]],
  ["resources", ["rate"]],
  ["current_user_url", ["authorizations_url", "hub_url"]],
];

/**
 * A body in the shape of a version; bodies are made in the shape of the oldest one. The changes are those which
 * GitHub's OpenAPI description lists under `x-github-breaking-changes`, as far as the stand-in has what they are about.
 */
export function inVersion(version: ApiVersion, body: unknown): unknown {
  if (version === "2022-11-28" || typeof body !== "object" || body === null) return body;
  if (Array.isArray(body)) return body.map((item) => inVersion(version, item));
  const gone = new Set(REMOVED.flatMap(([beside, keys]) => (beside in body ? keys : [])));
  return Object.fromEntries(
    Object.entries(body as Json)
      .filter(([key]) => !gone.has(key))
      .map(([key, value]) => [key, inVersion(version, value)]),
  );
}
