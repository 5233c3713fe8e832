import { createHash } from "node:crypto";
import type { Anthropic } from "@anthropic-ai/sdk";
import { asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import { addressFrom } from "../../support/address";
import { type AgentLine, keptLine } from "../agent/lines";
import { isDeclared, type Reviewed } from "../agent/reviewed";
import type { AgentState } from "../trail";

/** What the stack declares at Anthropic, by name. */
export interface DeclaredAgent {
  /** Name of the agent. */
  readonly agent: string;
  readonly environment: string;
  readonly vault: string;
  /** Hosts that the sandbox may reach. */
  readonly hosts: readonly string[];
  /** What the agent is declared to be: model, system prompt, tools, MCP servers. */
  readonly definition: object;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Any of these lets the official client sign in: a key, a token, or federation (a token file of CI in place of a key). */
const CREDENTIALS = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_FEDERATION_RULE_ID"];

/**
 * A client of Anthropic's API with what the environment variables say. Its reads are repeated by itself, as the service
 * asks for it: a repeated read does no harm.
 * @param maxRetries 0 for whoever writes, and decides what may be sent again
 * @returns why there is none, when no variable has a credential
 */
export function claudeClient(env: Env, maxRetries = 4): { readonly client: Anthropic } | { readonly missing: string } {
  if (!CREDENTIALS.some((name) => env[name]))
    return {
      missing: `set ${CREDENTIALS[0]}, or the variables of federation (ANTHROPIC_FEDERATION_RULE_ID, ANTHROPIC_ORGANIZATION_ID and ANTHROPIC_IDENTITY_TOKEN_FILE)`,
    };
  const baseURL = addressFrom(env, "ANTHROPIC_BASE_URL");
  // Large, and needed by this alone: every other command starts without it.
  // oxlint-disable-next-line typescript/no-require-imports -- see above; an import would load it at start-up
  const { Anthropic } = require("@anthropic-ai/sdk") as typeof import("@anthropic-ai/sdk");
  return { client: new Anthropic({ ...(baseURL === undefined ? {} : { baseURL }), logLevel: "off", maxRetries }) };
}

/** What a pull of the agent's side gives back. */
export interface PulledAgent {
  readonly lines: readonly AgentLine[];
  readonly state: Omit<AgentState, "until">;
}

/**
 * Reads what the agent's sessions did since the last pull: each session with its resolved agent, every thread, and the
 * events of each. A session is the agent's when it runs the declared agent, has its vault or stands in its environment;
 * others of the workspace are none of our business and are not kept.
 * @param known ids of lines that are on record
 * @throws never for what Anthropic refuses: that is named in `state.missing`
 */
export async function pullClaude(
  client: Anthropic,
  declared: DeclaredAgent,
  known: ReadonlySet<string>,
  before: AgentState | undefined,
  earlier: readonly string[],
  progress: (lines: number) => void = () => undefined,
): Promise<PulledAgent> {
  const lines: AgentLine[] = [];
  const seen = new Set(known);
  const add: Add = (kind, at, id, session, event, thread) => {
    if (seen.has(id)) return;
    seen.add(id);
    lines.push(
      keptLine({ source: "claude", kind, at, id, session, ...(thread === undefined ? {} : { thread }), event }),
    );
    progress(lines.length);
  };
  const ended: Record<string, string> = { ...before?.ended };
  let reviewed = before?.reviewed;
  const missing: string[] = [];
  try {
    reviewed = await findDeclared(client, declared, add);
    if (reviewed.agents.length === 0)
      missing.push(
        `Anthropic shows no agent ${declared.agent}: is the credential of the right workspace, and is the stack up?`,
      );
    else if (Object.keys(reviewed.versions).length === 0)
      missing.push(
        `no saved version of the agent ${declared.agent} says what the environment file says: is the file that of the deployed stack?`,
      );
    const there = new Set<string>();
    const agents = new Set<string>();
    for await (const session of client.beta.sessions.list({ include_archived: true, limit: 100, order: "asc" })) {
      there.add(session.id);
      if (!concerns(session, reviewed)) continue;
      if (ended[session.id] === session.updated_at) continue;
      const { id, version } = session.agent;
      if (!agents.has(`${id}@${version}`)) {
        agents.add(`${id}@${version}`);
        await readAgent(client, id, version, add);
      }
      await readSession(client, session, add);
      // What is over cannot change any more, so it is not read again.
      if (session.status === "terminated" || session.archived_at !== null) ended[session.id] = session.updated_at;
    }
    const now = new Date().toISOString();
    for (const session of earlier.filter((id) => !there.has(id)))
      add("deleted", now, `deleted:${session}`, session, { type: "deleted" });
  } catch (error) {
    missing.push(`Claude Managed Agents: ${reasonOf(error)}`);
  }
  return { lines, state: { missing, ended, ...(reviewed === undefined ? {} : { reviewed }) } };
}

type Add = (
  kind: AgentLine["kind"],
  at: string,
  id: string,
  session: string,
  event: JsonRecord,
  thread?: string,
) => void;
type Session = Awaited<ReturnType<Anthropic["beta"]["sessions"]["retrieve"]>>;

/** What of the workspace has the declared names. */
async function findDeclared(client: Anthropic, declared: DeclaredAgent, add: Add): Promise<Reviewed> {
  const { agents, environments, vaults } = client.beta;
  const found = { agents: [] as string[], environments: [] as string[], vaults: [] as string[] };
  const versions: Record<string, number> = {};
  for await (const { id, name } of agents.list({ include_archived: true, limit: 100 })) {
    if (name !== declared.agent) continue;
    found.agents.push(id);
    // Newest first, so the first that fits is the one.
    for await (const saved of agents.versions.list(id, { limit: 100 }))
      if (isDeclared(saved, declared.definition)) {
        versions[id] = saved.version;
        break;
      }
  }
  for await (const environment of environments.list({ include_archived: true, limit: 100 })) {
    if (environment.name !== declared.environment) continue;
    found.environments.push(environment.id);
    // Environments have no versions, so each state that a pull saw is kept.
    add(
      "environment",
      environment.updated_at,
      `environment:${environment.id}:${hashOf(environment)}`,
      "",
      asRecord(environment),
    );
  }
  for await (const { id, display_name } of vaults.list({ include_archived: true, limit: 100 }))
    if (display_name === declared.vault) found.vaults.push(id);
  return { ...found, hosts: declared.hosts, versions };
}

const concerns = ({ agent, environment_id, vault_ids }: Session, { agents, environments, vaults }: Reviewed): boolean =>
  agents.includes(agent.id) || environments.includes(environment_id) || vault_ids.some((id) => vaults.includes(id));

/** The saved version that a session names: what was reviewed, whatever the session made of it. */
async function readAgent(client: Anthropic, id: string, version: number, add: Add): Promise<void> {
  const agent = await client.beta.agents.retrieve(id, { version });
  add("agent", agent.updated_at, `agent:${id}@${version}`, "", asRecord(agent));
}

async function readSession(client: Anthropic, session: Session, add: Add): Promise<void> {
  const { usage: _, stats: _s, updated_at: _u, status: _t, ...fixed } = session;
  add("session", session.created_at, `session:${session.id}:${hashOf(fixed)}`, session.id, asRecord(fixed));
  for await (const event of client.beta.sessions.events.list(session.id, { limit: 1000, order: "asc" }))
    addEvent(event, session.id, undefined, add);
  for await (const thread of client.beta.sessions.threads.list(session.id, { limit: 100 })) {
    if (thread.parent_thread_id === null) continue;
    const { usage: _tu, stats: _ts, updated_at: _tt, status: _st, ...own } = thread;
    add("thread", thread.created_at, `thread:${thread.id}:${hashOf(own)}`, session.id, asRecord(own), thread.id);
    for await (const event of client.beta.sessions.threads.events.list(thread.id, {
      session_id: session.id,
      limit: 1000,
    }))
      addEvent(event, session.id, thread.id, add);
  }
}

/** What nobody has processed yet has no time, and comes with the next pull. */
function addEvent(event: object, session: string, thread: string | undefined, add: Add): void {
  const { id, processed_at } = event as { id: string; processed_at?: string | null };
  if (processed_at) add("event", processed_at, `event:${id}`, session, asRecord(event), thread);
}

const hashOf = (value: object): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16);

function reasonOf(error: unknown): string {
  const { status, apiMessage, message } = error as { status?: number; apiMessage?: string | null; message?: string };
  if (status === 401) return "the API key is refused (401)";
  return status === undefined ? asText(message) : `${apiMessage ?? asText(message)} (${status})`;
}
