import type { AppRole, VaultAddress } from "./vault";

/** A KV v2 secret of Vault or OpenBao, and the role with which a Worker opens it; the role's secret id stands apart. */
export interface VaultTokenStore extends VaultAddress, Pick<AppRole, "roleId"> {
  readonly kind: "vault";
  readonly mount: string;
  /** Of the token, below the mount. */
  readonly path: string;
  /** Mount of the AppRole sign-in. */
  readonly authMount: string;
}

/** Workers KV, sealed, with the gate's ledger in front. */
interface KvTokenStore {
  readonly kind: "kv";
}

/** Where the gate finds the GitHub token. */
export type GateTokenStore = VaultTokenStore | KvTokenStore;

/** Where the rotator finds the token, the rotation's journal and what it needs beside them. */
export type RotatorTokenStore =
  | (VaultTokenStore & {
      /** Path of the key to the gate's control routes. */
      readonly operator: string;
      /** Path of what mints a token without a person. */
      readonly minter: string;
    })
  | KvTokenStore;

/** As it is planned: the role's id exists only after the update. */
export type Planned<Store> = Store extends VaultTokenStore ? Omit<Store, "roleId"> : Store;
