import { Conflict } from "../errors";
import type { Cell, CellState, TokenStore } from "./types";
import { unexpected, vaultErrors, type VaultSession } from "./vaultSession";

/** One KV v2 secret. `data/` for the content, `metadata/` for what auditors may see, `destroy/` for old versions. */
export class VaultCell implements Cell {
  readonly where: string;

  constructor(
    private readonly session: VaultSession,
    private readonly mount: string,
    private readonly path: string,
  ) {
    this.where = `${mount}/${path}`;
  }

  async read(): Promise<CellState> {
    const answer = await this.session.send("GET", `${this.mount}/data/${this.path}`, `read ${this.where}`);
    if (answer.status !== 200 && answer.status !== 404) throw unexpected(`read ${this.where}`, answer);
    // A deleted version answers 404 with its metadata, and the next write must still name its number.
    const data = answer.json().data as
      { data?: Record<string, string> | null; metadata?: { version?: number } } | undefined;
    return { version: data?.metadata?.version ?? 0, ...(data?.data ? { data: data.data } : {}) };
  }

  async write(content: Record<string, string>, cas: number): Promise<number> {
    const what = `write ${this.where}`;
    const answer = await this.session.send("POST", `${this.mount}/data/${this.path}`, what, {
      options: { cas },
      data: content,
    });
    if (answer.status === 400 && /check-and-set/.test(vaultErrors(answer))) throw new Conflict(this.where);
    const version = (answer.json().data as { version?: unknown } | undefined)?.version;
    if (answer.status !== 200 || typeof version !== "number") throw unexpected(what, answer);
    return version;
  }

  async prune(): Promise<void> {
    const what = `list versions of ${this.where}`;
    const answer = await this.session.send("GET", `${this.mount}/metadata/${this.path}`, what);
    if (answer.status === 404) return;
    if (answer.status !== 200) throw unexpected(what, answer);
    const meta = answer.json().data as { current_version?: number; versions?: Record<string, { destroyed?: boolean }> };
    const versions = Object.entries(meta.versions ?? {})
      .filter(([version, state]) => Number(version) !== meta.current_version && state.destroyed !== true)
      .map(([version]) => Number(version));
    if (versions.length === 0) return;
    const destroyed = await this.session.send(
      "POST",
      `${this.mount}/destroy/${this.path}`,
      `destroy old versions of ${this.where}`,
      { versions },
    );
    if (destroyed.status !== 204 && destroyed.status !== 200)
      throw unexpected(`destroy old versions of ${this.where}`, destroyed);
  }

  /** An empty note is removed: the server refuses empty values, and with one of them all the others. */
  async annotate(notes: Record<string, string>): Promise<void> {
    const what = `annotate ${this.where}`;
    const patch = Object.fromEntries(Object.entries(notes).map(([name, value]) => [name, value === "" ? null : value]));
    const answer = await this.session.send(
      "PATCH",
      `${this.mount}/metadata/${this.path}`,
      what,
      { custom_metadata: patch },
      "application/merge-patch+json",
    );
    if (answer.status !== 204 && answer.status !== 200) throw unexpected(what, answer);
  }

  /** What auditors see: custom metadata and the times of the versions. Needs no right to the content. */
  async facts(): Promise<{ version: number; notes: Record<string, string>; updatedAt: string } | undefined> {
    const what = `read metadata of ${this.where}`;
    const answer = await this.session.send("GET", `${this.mount}/metadata/${this.path}`, what);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unexpected(what, answer);
    const meta = answer.json().data as {
      current_version?: number;
      custom_metadata?: Record<string, string> | null;
      updated_time?: string;
    };
    return {
      version: meta.current_version ?? 0,
      notes: meta.custom_metadata ?? {},
      updatedAt: meta.updated_time ?? "",
    };
  }
}

/**
 * Content of a secret beside the token, or undefined when there is none. Throws RequestRefused when this identity may not read
 * it.
 */
export async function readVaultSecret(
  session: VaultSession,
  mount: string,
  path: string,
): Promise<Record<string, string> | undefined> {
  return (await new VaultCell(session, mount, path).read()).data;
}

/** The token at `<mount>/<path>`, the rotation's journal at `<mount>/<path>-rotation`. */
export function vaultStore(
  session: VaultSession,
  mount: string,
  path: string,
): TokenStore & { token: VaultCell; journal: VaultCell } {
  return {
    kind: "vault",
    token: new VaultCell(session, mount, path),
    journal: new VaultCell(session, mount, `${path}-rotation`),
  };
}
