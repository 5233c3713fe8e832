import type { SessionKey } from "../../contract";
import { refuse } from "../answer/problem";
import type { Background, GateEnv } from "../env";
import { isWithin, withTimeout } from "../time";
import { equalInConstantTime } from "./constantTime";

/** How long an isolate uses the ledger's list without asking again: so late arrives the end of a key. */
const FRESH_MS = 1_000;
/** How long the ledger may take. */
const LEDGER_MS = 5_000;

/**
 * The keys of sessions, which the ledger holds. An isolate asks for the whole list, at most once a second and once at a
 * time: whoever shows keys that nobody made costs the ledger no more than one call a second. A key is good for its first
 * request a second after it was made.
 */
export class SessionKeys {
  private known: readonly SessionKey[] | undefined;
  private asked = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(private readonly env: Pick<GateEnv, "LEDGER">) {}

  /** The open key with this hash; undefined when there is none. Throws a refusal when the ledger does not answer. */
  async find(background: Background, sha256: string, now: number): Promise<SessionKey | undefined> {
    if (this.asking === undefined || !isWithin(now, this.asked, this.asked + FRESH_MS)) this.ask(background);
    const answered = withTimeout(this.asking ?? Promise.resolve(), LEDGER_MS, "the ledger").then(
      () => this.known,
      () => undefined,
    );
    const keys = (await answered) ?? refuse("ledger-unavailable");
    let found: SessionKey | undefined;
    for (const key of keys) if (equalInConstantTime(key.sha256, sha256) && now <= Date.parse(key.notAfter)) found = key;
    return found;
  }

  private ask(background: Background): void {
    // The time counts from before the call, so that what changes during it is seen a second later.
    this.asked = Date.now();
    const asking = this.list().then((keys) => {
      // An answer that comes behind that of a later call is out of date.
      if (this.asking === asking) this.known = keys;
    });
    this.asking = asking;
    background.waitUntil(asking);
  }

  /** Undefined when it cannot be read: nothing of before is used on. */
  private async list(): Promise<readonly SessionKey[] | undefined> {
    try {
      const stub = this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger"));
      return (await withTimeout(stub.sessionKeys(), LEDGER_MS, "the ledger")) as readonly SessionKey[];
    } catch {
      return undefined;
    }
  }
}
