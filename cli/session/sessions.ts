import { createHash, randomBytes } from "node:crypto";
import { HOUR_MS } from "../../edge/time";
import type { Effects } from "../../rotation/effects";
import type { GateControl } from "../../rotation/gateControl";
import { iso } from "../../rotation/text";
import type { ClaudeSessions, StartedSession } from "./claude";

/** So long after the gate has taken a key may an isolate of the gate not know it yet. */
const KNOWN_MS = 1_500;

/** A session with a gate key of its own. The key itself is in its vault and nowhere else. */
export interface KeyedSession extends StartedSession {
  readonly gateKeySha256: string;
  /** ISO time after which the gate refuses the key. */
  readonly notAfter: string;
}

/**
 * Starts a session that has a gate key of its own. The gate opens to the key when the session is there, so that no
 * record is without its session; if it does not, the session and its vault go again.
 */
export async function startSession(
  { effects, gate, claude }: { readonly effects: Effects; readonly gate: GateControl; readonly claude: ClaudeSessions },
  hours: number,
  title: string | undefined,
): Promise<KeyedSession> {
  const key = `gsk_${randomBytes(32).toString("base64url")}`;
  const gateKeySha256 = createHash("sha256").update(key).digest("base64url");
  // First of all, so that a gate that is not there leaves nothing at Anthropic.
  await gate.openSessions();
  const started = await claude.start(key, title);
  const notAfter = iso(effects.now() + hours * HOUR_MS);
  try {
    await gate.openSession({ session: started.session, sha256: gateKeySha256, notAfter });
  } catch (error) {
    // The gate may have opened to it although its answer did not come.
    await gate.endSession(started.session).catch(() => undefined);
    await claude.end(started.session).catch(() => undefined);
    throw error;
  }
  await effects.sleep(KNOWN_MS);
  return { ...started, gateKeySha256, notAfter };
}

/** A session whose key is open, and how it is at Anthropic. */
export interface ListedSession {
  readonly session: string;
  readonly gateKeySha256: string;
  readonly notAfter: string;
  /** `unknown` where Anthropic was not asked. */
  readonly status: string;
}

/** The sessions whose key is open. One that is over at Anthropic has a key that somebody should end. */
export async function listSessions(gate: GateControl, claude: ClaudeSessions | undefined): Promise<ListedSession[]> {
  const listed: ListedSession[] = [];
  for (const { session, sha256, notAfter } of await gate.openSessions())
    listed.push({
      session,
      gateKeySha256: sha256,
      notAfter,
      status: claude === undefined ? "unknown" : await claude.status(session),
    });
  return listed;
}

/** Whether a session uses its key no more. */
export const isOver = (status: string): boolean => ["gone", "archived", "terminated"].includes(status);

/**
 * Ends the key at the gate, which refuses it within a second, then the session and its vault.
 * @returns what is left, in words
 */
export async function endSession(
  gate: GateControl,
  claude: ClaudeSessions | undefined,
  session: string,
): Promise<readonly string[]> {
  await gate.endSession(session);
  if (claude === undefined) return ["the session and its vault are still there: Anthropic was not asked"];
  return claude.end(session);
}
