export { ClaudeAgent, type ClaudeAgentArgs, type ClaudeSession } from "./claudeAgent";
