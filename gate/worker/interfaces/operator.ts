import { signCheckpoint } from "../../policy/checkpoint";
import { Refusal } from "../../policy/refusals";
import { parseStrictJson } from "../../policy/text/json";
import { problem, Refused } from "../answer/problem";
import { turnAway } from "../auth/turnAway";
import { RULES_PAGE, type RequestContext } from "../context";
import type { Gate } from "../gate";
import { bucketOf } from "../ledger/bucket";
import { readJson, readText } from "../request/body";
import { withTimeout } from "../time";
import { askApi } from "../upstream/send";
import { GITHUB_WEBHOOK, githubWebhook } from "./githubWebhook";
import { rulesPage } from "./rulesPage";
import { sessions, SESSIONS } from "./sessions";

const json = (context: RequestContext, body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-gatehouse-request-id": context.requestId,
    },
  });

/**
 * The operator's routes below `/_gate/`; nothing here is ever forwarded. Health is for all and tells nothing, and
 * so are the rules, which are public; everything else answers a stranger
 * as if it were not there.
 */
export async function operator(gate: Gate, context: RequestContext): Promise<Response> {
  const { request } = context;
  const [path = "", query = ""] = context.target.split("?", 2);
  if (path === "/_gate/health" && (request.method === "GET" || request.method === "HEAD")) {
    return new Response(null, {
      status: 204,
      headers: { "x-gatehouse-request-id": context.requestId, "cache-control": "no-store" },
    });
  }
  const webhookSecret = gate.env.GITHUB_WEBHOOK_SECRET;
  // An empty one, as in a file that nobody has filled, would let anybody sign.
  if (path === GITHUB_WEBHOOK && query === "" && request.method === "POST" && webhookSecret)
    return githubWebhook(gate, context, webhookSecret);
  if (path === RULES_PAGE && query === "" && (request.method === "GET" || request.method === "HEAD"))
    return rulesPage(context.requestId);
  const authorization = context.headers.get("authorization") ?? null;
  const isOperator = await gate.authenticator.isOperator(authorization, context.startedAt);
  const rules = gate.policy.sessionKeys;
  if (rules !== undefined && query === "" && (path === SESSIONS || path.startsWith(`${SESSIONS}/`))) {
    const isIssuer = await gate.authenticator.isIssuer(authorization, context.startedAt);
    if (!isOperator && !isIssuer) return turnAway(gate, context, new Refusal("not-found"));
    context.agent = "operator";
    context.route = "control.sessions";
    return sessions(gate, context, path, rules, isIssuer);
  }
  if (!isOperator) return turnAway(gate, context, new Refusal("not-found"));
  context.agent = "operator";
  context.route = `control${path.slice("/_gate".length).replaceAll("/", ".")}`;
  const cell = /^\/_gate\/store\/([a-z0-9-]{1,64})$/.exec(path)?.[1];
  if (cell !== undefined && request.method === "GET") return readStore(gate, context, cell);
  if (cell !== undefined && request.method === "PUT") return writeStore(gate, context, cell);
  switch (`${request.method} ${path}`) {
    case "GET /_gate/ready":
      return ready(gate, context);
    case "POST /_gate/refresh": {
      const token = await gate.tokens.read(context.background);
      context.token = token;
      return json(context, {
        tokenSha256: token.sha256,
        expiresAt: Number.isFinite(token.expiresAt) ? new Date(token.expiresAt).toISOString() : "",
      });
    }
    case "POST /_gate/probe":
      return probe(gate, context);
    case "POST /_gate/deny":
      return deny(gate, context);
    case "GET /_gate/keys":
      return keys(gate, context);
    case "GET /_gate/audit":
      return audit(gate, context, query);
    default:
      context.decision = "deny";
      context.refusal = new Refusal("not-found");
      return problem(context.refusal, context.rulePage("not-found"), context.requestId);
  }
}

const ledgerOf = (gate: Gate) => gate.env.LEDGER.get(gate.env.LEDGER.idFromName("ledger"));

/**
 * The sealed value of a cell of the token store, for the rotator; the gate itself cannot write one, because it does not
 * know what to seal.
 */
async function readStore(gate: Gate, context: RequestContext, name: string): Promise<Response> {
  const { version, value } = await ledgerOf(gate).cell(name);
  return json(context, { version, value }, version === 0 ? 404 : 200);
}

/**
 * `{ "cas": version, "value": sealed }`: 409 when another rotator was first. Workers KV gets a copy, for reading at the
 * edge.
 */
async function writeStore(gate: Gate, context: RequestContext, name: string): Promise<Response> {
  const { text } = await readText(context.request, 131_072);
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  const { cas, value } = (parsed.value ?? {}) as { cas?: unknown; value?: unknown };
  if (typeof cas !== "number" || typeof value !== "string") throw new Refused(new Refusal("body-value", "cas, value"));
  if (!(await ledgerOf(gate).writeCell(name, value, cas)))
    return json(context, { message: "Somebody else has changed this value. Read it again." }, 409);
  await gate.env.TOKENS?.put(name, value);
  return json(context, { version: cas + 1 });
}

/** How long readiness waits for one dependency. */
const READY_MS = 3_000;

/** Each dependency on its own, without any detail that a log should not have. */
async function ready(gate: Gate, context: RequestContext): Promise<Response> {
  const ok = async (work: Promise<unknown>): Promise<boolean> =>
    withTimeout(work, READY_MS, "a dependency").then(
      () => true,
      () => false,
    );
  const [ledger, token, bucket] = await Promise.all([
    ok(ledgerOf(gate).linesAfter(Number.MAX_SAFE_INTEGER)),
    ok(gate.tokens.read(context.background)),
    ok(bucketOf(gate.env).check()),
  ]);
  const { stopped, archiveFailing } = gate.ledger.state;
  const checks = { ledger, token, audit: bucket && !archiveFailing, open: !stopped };
  return json(context, { ready: Object.values(checks).every(Boolean), checks });
}

/** A real request of the machine user's, by the way every request takes. */
async function probe(gate: Gate, context: RequestContext): Promise<Response> {
  const answer = await askApi(gate, context, "/user");
  const body = answer.ok ? ((await readJson(answer, 65_536)) as { login?: unknown }) : {};
  if (!answer.ok) await answer.body?.cancel();
  return json(context, {
    status: answer.status,
    login: typeof body.login === "string" ? body.login : "",
    tokenSha256: context.token?.sha256 ?? "",
    requestId: context.requestId,
  });
}

/**
 * The gate keys that this gate takes, by their hashes: `{ "keys": [{ "agent", "sha256", "notAfter"?, "denied" }] }`,
 * the current one first.
 */
async function keys(gate: Gate, context: RequestContext): Promise<Response> {
  const denied = await ledgerOf(gate).deniedKeys();
  return json(context, {
    keys: gate.env.GATE_KEYS.map(({ agent, sha256, notAfter }) => ({
      agent,
      sha256,
      ...(notAfter === undefined ? {} : { notAfter }),
      denied: denied.includes(sha256),
    })),
  });
}

/**
 * `{ "tokenSha256": … }` denies one token for good, `{ "gateKeySha256": … }` one gate key, and
 * `{ "stop": true | false }` closes and opens the gate.
 */
async function deny(gate: Gate, context: RequestContext): Promise<Response> {
  const { text } = await readText(context.request, 4096);
  let body: { tokenSha256?: unknown; gateKeySha256?: unknown; stop?: unknown };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    throw new Refused(new Refusal("body-malformed"));
  }
  if (typeof body.stop === "boolean") {
    await ledgerOf(gate).stop(body.stop);
    gate.alerts.raise(context.background, body.stop ? "stopped" : "started", { requestId: context.requestId });
  } else if (typeof body.tokenSha256 === "string" && /^[A-Za-z0-9+/]{43}=$/.test(body.tokenSha256)) {
    await ledgerOf(gate).deny(body.tokenSha256);
    gate.tokens.drop();
  } else if (typeof body.gateKeySha256 === "string" && /^[A-Za-z0-9_-]{43}$/.test(body.gateKeySha256)) {
    await ledgerOf(gate).denyKey(body.gateKeySha256);
    gate.alerts.raise(context.background, "gate-key-denied", {
      requestId: context.requestId,
      gateKeySha256: body.gateKeySha256,
    });
  } else throw new Refused(new Refusal("body-malformed", "tokenSha256, gateKeySha256 or stop"));
  return new Response(null, { status: 204, headers: { "x-gatehouse-request-id": context.requestId } });
}

/** Text of one answer about the trail at most; the next one goes on behind its last line. */
const MAX_TRAIL = 8 * 1024 * 1024;

/**
 * The audit trail after a sequence number, one record a line, at most `limit` (10,000) or 8 MB. What waits in this
 * isolate is written first. Headers name the trail's head, and sign it.
 */
async function audit(gate: Gate, context: RequestContext, query: string): Promise<Response> {
  const asked = new URLSearchParams(query);
  const after = Math.max(0, Math.floor(Number(asked.get("after") ?? 0)) || 0);
  const limit = Math.min(10_000, Math.max(1, Math.floor(Number(asked.get("limit") ?? 1000)) || 1000));
  await gate.ledger.flush(context.background, true);
  const { keys, text: waiting, head } = await ledgerOf(gate).linesAfter(after);
  const lines: string[] = [];
  let size = 0;
  const full = (): boolean => lines.length >= limit || size >= MAX_TRAIL;
  const add = (part: string): void => {
    for (const line of part.split("\n")) {
      if (line === "" || full() || seqOf(line) <= after) continue;
      lines.push(line);
      size += line.length;
    }
  };
  for (const key of keys) {
    if (full()) break;
    const text = await bucketOf(gate.env).get(key);
    if (text === undefined) throw new Refused(new Refusal("audit-unavailable", key));
    add(text);
  }
  if (!full()) add(waiting);
  return new Response(lines.map((line) => `${line}\n`).join(""), {
    headers: {
      "content-type": "application/x-ndjson",
      "cache-control": "no-store",
      "x-gatehouse-request-id": context.requestId,
      "x-gatehouse-audit-head": `${head.seq} ${head.hash}`,
      ...(gate.env.CHECKPOINT_KEY
        ? { "x-gatehouse-audit-checkpoint": JSON.stringify(await signCheckpoint(gate.env.CHECKPOINT_KEY, head)) }
        : {}),
    },
  });
}

const seqOf = (line: string): number => Number(/^\{"v":1,"seq":(\d+),/.exec(line)?.[1] ?? 0);
