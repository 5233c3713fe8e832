import { base64, fromBase64, sha256, isWithin, within } from "./bytes";
import type { Background, GateEnv, TokenStoreConfig } from "./env";
import { refuse, Refused } from "./problem";
import { readJson } from "./requests";

/** A GitHub token as an isolate holds it: in memory only, for seconds. */
export interface Token {
  readonly value: string;
  /** Base64 SHA-256, as in GitHub's `hashed_token`. */
  readonly sha256: string;
  /** Milliseconds, or infinity when the store names none. */
  readonly expiresAt: number;
  /** Value of Authorization for git, which wants Basic. */
  readonly basic: string;
}

/** What the store holds (all strings); see the rotation. */
interface TokenRecord {
  readonly token: string;
  readonly expires_at: string;
}

/** How long one read of the store may take. */
const STORE_MS = 5_000;
/** The largest answer of the store that is read, in bytes. */
const MAX_STORE_ANSWER = 1024 * 1024;

/**
 * The token, read from its store and kept for `cacheSeconds`, so that a revocation or rotation reaches every isolate within that time.
 * One read serves all requests that wait. A store that cannot be read is a refusal; an old token is never used beyond its time.
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

  /** The current token. Synchronous while it is fresh; in the last fifth of its time it is renewed behind the request. */
  current(background: Background, now: number): Token | Promise<Token> {
    const token = this.token;
    if (token === undefined || !isWithin(now, this.freshFrom, this.freshUntil)) return this.read(background, false);
    if (now >= this.refreshAt && this.reading === undefined) void this.read(background, false).catch(() => undefined);
    if (now >= token.expiresAt) refuse("token-expired");
    return token;
  }

  /** Reads the store now, whatever is cached: after GitHub refused the token, or when the operator asks. `fresh`: a read that has begun before will not do. */
  read(background: Background, fresh = true): Promise<Token> {
    if (this.reading === undefined || (fresh && !this.readingFresh)) {
      this.readingFresh = fresh;
      const reading = this.readOnce().finally(() => {
        if (this.reading === reading) this.reading = undefined;
      });
      this.reading = reading;
      background.waitUntil(reading.catch(() => undefined));
    }
    return within(this.reading, STORE_MS + 1000, "the token store").catch((error: unknown) => {
      if (error instanceof Refused) throw error;
      refuse("token-unavailable", error instanceof Error ? error.message : "");
    });
  }

  drop(): void {
    this.token = undefined;
    this.freshUntil = 0;
  }

  private async readOnce(): Promise<Token> {
    // The time counts from before the read: what changes in the store while it is read is seen one period later at the latest.
    const asked = Date.now();
    const record = await this.store.read();
    if (!/^[\x21-\x7e]{8,1024}$/.test(record.token)) throw new Error("the token store holds no token");
    const expiresAt =
      record.expires_at === "" || record.expires_at === undefined
        ? Number.POSITIVE_INFINITY
        : Date.parse(record.expires_at);
    const token: Token = {
      value: record.token,
      sha256: base64(await sha256(record.token)),
      expiresAt,
      basic: `Basic ${btoa(`x-access-token:${record.token}`)}`,
    };
    this.token = token;
    this.freshFrom = asked;
    this.freshUntil = asked + this.cacheSeconds * 1000;
    this.refreshAt = asked + this.cacheSeconds * 800;
    // A date that does not parse is NaN: not known to be valid, so taken for expired.
    if (!(Date.now() < expiresAt)) {
      this.drop();
      refuse("token-expired");
    }
    return token;
  }
}

/** KV v2 of Vault or OpenBao, read with the gate's AppRole. */
class VaultStore {
  private session: { readonly token: string; readonly until: number } | undefined;

  constructor(
    private readonly config: Extract<TokenStoreConfig, { kind: "vault" }>,
    private readonly secretId: string,
  ) {}

  async read(): Promise<TokenRecord> {
    const path = `${this.config.mount}/data/${this.config.path}`;
    let answer = await this.call("GET", path, await this.login());
    if (answer.status === 403) {
      // The session may have been revoked; a second refusal is final.
      this.session = undefined;
      answer = await this.call("GET", path, await this.login());
    }
    if (answer.status !== 200) throw new Error(`the token store answered ${answer.status}`);
    const body = (await readJson(answer, MAX_STORE_ANSWER)) as { data?: { data?: Partial<TokenRecord> } } | undefined;
    const record = body?.data?.data;
    if (typeof record?.token !== "string") throw new Error("the token store holds no token");
    return { token: record.token, expires_at: typeof record.expires_at === "string" ? record.expires_at : "" };
  }

  private async login(): Promise<string> {
    const now = Date.now();
    if (this.session !== undefined && now < this.session.until) return this.session.token;
    const answer = await this.call(
      "POST",
      `auth/${this.config.authMount}/login`,
      undefined,
      JSON.stringify({ role_id: this.config.roleId, secret_id: this.secretId }),
    );
    if (answer.status !== 200) throw new Error(`the token store refused the gate's role (${answer.status})`);
    const body = (await readJson(answer, MAX_STORE_ANSWER)) as
      { auth?: { client_token?: unknown; lease_duration?: unknown } } | undefined;
    const token = body?.auth?.client_token;
    if (typeof token !== "string" || token === "") throw new Error("the token store gave no session");
    const lease = typeof body?.auth?.lease_duration === "number" ? body.auth.lease_duration : 0;
    this.session = { token, until: now + Math.max(0, lease * 1000 * 0.8) };
    return token;
  }

  private call(method: string, path: string, token: string | undefined, body?: string): Promise<Response> {
    return fetch(`${this.config.address}/v1/${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { "x-vault-token": token }),
        "x-vault-request": "true",
        ...(this.config.namespace === undefined ? {} : { "x-vault-namespace": this.config.namespace }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      redirect: "manual",
      signal: AbortSignal.timeout(STORE_MS),
      ...(body === undefined ? {} : { body }),
    });
  }
}

interface Sealed {
  readonly v: number;
  readonly iv: string;
  readonly data: string;
}

/**
 * Workers KV: the record sealed with AES-256-GCM under a key that only the gate and the rotator hold. KV may show an old value for a minute, which
 * is longer than a replaced token lives, so the ledger is asked, which holds the newest; KV has what was there before the ledger knew any.
 */
class KvStore {
  private key: Promise<CryptoKey> | undefined;

  constructor(private readonly env: GateEnv) {}

  async read(): Promise<TokenRecord> {
    if (this.env.TOKEN_KEY === undefined) throw new Error("the gate has no key for its token store");
    const sealed = await this.newest();
    if (sealed.v !== 1) throw new Error("the token store holds no token");
    this.key ??= crypto.subtle.importKey("raw", fromBase64(this.env.TOKEN_KEY), "AES-GCM", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: fromBase64(sealed.iv) },
      await this.key,
      fromBase64(sealed.data),
    );
    return JSON.parse(new TextDecoder().decode(plain)) as TokenRecord;
  }

  private async newest(): Promise<Sealed> {
    const { version, value } = await this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger")).cell("token");
    const text = version === 0 ? await this.env.TOKENS.get("token") : value;
    if (text === null || text.length > MAX_STORE_ANSWER) throw new Error("the token store holds no token");
    return JSON.parse(text) as Sealed;
  }
}
