import { text, urlProblem } from "./common";
import type { Fields } from "./field";

/** The configuration of the provider: `claude:apiKey` and so on, or the inputs of a `claude.Provider`. */
export const SETTINGS: Fields = {
  apiKey: text(
    "The API key of the workspace, a secret. Left out: ANTHROPIC_API_KEY, or whatever else the official SDK finds, such as a federation rule in CI.",
    { secret: true },
  ),
  baseUrl: text(
    "Where the service is: for self-hosted Claude Managed Agents. Left out: ANTHROPIC_BASE_URL, or https://api.anthropic.com.",
    { problem: urlProblem },
  ),
  workspaceId: text("The workspace, for credentials that can act on several."),
};
