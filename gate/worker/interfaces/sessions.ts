import { Refusal } from "../../policy/refusals";
import { parseStrictJson } from "../../policy/text/json";
import type { SessionKeyRules } from "../../policy/policy";
import { ownHeaders, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { readText } from "../request/body";

/** Where the keys of sessions are made, listed and ended. */
export const SESSIONS = "/_gate/sessions";

const SESSION = /^[A-Za-z0-9_-]{1,128}$/;
/** How much later than the gate's the clock may be of whoever names an end. */
const SLACK_MS = 60_000;

/**
 * The door for keys of sessions. Whoever has the issuer's key makes one, by its hash; an operator may list and end
 * them, and cannot make one, since it would open GitHub to whoever holds an operator key.
 *
 * - `GET /_gate/sessions`: the open keys, by their hashes
 * - `POST /_gate/sessions` `{ "session", "sha256", "notAfter" }`: 201, or 409 where it cannot be one more
 * - `DELETE /_gate/sessions/<session>`: 204, also when it has ended already
 */
export async function sessions(
  gate: Gate,
  context: RequestContext,
  path: string,
  rules: SessionKeyRules,
  isIssuer: boolean,
): Promise<Response> {
  const ledger = gate.env.LEDGER.get(gate.env.LEDGER.idFromName("ledger"));
  const json = (body: unknown, status: number): Response =>
    new Response(JSON.stringify(body), {
      status,
      headers: { ...ownHeaders(context.requestId), "content-type": "application/json; charset=utf-8" },
    });
  const { method } = context;
  if (method === "GET" && path === SESSIONS) return json({ sessions: await ledger.sessionKeys() }, 200);
  const ended = path.slice(SESSIONS.length + 1);
  if (method === "DELETE" && SESSION.test(ended)) {
    context.session = ended;
    await ledger.endSession(ended);
    return new Response(null, { status: 204, headers: ownHeaders(context.requestId) });
  }
  // Guard `session-issuer`
  if (method !== "POST" || path !== SESSIONS || !isIssuer) throw new Refused(new Refusal("not-found"));
  const { text } = await readText(context.request, 4096);
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  const { session, sha256, notAfter } = (parsed.value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof session !== "string" || !SESSION.test(session)) throw new Refused(bad("session"));
  if (typeof sha256 !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(sha256)) throw new Refused(bad("sha256"));
  const end = typeof notAfter === "string" ? Date.parse(notAfter) : Number.NaN;
  const now = Date.now();
  if (!(end > now && end <= now + rules.maxHours * 3_600_000 + SLACK_MS)) throw new Refused(bad("notAfter"));
  context.session = session;
  const key = { session, sha256, agent: gate.policy.agent.name, notAfter: new Date(end).toISOString() };
  switch (await ledger.openSession(key, rules.maxSessions)) {
    case "open":
      return json(key, 201);
    case "full":
      return json(
        { message: `As many session keys are open as the posture allows (${rules.maxSessions}). End one.` },
        409,
      );
    case "taken":
      return json({ message: "This session has a key, or this key was used. Make a new key for a new session." }, 409);
  }
}

const bad = (field: string): Refusal => new Refusal("body-value", field);
