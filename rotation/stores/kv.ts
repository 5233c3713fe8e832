import { openRecord, sealRecord, sealingKey } from "../../edge/sealing";
import type { Cell, CellState, TokenStore } from "./types";

/**
 * Where sealed values live. Workers KV itself has no check-and-set, so the ledger (one Durable Object) decides which
 * write wins and holds the winning value; KV carries a copy of it to the edge.
 */
export interface SealedStorage {
  get(key: string): Promise<{ version: number; value: string } | undefined>;
  /** Throws Conflict when the current version is not `cas`. */
  put(key: string, value: string, cas: number): Promise<void>;
}

export class KvCell implements Cell {
  readonly where: string;
  constructor(
    private readonly storage: SealedStorage,
    private readonly key: string,
    private readonly tokenKey: string,
  ) {
    this.where = `Workers KV key ${key}`;
  }

  async read(): Promise<CellState> {
    const stored = await this.storage.get(this.key);
    if (!stored) return { version: 0 };
    const opened = await openRecord(await sealingKey(this.tokenKey), stored.value).catch((error: unknown) => {
      // Sealed under a key that is gone, since the stack made a new one: nobody can read it, and the next write takes
      // its place.
      if ((error as Partial<Error>).name === "OperationError") return undefined;
      throw error;
    });
    if (!opened) return { version: stored.version };
    const { content, version } = opened;
    if (version !== stored.version)
      throw new Error(
        `${this.where} holds version ${version} under number ${stored.version}: an old value was put back`,
      );
    return { version: stored.version, data: content };
  }

  async write(content: Record<string, string>, cas: number): Promise<number> {
    await this.storage.put(this.key, await sealRecord(await sealingKey(this.tokenKey), cas + 1, content), cas);
    return cas + 1;
  }

  /** Only the newest value is kept, so there is nothing to destroy. */
  async prune(): Promise<void> {}
  /** Workers KV shows auditors nothing that the gate's own status does not; the journal carries the facts. */
  async annotate(): Promise<void> {}
}

/** Base64 of 32 bytes each. */
export interface KvKeys {
  /** The gate's TOKEN_KEY: what it needs to read the token, and nothing else. */
  readonly token: string;
  /** Of journal and minting secret, which the gate has no business with. */
  readonly rotator: string;
}

/** Both cells live in the ledger, where the gate reads the token too: a write is seen by its next read, everywhere. */
export function kvStore(storage: SealedStorage, keys: KvKeys): TokenStore {
  return {
    kind: "kv",
    token: new KvCell(storage, "token", keys.token),
    journal: new KvCell(storage, "token-rotation", keys.rotator),
  };
}

/** What minting without a person takes, beside the token. */
export const kvMinterCell = (storage: SealedStorage, keys: KvKeys): KvCell =>
  new KvCell(storage, "token-minter", keys.rotator);
