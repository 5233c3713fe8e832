import { text } from "./common";
import type { Fields } from "./field";

interface FunctionModel {
  readonly description: string;
  readonly inputs: Fields;
  readonly outputs: Fields;
}

/** What can be looked up. Sessions are started by programs, not declared: they are read only. */
export const FUNCTIONS: Readonly<Record<string, FunctionModel>> = {
  getSession: {
    description:
      "Reads a session, with the agent as it was resolved for it: whoever starts a session may have replaced tools and instructions of the reviewed agent.",
    inputs: { id: text("Id of the session.", { required: true }) },
    outputs: { session: { kind: "json", description: "The session as the service tells it.", required: true } },
  },
  getSessions: {
    description: "Lists the sessions of an agent or of a workspace, newest first.",
    inputs: {
      agentId: text("Only sessions of this agent."),
      limit: { kind: "integer", minimum: 1, description: "At most so many.", default: 100 },
    },
    outputs: {
      sessions: {
        kind: "list",
        required: true,
        description: "The sessions as the service tells them.",
        items: { kind: "json", description: "A session." },
      },
    },
  },
};
