import { spawn } from "node:child_process";
import { request } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Anthropic as Client } from "@anthropic-ai/sdk";
import type { Anthropic } from "../anthropic";
import { startEgress, type EgressProxy, type Outgoing } from "./proxy";

type CreateSession = Parameters<Client["beta"]["sessions"]["create"]>[0];
type Policy = "allow" | "ask";

/** What a command of the agent's printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly text: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface SessionOptions {
  /** The service that knows the agent. */
  readonly anthropic: Pick<Anthropic, "api" | "key" | "egress">;
  /** What the session starts with: the stack's output `agentSession`. */
  readonly session: CreateSession;
  /** Where each known host is on this machine. */
  readonly upstreams: ReadonlyMap<string, string>;
}

/**
 * A scripted agent in a session of its own. It does what a model would do with `bash`: each command is an event of the
 * session, a person confirms it where the agent's policy says so, and it runs in a home of its own, with placeholders in
 * its environment and one way out. It runs no model, and speaks http where a real one speaks https.
 */
export class AgentSession {
  private setUp = "";

  private constructor(
    readonly id: string,
    private readonly client: Client,
    private readonly options: SessionOptions,
    private readonly policy: Policy,
    private readonly egress: EgressProxy,
    private readonly home: string,
  ) {}

  /** Creates the session, and runs what the agent's system prompt tells it to run first. */
  static async start(options: SessionOptions): Promise<AgentSession> {
    const { anthropic, upstreams } = options;
    const client = new Client({ baseURL: anthropic.api, apiKey: anthropic.key, maxRetries: 0, logLevel: "off" });
    const created = await client.beta.sessions.create(options.session);
    const egress = await startEgress(() => anthropic.egress(created.id), upstreams);
    const session = new AgentSession(
      created.id,
      client,
      options,
      bashPolicy(created.agent.tools),
      egress,
      mkdtempSync(join(tmpdir(), "gatehouse-agent-")),
    );
    session.setUp = plainHttp(firstCommands(created.agent.system ?? ""), upstreams);
    return session;
  }

  /** Everything that left the sandbox, or tried to. */
  get outgoing(): readonly Outgoing[] {
    return this.egress.log;
  }

  /** What stands in for each secret in the sandbox. */
  get placeholders(): Readonly<Record<string, string>> {
    const { secrets } = this.options.anthropic.egress(this.id);
    return Object.fromEntries(secrets.map(({ name, placeholder }) => [name, placeholder]));
  }

  /** One call of `bash`, after the set-up, in the agent's home. */
  async bash(command: string): Promise<Ran> {
    const call = await this.call(command);
    const ran = await this.run(`${this.setUp}${command}`);
    await this.tell([
      { type: "agent.tool_result", tool_use_id: call, content: [{ type: "text", text: ran.text }] },
      { type: "session.status_idle" },
    ]);
    return ran;
  }

  /**
   * A request by one of the sandbox's own programs, such as curl: through the one way out.
   * @param headers may hold placeholders
   */
  async ask(method: string, url: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answer> {
    const { protocol, host, hostname, port } = new URL(url);
    const proxy = new URL(this.egress.url);
    const tunnel = protocol === "https:";
    const sent = body === undefined ? "" : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request({
        host: proxy.hostname,
        port: proxy.port,
        method: tunnel ? "CONNECT" : method,
        path: tunnel ? `${hostname}:${port || "443"}` : url,
        headers: {
          "user-agent": "gatehouse-agent",
          ...(sent === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }),
          ...headers,
          host,
        },
        agent: false,
      });
      call.on("error", reject);
      call.on("connect", ({ statusCode = 0 }, socket) => {
        socket.destroy();
        resolve({ status: statusCode, text: "" });
      });
      call.on("response", (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            text += chunk;
          })
          .on("end", () => {
            resolve({ status: response.statusCode ?? 0, text });
          });
      });
      call.end(sent);
    });
  }

  /** Ends the session and removes its home. */
  async close(): Promise<void> {
    await this.egress.close();
    rmSync(this.home, { recursive: true, force: true });
    await this.client.beta.sessions.archive(this.id);
  }

  /** Records the call, and confirms it as a person does where the policy asks. */
  private async call(command: string): Promise<string> {
    const [call] = await this.tell([
      { type: "agent.tool_use", name: "bash", input: { command }, evaluated_permission: this.policy },
    ]);
    const id = String(call?.id);
    if (this.policy === "ask") {
      await this.tell([{ type: "session.status_idle" }]);
      await this.client.beta.sessions.events.send(this.id, {
        events: [{ type: "user.tool_confirmation", tool_use_id: id, result: "allow" }],
      });
    }
    return id;
  }

  private async tell(events: readonly object[]): Promise<readonly { readonly id?: string }[]> {
    const answer = await fetch(`${this.options.anthropic.api}/_sandbox/sessions/${this.id}/events`, {
      method: "POST",
      body: JSON.stringify({ events }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the Anthropic stand-in answered ${answer.status}: ${text}`);
    return (JSON.parse(text) as { data: { id?: string }[] }).data;
  }

  private run(script: string): Promise<Ran> {
    const proxy = this.egress.url;
    // Nothing of this machine's environment: whatever is in it would be in the agent's hands.
    const env = {
      PATH: process.env.PATH,
      HOME: this.home,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      http_proxy: proxy,
      https_proxy: proxy,
      no_proxy: "",
      ...this.placeholders,
    };
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", script], {
        cwd: this.home,
        env,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 60_000,
      });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
      child.on("error", reject);
      child.on("close", (code) => {
        resolve({ code: code ?? 1, text });
      });
    });
  }
}

/** The shell commands that a system prompt shows. */
const firstCommands = (system: string): string => /```sh\n([\s\S]*?)```/.exec(system)?.[1] ?? "";

/** The same commands without TLS: on this machine nobody has a certificate for the gate's name. */
const plainHttp = (script: string, upstreams: ReadonlyMap<string, string>): string =>
  [...upstreams.keys()].reduce((text, host) => text.replaceAll(`.https://${host}/.`, `.http://${host}/.`), script);

function bashPolicy(tools: readonly unknown[]): Policy {
  const toolsets = tools as {
    type: string;
    configs?: { name: string; permission_policy?: { type: string } | null }[];
  }[];
  const bash = toolsets
    .find(({ type }) => type === "agent_toolset_20260401")
    ?.configs?.find(({ name }) => name === "bash");
  return bash?.permission_policy?.type === "always_allow" ? "allow" : "ask";
}
