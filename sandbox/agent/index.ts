/** A scripted agent that behaves like a session of Claude Managed Agents, and what it tries from inside. */
export { drillAsAgent } from "./drill";
export { AgentSession, type CreateSession } from "./session";
