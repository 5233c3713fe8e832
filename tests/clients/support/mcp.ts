import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Ended, Place } from "./ended";

/** The newest that its module's tags name. */
export const MCP_SERVER_VERSION = "1.9.0";

interface Message {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly isError?: boolean;
    readonly content?: readonly { readonly text?: string; readonly resource?: { readonly text?: string } }[];
  };
}

/**
 * Starts GitHub's MCP server and calls `<tool> {arguments}` of it over stdio, for acme/api. A tool's error is its text,
 * with exit 1.
 */
export async function runMcpTool(server: string, args: string, { env, cwd }: Place): Promise<Ended> {
  const [, name = "", given = "{}"] = /^(\w+)(?: (.*))?$/.exec(args) ?? [];
  const child = spawn(server, ["stdio"], {
    cwd,
    env: { ...env, GITHUB_HOST: `https://${env["GH_HOST"]}`, GITHUB_PERSONAL_ACCESS_TOKEN: env["GH_ENTERPRISE_TOKEN"] },
    stdio: ["pipe", "pipe", "ignore"],
    timeout: 60_000,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = (message: object): boolean => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  /** The answer to a request; what the server sends in between is for others. */
  const request = async (id: number, method: string, params: object): Promise<Message> => {
    send({ id, method, params });
    for (;;) {
      const { done, value } = await lines.next();
      if (done === true) throw new Error("the MCP server ended");
      const message = JSON.parse(value) as Message;
      if (message.id === id) return message;
    }
  };
  try {
    const clientInfo = { name: "gatehouse-tests", version: "1" };
    await request(1, "initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    send({ method: "notifications/initialized" });
    const repository = name === "get_me" || name.startsWith("search_") ? {} : { owner: "acme", repo: "api" };
    const answer = await request(2, "tools/call", {
      name,
      arguments: { ...repository, ...(JSON.parse(given) as object) },
    });
    const text = (answer.result?.content ?? []).map((part) => part.resource?.text ?? part.text ?? "").join("\n");
    const failed = answer.error !== undefined || answer.result?.isError === true;
    return failed
      ? { code: 1, stdout: "", stderr: answer.error?.message ?? text }
      : { code: 0, stdout: text, stderr: "" };
  } finally {
    child.kill();
  }
}
