import type { Slot, SlotName } from "../journal";
import type { Permissions, RotationPlan } from "../plan";
import type { TokenRecord } from "../record";

export interface Declaration {
  readonly kind: RotationPlan["kind"];
  /** Whether it mints without a person. */
  readonly unattended: boolean;
  /** How long its tokens live, in words for a policy. */
  readonly lifetime: string;
  /** The longest life, in milliseconds. */
  readonly lifetimeMs: number;
  /** What must be at hand, in words. */
  readonly needs: readonly string[];
  /** Exactly what it asks for. */
  readonly asks: Permissions;
  /** Whether the old token lives on until it is revoked; without that the change is not seamless. */
  readonly overlaps: boolean;
  /** What GitHub does not let this kind do or show, said once where it matters. */
  readonly limits: readonly string[];
}

/** What the journal remembers for a minter between rotations. */
export interface MinterMemory {
  readonly slots?: Partial<Record<SlotName, Slot>>;
  readonly current?: SlotName;
}

interface MintRequest {
  readonly memory: MinterMemory;
  readonly slot?: SlotName;
  readonly old?: TokenRecord;
  /** An earlier attempt of this rotation may have minted without its answer being recorded. */
  readonly resumed: boolean;
}

export interface Minted {
  readonly token: string;
  readonly expiresAt: string;
  /** What GitHub says it granted, where it says so. */
  readonly granted?: Permissions;
  readonly grantedRepositories?: readonly string[];
  readonly memory?: MinterMemory;
}

/** What is needed before a mint, and written to the journal ahead of it. */
interface MintIntent {
  readonly memory?: MinterMemory;
  readonly slot?: SlotName;
  readonly notes?: readonly string[];
}

/** Makes tokens of one kind, and ends them. */
export interface TokenMinter {
  readonly declaration: Declaration;
  /** Decides how the next mint will be done. Throws NeedsPerson when it cannot be done alone. */
  intend(memory: MinterMemory, old: TokenRecord | undefined, now: number): MintIntent;
  /** Throws Lost when GitHub no longer accepts what was to be spent, so that this rotation cannot go on. */
  mint(request: MintRequest): Promise<Minted>;
  /** Ends a token. Repeating it is harmless. */
  revoke(token: string): Promise<void>;
  /**
   * Ends the replaced token. For kinds that live on what they end (refresh tokens), `intendToRetire` says what is
   * written ahead and `retire` what is to be remembered afterwards.
   */
  intendToRetire?(memory: MinterMemory): MinterMemory;
  retire?(old: TokenRecord, memory: MinterMemory): Promise<MinterMemory>;
  /** Keeps what a mint has changed at GitHub when another rotator has taken the rotation over. */
  rescue?(memory: MinterMemory, minted: Minted): MinterMemory | undefined;
  /** Where a person goes, for kinds that need one. */
  link?(): string;
}

/**
 * What was to be spent is gone, with what a person does about it. The rotation rolls back; the token in use is
 * untouched.
 */
export class Lost extends Error {
  constructor(
    readonly why: string,
    readonly memory: MinterMemory,
    readonly todo: readonly string[],
  ) {
    super(why);
    this.name = "Lost";
  }
}
