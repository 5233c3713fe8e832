import { tokenHash } from "../../../edge/encoding";
import { openRecord, sealingKey, type SealingKey } from "../../../edge/sealing";
import type { VaultTokenStore } from "../../../edge/tokenStore";
import { VaultClient, type VaultAnswer, type VaultCall } from "../../../edge/vault";
import { refuse, Refused } from "../answer/problem";
import type { Background, GateEnv } from "../env";
import { readJson } from "../request/body";
import { isWithin, withTimeout } from "../time";

/** A GitHub token. An isolate holds it in memory only, for seconds. */
export interface Token {
  readonly value: string;
  /** Base64 SHA-256, as in GitHub's `hashed_token`. */
  readonly sha256: string;
  /** In milliseconds; infinity if the store names none. */
  readonly expiresAt: number;
  /** Value of Authorization for git, which wants Basic. */
  readonly basic: string;
}

/** The record in the token store, as the rotator writes it. All values are strings. */
interface TokenRecord {
  readonly token: string;
  readonly expires_at: string;
}

/** How long one read of the store may take. */
const STORE_MS = 5_000;
/** The largest answer of the store that is read, in bytes. */
const MAX_STORE_ANSWER = 1024 * 1024;

/**
 * Reads the token from its store and keeps it for `cacheSeconds`, so a revocation or rotation reaches every isolate
 * within that time. One read serves all waiting requests. If the store cannot be read, requests are refused; an old
 * token is never used beyond its time.
 */
export class TokenSource {
  private token: Token | undefined;
  private freshFrom = 0;
  private freshUntil = 0;
  private refreshAt = 0;
  private reading: Promise<Token> | undefined;
  private readingFresh = false;
  private readonly store: { read(): Promise<TokenRecord> };

  constructor(
    env: GateEnv,
    private readonly cacheSeconds: number,
  ) {
    this.store =
      env.TOKEN_STORE.kind === "vault" ? new VaultStore(env.TOKEN_STORE, env.VAULT_SECRET_ID ?? "") : new KvStore(env);
  }

  /**
   * The current token. Synchronous while it is fresh. In the last fifth of its time it is renewed in the background.
   */
  current(background: Background, now: number): Token | Promise<Token> {
    const token = this.token;
    if (token === undefined || !isWithin(now, this.freshFrom, this.freshUntil)) return this.read(background, false);
    if (now >= this.refreshAt && this.reading === undefined) void this.read(background, false).catch(() => undefined);
    if (now >= token.expiresAt) refuse("token-expired");
    return token;
  }

  /**
   * Reads the store now, whatever is cached: after GitHub rejected the token, or when an operator asks.
   * @param fresh a read that has already begun is not enough
   */
  read(background: Background, fresh = true): Promise<Token> {
    if (this.reading === undefined || (fresh && !this.readingFresh)) {
      this.readingFresh = fresh;
      const reading = this.readOnce().finally(() => {
        if (this.reading === reading) this.reading = undefined;
      });
      this.reading = reading;
      background.waitUntil(reading.catch(() => undefined));
    }
    return withTimeout(this.reading, STORE_MS + 1000, "the token store").catch((error: unknown) => {
      if (error instanceof Refused) throw error;
      refuse("token-unavailable", error instanceof Error ? error.message : "");
    });
  }

  drop(): void {
    this.token = undefined;
    this.freshUntil = 0;
  }

  private async readOnce(): Promise<Token> {
    // The time counts from before the read, so a change during the read is seen one period later at the latest.
    const asked = Date.now();
    const record = await this.store.read();
    if (!/^[\x21-\x7e]{8,1024}$/.test(record.token)) throw new Error("the token store holds no token");
    const expiresAt =
      record.expires_at === "" || record.expires_at === undefined
        ? Number.POSITIVE_INFINITY
        : Date.parse(record.expires_at);
    const token: Token = {
      value: record.token,
      sha256: await tokenHash(record.token),
      expiresAt,
      basic: `Basic ${btoa(`x-access-token:${record.token}`)}`,
    };
    this.token = token;
    this.freshFrom = asked;
    this.freshUntil = asked + this.cacheSeconds * 1000;
    this.refreshAt = asked + this.cacheSeconds * 800;
    // A date that does not parse is NaN. Then the token counts as expired.
    if (!(Date.now() < expiresAt)) {
      this.drop();
      refuse("token-expired");
    }
    return token;
  }
}

/** KV v2 of Vault or OpenBao, read with the gate's AppRole. */
class VaultStore {
  private readonly vault: VaultClient<VaultAnswer>;

  constructor(
    private readonly at: VaultTokenStore,
    secretId: string,
  ) {
    const login = { kind: "approle", mount: at.authMount, roleId: at.roleId, secretId } as const;
    this.vault = new VaultClient(at, login, { send: sendToVault, loginRefused, now: () => Date.now() });
  }

  async read(): Promise<TokenRecord> {
    const answer = await this.vault.send("GET", `${this.at.mount}/data/${this.at.path}`, "read the token");
    if (answer.status !== 200) throw new Error(`the token store answered ${answer.status}`);
    const record = (answer.json().data as { data?: Partial<TokenRecord> } | undefined)?.data;
    if (typeof record?.token !== "string") throw new Error("the token store holds no token");
    return { token: record.token, expires_at: typeof record.expires_at === "string" ? record.expires_at : "" };
  }
}

async function sendToVault({ method, url, headers, json }: VaultCall): Promise<VaultAnswer> {
  const answer = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    signal: AbortSignal.timeout(STORE_MS),
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  if (answer.status !== 200) await answer.body?.cancel();
  const body = answer.status === 200 ? await readJson(answer, MAX_STORE_ANSWER) : undefined;
  return { status: answer.status, json: () => (body ?? {}) as Record<string, unknown> };
}

const loginRefused = ({ status }: VaultAnswer): Error =>
  new Error(status === 200 ? "the token store gave no session" : `the token store refused the gate's role (${status})`);

/**
 * Workers KV: the record, sealed with AES-256-GCM under a key that only the gate and the rotator hold. KV may return an
 * old value for a minute, longer than a replaced token lives. The gate therefore asks the ledger, which has the newest
 * value, and uses KV only for a value older than the ledger.
 */
class KvStore {
  private key: Promise<SealingKey> | undefined;

  constructor(private readonly env: GateEnv) {}

  async read(): Promise<TokenRecord> {
    if (this.env.TOKEN_KEY === undefined) throw new Error("the gate has no key for its token store");
    this.key ??= sealingKey(this.env.TOKEN_KEY);
    const { content } = await openRecord(await this.key, await this.newest());
    return { token: content.token ?? "", expires_at: content.expires_at ?? "" };
  }

  private async newest(): Promise<string> {
    const { version, value } = await this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger")).cell("token");
    const text = version === 0 ? await this.env.TOKENS?.get("token") : value;
    if (text === null || text === undefined || text.length > MAX_STORE_ANSWER)
      throw new Error("the token store holds no token");
    return text;
  }
}
