import * as github from "@pulumi/github";

/**
 * A question to GitHub's REST API for which the provider has no look-up: the parsed answer, undefined for 404. @throws
 * Error for any other status
 */
export async function restGet(endpoint: string): Promise<unknown> {
  const { code, body } = await github.getRestApi({ endpoint });
  if (code === 404) return undefined;
  if (code !== 200) throw new Error(`GET ${endpoint}: ${code}`);
  return JSON.parse(body) as unknown;
}
