import { Conflict, RequestRefused } from "./errors";
import { request, type Answer } from "./wire";
import type { Effects } from "./effects";
import type { SealedStorage } from "./stores/kv";

/** A gate key as the gate knows it. */
export interface GateKeyState {
  readonly agent: string;
  /** Base64url. */
  readonly sha256: string;
  /** ISO time after which the gate refuses it. */
  readonly notAfter?: string;
  /** An operator has ended it. */
  readonly denied: boolean;
}

/** The key of a session as the gate knows it. */
export interface SessionKeyState {
  readonly session: string;
  /** Base64url. */
  readonly sha256: string;
  /** ISO time after which the gate refuses it. */
  readonly notAfter: string;
}

/** The gate's control routes, for whoever holds the operator key. */
export class GateControl {
  /** @param url the gate's origin; @param operatorKey `gop_…` */
  constructor(
    private readonly effects: Effects,
    readonly url: string,
    private readonly operatorKey: string,
  ) {}

  /** Makes the gate drop its cached token and fetch again. */
  async refresh(): Promise<{ tokenSha256: string; expiresAt: string }> {
    const body = (await this.#send("POST", "refresh", "fetch the token again", {})).json();
    return { tokenSha256: String(body.tokenSha256 ?? ""), expiresAt: String(body.expiresAt ?? "") };
  }

  /** A real request to GitHub through the gate's usual token path, recorded in the audit trail. */
  async probe(): Promise<{ status: number; login: string; tokenSha256: string; requestId: string }> {
    const answer = await this.#raw("POST", "probe", "send a probe to GitHub", {}, tokenRefused);
    // The gate says so when GitHub refuses the token it uses; that is the probe's result, not a failure of the gate.
    if (tokenRefused(answer))
      return { status: 401, login: "", tokenSha256: "", requestId: String(rule(answer)?.requestId ?? "") };
    if (answer.status !== 200) throw refused("send a probe to GitHub", answer);
    const body = answer.json();
    return {
      status: Number(body.status ?? 0),
      login: String(body.login ?? ""),
      tokenSha256: String(body.tokenSha256 ?? ""),
      requestId: String(body.requestId ?? ""),
    };
  }

  /** Refuses one token or one gate key by its hash, or all traffic. */
  async deny(what: { tokenSha256: string } | { gateKeySha256: string } | { stop: boolean }): Promise<void> {
    await this.#send("POST", "deny", "stop", what);
  }

  /** The gate keys that the gate takes, by their hashes, the current one first. */
  async keys(): Promise<GateKeyState[]> {
    const { keys } = (await this.#send("GET", "keys", "show its gate keys")).json();
    return (Array.isArray(keys) ? (keys as Record<string, unknown>[]) : []).map((key) => ({
      agent: String(key.agent ?? ""),
      sha256: String(key.sha256 ?? ""),
      ...(typeof key.notAfter === "string" ? { notAfter: key.notAfter } : {}),
      denied: key.denied === true,
    }));
  }

  /** Opens the gate to the key of one session, by the key's hash; the same again has no other effect. */
  async openSession(key: { session: string; sha256: string; notAfter: string }): Promise<void> {
    await this.#send("POST", "sessions", "open to the session's key", key);
  }

  /** Ends the key of a session; one that has none, or an ended one, is no error. */
  async endSession(session: string): Promise<void> {
    await this.#send("DELETE", `sessions/${session}`, "end the session's key");
  }

  /** The keys of sessions that are open, by their hashes. */
  async openSessions(): Promise<SessionKeyState[]> {
    const { sessions } = (await this.#send("GET", "sessions", "list the sessions' keys")).json();
    return (Array.isArray(sessions) ? (sessions as Record<string, unknown>[]) : []).map((key) => ({
      session: String(key.session ?? ""),
      sha256: String(key.sha256 ?? ""),
      notAfter: String(key.notAfter ?? ""),
    }));
  }

  /** The newest audit records, or undefined when the gate does not give them. */
  async audit(newest = 300): Promise<Record<string, unknown>[] | undefined> {
    // The gate lists from a sequence number on, so its head is asked for first.
    const head = await this.auditHead();
    // What has been written since the head was read comes on top.
    return head === undefined ? undefined : this.auditAfter(Math.max(0, head - newest));
  }

  /** Number of the newest audit record, or undefined when the gate does not give it. */
  async auditHead(): Promise<number | undefined> {
    const head = await this.#raw(
      "GET",
      `audit?after=${Number.MAX_SAFE_INTEGER}&limit=1`,
      "show the head of its audit trail",
    );
    if (head.status !== 200) return undefined;
    return Number(head.header("x-gatehouse-audit-head")?.split(" ")[0] ?? 0) || 0;
  }

  /** The audit records after a number, oldest first, at most 10,000; undefined when the gate does not give them. */
  async auditAfter(seq: number): Promise<Record<string, unknown>[] | undefined> {
    const answer = await this.#raw("GET", `audit?after=${seq}&limit=10000`, "show its audit records");
    if (answer.status !== 200) return undefined;
    return answer.text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The ledger's check-and-set cells, for the Workers KV store. */
  storage(): SealedStorage {
    return {
      get: async (key) => {
        const answer = await this.#raw("GET", `store/${key}`, "read the token store");
        if (answer.status === 404 && answer.json().version === 0) return undefined;
        if (answer.status !== 200) throw refused("read the token store", answer);
        const body = answer.json();
        return { version: Number(body.version), value: String(body.value) };
      },
      put: async (key, value, cas) => {
        const answer = await this.#raw("PUT", `store/${key}`, "write the token store", { cas, value });
        if (answer.status === 409) throw new Conflict(`Workers KV key ${key}`);
        if (answer.status !== 200) throw refused("write the token store", answer);
      },
    };
  }

  async #send(method: string, route: string, what: string, json?: unknown): Promise<Answer> {
    const answer = await this.#raw(method, route, what, json);
    if (answer.status < 200 || answer.status > 299) throw refused(what, answer);
    return answer;
  }

  #raw(
    method: string,
    route: string,
    what: string,
    json?: unknown,
    meant?: (answer: Answer) => boolean,
  ): Promise<Answer> {
    return request(this.effects, {
      system: "the gate",
      what,
      method,
      url: `${this.url}/_gate/${route}`,
      headers: { authorization: `Bearer ${this.operatorKey}` },
      ...(json === undefined ? {} : { json }),
      ...(meant ? { meant } : {}),
    });
  }
}

const rule = (answer: Answer): { rule?: unknown; requestId?: unknown } | undefined =>
  answer.json().gatehouse as { rule?: unknown; requestId?: unknown } | undefined;
const tokenRefused = (answer: Answer): boolean => answer.status >= 400 && rule(answer)?.rule === "token-refused";

function refused(what: string, answer: Answer): RequestRefused {
  const detail =
    answer.status === 404 || answer.status === 401
      ? "the key is missing or wrong, the posture does not have this door, or this is not the gate"
      : String(answer.json().message ?? "no reason given").slice(0, 200);
  return new RequestRefused("the gate", what, answer.status, detail);
}
