import type { ClaudeAgentPlan } from "../../infra/plans";
import type { Effects } from "../../rotation/effects";
import { NeedsPerson, messageOf } from "../../rotation/errors";
import { all, send, type ClaudeClient } from "../../rotation/runtime/claudeCalls";
import { randomId } from "../../rotation/text";
import { isDeclared } from "../audit/agent/reviewed";

/** Stands in the metadata of what was made for one session; its value tells which belong together. */
const MARK = "gatehouse_session";
/** How long a session that runs is given to stop after it was interrupted. */
const STOP_MS = 10_000;

/** A session and what it has alone. */
export interface StartedSession {
  readonly session: string;
  readonly vault: string;
  readonly agent: string;
  /** The version that says what the environment file says. */
  readonly version: number;
}

/** Sessions of the declared agent, each with a vault of its own. */
export interface ClaudeSessions {
  /**
   * Starts one that has the key, in both places where the agent looks for it. When it throws, nothing is left, or the
   * message says what may be.
   */
  start(key: string, title: string | undefined): Promise<StartedSession>;
  /** Ends it and deletes its vault. @returns what could not be done, in words */
  end(session: string): Promise<readonly string[]>;
  /** Its status at Anthropic, or `gone`. */
  status(session: string): Promise<string>;
}

/** @param client one whose own retries are off */
export function claudeSessions(effects: Effects, client: ClaudeClient, plan: ClaudeAgentPlan): ClaudeSessions {
  const { agents, environments, sessions, vaults } = client.beta;

  /** The agent and the environment as the stack declares them; anything else is refused. */
  const declared = async (): Promise<{ agent: string; version: number; environment: string }> => {
    const agent = only(
      await send(effects, "list agents", () => all(agents.list({ limit: 100 }))),
      "agent",
      plan.agent.name,
    );
    const saved = await send(effects, "list versions", () => all(agents.versions.list(agent.id, { limit: 100 })));
    const version = saved.find((one) => isDeclared(one, plan.agent))?.version;
    if (version === undefined)
      throw new NeedsPerson(`no version of the agent ${plan.agent.name} is what the environment file says`, [
        "run pulumi up, which saves it",
      ]);
    const environment = only(
      await send(effects, "list environments", () => all(environments.list({ limit: 100 }))),
      "environment",
      plan.environment.name,
    );
    if (!isDeclared(environment, plan.environment))
      throw new NeedsPerson(`the environment ${plan.environment.name} is not what the environment file says`, [
        "run pulumi refresh, look at what it shows, and run pulumi up",
      ]);
    return { agent: agent.id, version, environment: environment.id };
  };

  /** Archives and deletes what bears a mark, also what a create made whose answer did not come. */
  const discard = async (mark: string): Promise<void> => {
    for (const session of await send(effects, "list sessions", () => all(sessions.list({ limit: 100 }))))
      if (session.metadata[MARK] === mark)
        await send(effects, `archive ${session.id}`, () => sessions.archive(session.id));
    for (const vault of await send(effects, "list vaults", () => all(vaults.list({ limit: 100 }))))
      if (vault.metadata[MARK] === mark) await send(effects, `delete ${vault.id}`, () => vaults.delete(vault.id));
  };

  return {
    start: async (key, title) => {
      const { agent, version, environment } = await declared();
      const mark = randomId();
      const metadata = { [MARK]: mark };
      const once = { once: true, secret: key };
      try {
        const vault = await send(
          effects,
          "create a vault",
          () => vaults.create({ display_name: `${plan.vault.displayName} (one session)`, metadata }),
          once,
        );
        const { shellCredential: shell, mcpCredential: mcp } = plan;
        await send(
          effects,
          "create the shell's credential",
          () =>
            vaults.credentials.create(vault.id, {
              display_name: "Gate key of one session, for git and gh",
              auth: {
                type: shell.type,
                secret_name: shell.secretName,
                secret_value: key,
                networking: { type: "limited", allowed_hosts: shell.networking.allowedHosts },
                injection_location: shell.injectionLocation,
              },
            }),
          once,
        );
        await send(
          effects,
          "create the MCP server's credential",
          () =>
            vaults.credentials.create(vault.id, {
              display_name: "Gate key of one session, for the gate's MCP server",
              auth: { type: mcp.type, mcp_server_url: mcp.mcpServerUrl, token: key },
            }),
          once,
        );
        const { type, maxListCost } = plan.session.budget;
        const session = await send(
          effects,
          "create a session",
          () =>
            sessions.create({
              agent: { type: "agent", id: agent, version },
              environment_id: environment,
              vault_ids: [vault.id],
              budget: { type, max_list_cost: maxListCost },
              metadata,
              ...(title === undefined ? {} : { title }),
            }),
          once,
        );
        return { session: session.id, vault: vault.id, agent, version };
      } catch (error) {
        await discard(mark).catch((left: unknown) => {
          throw new NeedsPerson(messageOf(error), [
            `delete at Anthropic the vault and archive the session whose metadata ${MARK} is ${mark}; they hold a key that opens nothing (they could not be removed: ${messageOf(left)})`,
          ]);
        });
        throw error;
      }
    },
    end: async (id) => {
      const session = await found(send(effects, `read ${id}`, () => sessions.retrieve(id)));
      if (session === undefined) return [];
      const notes: string[] = [];
      if (session.archived_at === null && session.status === "running")
        await send(effects, `interrupt ${id}`, () =>
          sessions.events.send(id, { events: [{ type: "user.interrupt" }] }),
        );
      for (let waited = 0; session.archived_at === null; waited += 1_000) {
        const refusal = await send(effects, `archive ${id}`, () => sessions.archive(id)).then(
          () => undefined,
          messageOf,
        );
        if (refusal === undefined) break;
        if (waited >= STOP_MS) {
          notes.push(`the session still runs (${refusal}); run the same command again`);
          break;
        }
        await effects.sleep(1_000);
      }
      for (const vaultId of session.vault_ids) {
        const vault = await found(send(effects, `read ${vaultId}`, () => vaults.retrieve(vaultId)));
        // A vault that other sessions share stays.
        if (vault?.metadata[MARK] === undefined) continue;
        await found(send(effects, `delete ${vaultId}`, () => vaults.delete(vaultId)));
      }
      return notes;
    },
    status: async (id) => {
      const session = await found(send(effects, `read ${id}`, () => sessions.retrieve(id)));
      if (session === undefined) return "gone";
      return session.archived_at === null ? session.status : "archived";
    },
  };
}

/** The one that has the name and is in use. */
function only<T extends { readonly name: string; readonly archived_at?: string | null }>(
  all: readonly T[],
  what: string,
  name: string,
): T {
  const named = all.filter((one) => one.name === name && (one.archived_at ?? null) === null);
  const [one] = named;
  if (one !== undefined && named.length === 1) return one;
  throw new NeedsPerson(
    `Anthropic shows ${named.length === 0 ? "no" : named.length} ${what}${named.length === 1 ? "" : "s"} ${name}, and one is declared`,
    named.length === 0
      ? ["run pulumi up, which makes it", "look whether the API key is of the workspace that the stack was deployed to"]
      : [`archive those that the stack does not know`],
  );
}

/** What a call gives; undefined where the service says that there is none. */
async function found<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as { status?: unknown }).status === 404) return undefined;
    throw error;
  }
}
