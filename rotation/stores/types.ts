/** One versioned record in a token store, written only by check-and-set. */
export interface Cell {
  /** For messages: where it stands, without its content. */
  readonly where: string;
  /** Version 0 and no data when nothing was ever written; a version without data when the latest was deleted. */
  read(): Promise<CellState>;
  /**
   * Writes when the current version is `cas`, and returns the new version.
   * Throws Conflict when it is another; Unavailable when it is unknown whether the write took place.
   */
  write(data: Record<string, string>, cas: number): Promise<number>;
  /** Destroys the content of every version but the newest. Repeating it does nothing more. */
  prune(): Promise<void>;
  /**
   * Facts for auditors, beside the record and never secret: at most 64 keys, 512 bytes a value. Keys not named stay.
   */
  annotate(notes: Record<string, string>): Promise<void>;
}

export interface CellState {
  readonly version: number;
  readonly data?: Record<string, string>;
}

/** Where the token and the rotation's journal stand. */
export interface TokenStore {
  readonly kind: "vault" | "kv";
  readonly token: Cell;
  readonly journal: Cell;
}
