import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Anthropic as Client } from "@anthropic-ai/sdk";
import { ProxyAgent, request } from "undici";
import type { Anthropic } from "../anthropic";
import { certificateFor } from "./certificate";
import { startEgress, type EgressProxy, type Outgoing } from "./proxy";

/** What `sessions.create` of Anthropic's API takes. */
export type CreateSession = Parameters<Client["beta"]["sessions"]["create"]>[0];

/** What a command of the agent's printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly text: string;
}

/** What came back for a request; status 0 where nothing came. */
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

const COMMAND_MS = 60_000;

/**
 * A scripted agent in a session of its own. It does what a model would do with `bash`: each command is an event of the
 * session, a person confirms it where the agent's policy says so, and it runs in a home of its own, with placeholders in
 * its environment and one way out. It runs no model.
 * @example
 * const agent = await AgentSession.start({ anthropic, session: outputs.agentSession, upstreams });
 * await agent.bash("git clone https://github.com/acme/api");
 * await agent.close();
 */
export class AgentSession {
  private closing: Promise<void> | undefined;

  private constructor(
    readonly id: string,
    private readonly anthropic: SessionOptions["anthropic"],
    private readonly client: Client,
    private readonly egress: EgressProxy,
    private readonly sandbox: {
      readonly home: string;
      readonly certificate: string;
      readonly setUp: string;
      readonly asks: boolean;
    },
  ) {}

  /**
   * Creates the session, as whoever starts one does.
   * @throws Error when the agent's system prompt shows no commands to begin with
   */
  static async start({ anthropic, session, upstreams }: SessionOptions): Promise<AgentSession> {
    const client = new Client({ baseURL: anthropic.api, apiKey: anthropic.key, maxRetries: 0, logLevel: "off" });
    const { id, agent } = await client.beta.sessions.create(session);
    const setUp = firstCommands(agent.system ?? "");
    if (setUp === "") throw new Error(`the system prompt of ${agent.name} shows no commands to begin with`);
    await client.beta.sessions.events.send(id, {
      events: [{ type: "user.message", content: [{ type: "text", text: "Say hello in a pull request." }] }],
    });
    const tls = certificateFor([...upstreams.keys()]);
    const egress = await startEgress(() => anthropic.egress(id), upstreams, tls);
    const home = mkdtempSync(join(tmpdir(), "gatehouse-agent-"));
    writeFileSync(join(home, CERTIFICATE), tls.certificate);
    const sandbox = { home, setUp, certificate: tls.certificate, asks: asksForBash(agent.tools) };
    return new AgentSession(id, anthropic, client, egress, sandbox);
  }

  /** Everything that left the sandbox, or tried to. */
  get outgoing(): readonly Outgoing[] {
    return this.egress.log;
  }

  /** What stands in for each secret in the sandbox, by variable. */
  get placeholders(): Readonly<Record<string, string>> {
    const { secrets } = this.anthropic.egress(this.id);
    return Object.fromEntries(secrets.map(({ name, placeholder }) => [name, placeholder]));
  }

  /** One call of `bash` in the agent's home, after the commands of the system prompt. */
  async bash(command: string): Promise<Ran> {
    const call = await this.call(command);
    const ran = await this.run(`${this.sandbox.setUp}${command}`);
    await this.tell([{ type: "agent.tool_result", tool_use_id: call, content: [{ type: "text", text: ran.text }] }]);
    return ran;
  }

  /**
   * A request by one of the sandbox's own programs, such as curl: through the one way out.
   * @param headers may hold placeholders
   */
  async ask(method: string, url: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answer> {
    const dispatcher = new ProxyAgent({
      uri: this.egress.url,
      requestTls: { ca: this.sandbox.certificate },
      proxyTunnel: url.startsWith("https:"),
    });
    try {
      const answer = await request(url, {
        method: method as "GET",
        dispatcher,
        headers: { "user-agent": "gatehouse-agent", ...(body === undefined ? {} : JSON_BODY), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      return { status: 0, text: (error as Error).message };
    } finally {
      await dispatcher.destroy();
    }
  }

  /** Ends the session and removes its home. Calling it again does nothing. */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private async end(): Promise<void> {
    await this.egress.close();
    rmSync(this.sandbox.home, { recursive: true, force: true });
    await this.tell([{ type: "session.status_idle" }]);
    await this.client.beta.sessions.archive(this.id);
  }

  /** Records the call, and confirms it as a person does where the agent's policy asks. */
  private async call(command: string): Promise<string> {
    const { asks } = this.sandbox;
    const [call] = await this.tell([
      {
        type: "agent.tool_use",
        name: "bash",
        input: { command },
        evaluated_permission: asks ? "ask" : "allow",
      },
    ]);
    const id = String(call?.id);
    if (asks) {
      await this.tell([{ type: "session.status_idle" }]);
      await this.client.beta.sessions.events.send(this.id, {
        events: [{ type: "user.tool_confirmation", tool_use_id: id, result: "allow" }],
      });
    }
    return id;
  }

  /** What the agent did, as the service's own records have it. */
  private async tell(events: readonly object[]): Promise<readonly { readonly id?: string }[]> {
    const answer = await fetch(`${this.anthropic.api}/_sandbox/sessions/${this.id}/events`, {
      method: "POST",
      body: JSON.stringify({ events }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the Anthropic stand-in answered ${answer.status}: ${text}`);
    return (JSON.parse(text) as { data: { id?: string }[] }).data;
  }

  private run(script: string): Promise<Ran> {
    const { home } = this.sandbox;
    const certificate = join(home, CERTIFICATE);
    // Nothing of this machine's environment: whatever is in it would be in the agent's hands.
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      http_proxy: this.egress.url,
      https_proxy: this.egress.url,
      no_proxy: "",
      GIT_SSL_CAINFO: certificate,
      CURL_CA_BUNDLE: certificate,
      SSL_CERT_FILE: certificate,
      ...this.placeholders,
    };
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", script], {
        cwd: home,
        env,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: COMMAND_MS,
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

/** Of the way out, in the agent's home: a real sandbox trusts Anthropic's own. */
const CERTIFICATE = ".egress.pem";
const JSON_BODY = { "content-type": "application/json" };

/** The shell commands that a system prompt shows. */
const firstCommands = (system: string): string => /```sh\n([\s\S]*?)```/.exec(system)?.[1] ?? "";

/** Whether a person confirms each call of `bash`. */
function asksForBash(tools: readonly unknown[]): boolean {
  const toolsets = tools as {
    type: string;
    configs?: { name: string; permission_policy?: { type: string } | null }[];
  }[];
  const bash = toolsets
    .find(({ type }) => type === "agent_toolset_20260401")
    ?.configs?.find(({ name }) => name === "bash");
  return bash?.permission_policy?.type !== "always_allow";
}
