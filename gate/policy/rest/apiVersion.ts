import { Refusal } from "../refusals";

/**
 * Versions of GitHub's REST API that an agent may ask for: answers of both are tested to pass the gate. Any other could
 * answer in a shape that nobody has looked at. The first is also GitHub's default; the gate always names a version, so
 * that GitHub may change its default without changing what the gate reads.
 */
export const API_VERSIONS = ["2022-11-28", "2026-03-10"] as const;

/**
 * Guard `api-version`: the version that goes on to GitHub for what the agent asks for; the first when it asks for none.
 */
export function judgeApiVersion(asked: string | undefined): string | Refusal {
  if (asked === undefined || asked === "") return API_VERSIONS[0];
  return API_VERSIONS.find((version) => version === asked) ?? new Refusal("api-version-not-allowed", asked);
}
