import { Anthropic as Client } from "@anthropic-ai/sdk";
import { type Anthropic, startAnthropic } from "../../anthropic";

/** The stand-in and the official client of it, which repeats nothing by itself. */
export interface Served {
  readonly standIn: Anthropic;
  readonly client: Client;
  /** One of the sandbox's own routes. */
  control<T>(method: string, path: string, body?: unknown): Promise<T>;
}

export async function served(): Promise<Served> {
  const standIn = await startAnthropic();
  return {
    standIn,
    client: new Client({ baseURL: standIn.api, apiKey: standIn.key, maxRetries: 0, logLevel: "off" }),
    control: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const response = await fetch(`${standIn.api}/_sandbox/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as T;
      if (!response.ok) throw new Error(JSON.stringify(answer));
      return answer;
    },
  };
}

/** Everything of a list, page by page. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** An agent with its own tools and one MCP server. */
export const AGENT = {
  name: "coder",
  model: "claude-opus-5-5",
  system: "Write code.",
  mcp_servers: [{ type: "url", name: "gate", url: "https://gate.example/mcp" }],
  tools: [
    { type: "agent_toolset_20260401", configs: [{ name: "web_fetch", enabled: false }] },
    {
      type: "mcp_toolset",
      mcp_server_name: "gate",
      default_config: { enabled: false },
      configs: [{ name: "create_pull_request", enabled: true }],
    },
  ],
} satisfies Parameters<Client["beta"]["agents"]["create"]>[0];
