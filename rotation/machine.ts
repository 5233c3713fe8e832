import { Conflict, NeedsPerson, Refused, Unavailable, messageOf } from "./errors";
import { iso, randomId, sha256, short } from "./encoding";
import { isDead } from "./github";
import { closed, type Journal, type OutboxEntry, type Phase, type RotationState, type SlotName, type Slot } from "./journal";
import { JournalCell, LostRace } from "./journal-cell";
import { Lost, type Minted, type MinterMemory, type TokenMinter } from "./minters/types";
import { hasExpired, readRecord, tokenRecord, type TokenRecord } from "./record";
import { acceptInvitation, verify } from "./verify";
import type { Effects } from "./effects";
import type { GateControl } from "./gate-control";
import type { NotifyAdapter } from "./notify/types";
import type { Permissions, RotationPlan } from "./plan";
import type { TokenStore } from "./stores/types";

export interface RotationDeps {
  readonly effects: Effects;
  readonly plan: RotationPlan;
  readonly minter: TokenMinter;
  readonly store: TokenStore;
  /** Without a gate nothing can be proven through it, and the outcome says so. */
  readonly gate?: GateControl;
  /** Unique for each process. */
  readonly rotatorId: string;
  readonly adapters?: readonly NotifyAdapter[];
  /** Reads the organization's grant of the new token, where a GitHub App may. */
  readonly grant?: (expiresAt: string) => Promise<Permissions | undefined>;
  readonly leaseMs?: number;
}

export interface StartRequest {
  /** In words, for the history: "schedule", "by hand" … */
  readonly reason: string;
  /** A token that a person brought. */
  readonly supplied?: string;
  /** The authorization that came with it (app-user-token). */
  readonly slot?: { readonly name: SlotName; readonly value: Slot };
  /** The old token is suspected stolen: no grace. */
  readonly urgent?: boolean;
}

export type Result = "finished" | "rolled-back" | "nothing" | "busy" | "lost" | "stopped" | "needs-person";

export interface Outcome {
  readonly result: Result;
  /** One sentence for a person. */
  readonly says: string;
  readonly phase: Phase;
  readonly rotationId?: string;
  readonly oldSha256?: string;
  readonly newSha256?: string;
  readonly expiresAt?: string;
  /** What a person has to do. */
  readonly todo: readonly string[];
  /** What could not be seen or done, and what else happened. */
  readonly notes: readonly string[];
  /** Milliseconds from the start to each phase. */
  readonly phases?: Partial<Record<Phase, number>>;
  /** When `busy`: until when another rotator holds it. */
  readonly busyUntil?: number;
}

/** How long others leave a rotation to the one that works on it. */
export const LEASE_MS = 30_000;
/** How long a refreshed authorization that cannot be recorded is held, and how often recording is tried. */
const HOLD_MS = 120_000;
const HOLD_STEP_MS = 5_000;
/** A request that was on its way when the cache ended is allowed this long to reach GitHub. */
const DRAIN_MARGIN_MS = 500;

/**
 * Replaces the token: first finishes or rolls back what an earlier run left, then, unless that already replaced the
 * token, does one whole rotation. Never throws for what the world does; the outcome says where it stands, and running
 * it again goes on from there.
 */
export async function rotate(deps: RotationDeps, start: StartRequest): Promise<Outcome> {
  return new Machine(deps).run(start);
}

/** Finishes or rolls back what an earlier run left; starts nothing. */
export async function resume(deps: RotationDeps): Promise<Outcome> {
  return new Machine(deps).run(undefined);
}

class Machine {
  readonly #cell: JournalCell;
  readonly #todo: string[] = [];
  #ended: Outcome | undefined;

  constructor(private readonly deps: RotationDeps) {
    this.#cell = new JournalCell(deps.effects, deps.store.journal, deps.rotatorId, deps.leaseMs ?? LEASE_MS);
  }

  async run(start: StartRequest | undefined): Promise<Outcome> {
    const { effects } = this.deps;
    try {
      const found = await this.#cell.load();
      if (found.phase !== "idle") {
        if (found.rotator !== this.deps.rotatorId && found.leaseUntil > effects.now()) return this.#busy(found);
        await this.#takeOver(found);
        await this.#advance();
        // What was left may itself have been the wanted rotation.
        if (!start || !(await this.#stillWanted(start))) return this.#ended ?? this.#outcome("nothing", "nothing was left to finish");
      } else if (!found.tidy) await this.#tidy();
      if (!start) return this.#ended ?? this.#outcome("nothing", "nothing was left to finish");
      const same = await this.#begin(start);
      if (same) return same;
      await this.#advance();
      return this.#ended ?? this.#outcome("finished", "the token is replaced");
    } catch (error) {
      return this.#failed(error);
    }
  }

  get #journal(): Journal { return this.#cell.journal; }
  get #rotation(): RotationState {
    const { rotation } = this.#journal;
    if (!rotation) throw new Error(`the journal says ${this.#journal.phase} but names no rotation`);
    return rotation;
  }

  /** The journal's memory for the minter. `current` moves only when the gate is proven to use the new token. */
  get #memory(): MinterMemory {
    const { slots, current } = this.#journal;
    return { ...(slots ? { slots } : {}), ...(current ? { current } : {}) };
  }

  #say(step: string, says: string): void { this.deps.effects.report({ step, says }); }

  async #reach(phase: Phase, change: Partial<RotationState> = {}, rest: Partial<Journal> = {}, keepMs = 0): Promise<void> {
    const rotation = { ...this.#rotation, ...change };
    await this.#cell.commit({ ...this.#journal, ...rest, phase, rotation: { ...rotation, times: { ...rotation.times, [phase]: this.deps.effects.now() } } }, keepMs);
  }

  /** The first write of a take-over fences the earlier rotator: its next write fails. */
  async #takeOver(found: Journal): Promise<void> {
    this.#say("resume", `going on with rotation ${found.rotation?.id ?? "?"}, which stands at ${found.phase}`);
    const rotation = found.rotation && found.phase === "minting" ? { ...found.rotation, mints: found.rotation.mints + 1 } : found.rotation;
    await this.#cell.commit({ ...found, ...(rotation ? { rotation } : {}) });
  }

  async #stillWanted(start: StartRequest): Promise<boolean> {
    if (this.#ended?.result === "rolled-back") return this.deps.minter.declaration.alone === false ? start.supplied !== undefined : !this.#todo.length;
    return start.supplied !== undefined && (await sha256(start.supplied)) !== this.#ended?.newSha256;
  }

  async #begin(start: StartRequest): Promise<Outcome | undefined> {
    const { effects, minter, plan, store } = this.deps;
    this.#ended = undefined;
    const cell = await store.token.read();
    const old = readRecord(cell.data);
    const now = effects.now();
    const id = randomId();
    const rotation: RotationState = {
      id, reason: start.reason, startedAt: now, base: cell.version, mints: 0, notes: [], times: {},
      ...(old ? { old } : {}), ...(start.urgent ? { urgent: true } : {}),
    };
    if (start.supplied !== undefined) {
      const next = await tokenRecord({ token: start.supplied, kind: plan.kind, login: plan.login, expiresAt: "", rotationId: id });
      if (old?.sha256 === next.sha256) return this.#outcome("nothing", "this token is already the current one", { newSha256: old.sha256, expiresAt: old.expires_at });
      this.#say("minted", `a person brought token ${short(next.sha256)}`);
      await this.#cell.commit({
        ...this.#journal, phase: "minted",
        ...(start.slot ? { slots: { ...this.#journal.slots, [start.slot.name]: start.slot.value } } : {}),
        rotation: { ...rotation, next, placedByPerson: true, times: { minted: now }, ...(start.slot ? { slot: start.slot.name } : {}) },
      });
      return undefined;
    }
    const intent = minter.intend(this.#memory, old, now);
    this.#say("minting", `rotation ${id} begins`);
    await this.#cell.commit({
      ...this.#journal, phase: "minting", ...(intent.memory?.slots ? { slots: intent.memory.slots } : {}),
      rotation: { ...rotation, mints: 1, notes: intent.notes ?? [], times: { minting: now }, ...(intent.slot ? { slot: intent.slot } : {}) },
    });
    return undefined;
  }

  async #advance(): Promise<void> {
    for (;;) {
      switch (this.#journal.phase) {
        case "idle": return;
        case "minting": await this.#mint(); break;
        case "minted": await this.#verify(); break;
        case "verified": await this.#store(); break;
        case "stored": await this.#switch(); break;
        case "switched": await this.#prove(); break;
        case "proven": await this.#revokeOld(); break;
        case "revoked": await this.#finish(); break;
        case "rolling-back": await this.#rollBack(); break;
      }
    }
  }

  async #mint(): Promise<void> {
    const { minter, plan } = this.deps;
    const r = this.#rotation;
    let minted: Minted;
    try {
      minted = await minter.mint({ memory: this.#memory, resumed: r.mints > 1, ...(r.slot ? { slot: r.slot } : {}), ...(r.old ? { old: r.old } : {}) });
    } catch (error) {
      if (error instanceof Lost) {
        await this.#turnBack(error.why, { notes: [...r.notes, ...error.todo] }, error.memory.slots ? { slots: error.memory.slots } : {});
        this.#todo.push(...error.todo);
        return;
      }
      // A plain no to the mint itself: nothing was made, so nothing has to be kept open.
      if (error instanceof Refused && r.mints === 1) return this.#turnBack(error.message);
      throw error;
    }
    const next = await tokenRecord({ token: minted.token, kind: plan.kind, login: plan.login, expiresAt: minted.expiresAt, rotationId: r.id });
    const granted = minted.granted || minted.grantedRepositories
      ? { granted: { ...(minted.granted ? { permissions: minted.granted } : {}), ...(minted.grantedRepositories ? { repositories: minted.grantedRepositories } : {}) } } : {};
    try {
      await this.#held(() => this.#reach("minted", { next, ...granted }, minted.memory?.slots ? { slots: minted.memory.slots } : {}));
    } catch (error) {
      await this.#disown(minted, next);
      throw error;
    }
    this.#say("minted", `GitHub made token ${short(next.sha256)}`);
  }

  /** A refreshed authorization lives in this process until it is recorded: then a store that is away is waited for, bounded. */
  async #held(write: () => Promise<void>): Promise<void> {
    for (let waited = 0; ; waited += HOLD_STEP_MS) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof Unavailable || error instanceof Refused) || !this.deps.minter.rescue || waited >= HOLD_MS) throw error;
        this.#say("holding", `the new authorization cannot be recorded yet: ${messageOf(error)}`);
        await this.deps.effects.sleep(HOLD_STEP_MS);
      }
    }
  }

  /** A minted token that could not be recorded is nobody's: it is ended, or kept where ending it would cost more. */
  async #disown(minted: Minted, next: TokenRecord): Promise<void> {
    const { minter } = this.deps;
    try {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const journal = await this.#cell.load();
        if (journal.rotation?.next?.sha256 === next.sha256) return; // it was recorded after all
        if (!minter.rescue) break;
        const memory = minter.rescue({ ...(journal.slots ? { slots: journal.slots } : {}), ...(journal.current ? { current: journal.current } : {}) }, minted);
        if (!memory?.slots) return;
        try {
          await this.#cell.commit({ ...journal, slots: memory.slots });
          this.#say("rescued", "kept a refreshed authorization that another rotator had given up");
          return;
        } catch (error) {
          if (!(error instanceof LostRace)) throw error;
        }
      }
    } catch (error) {
      this.#say("disown", messageOf(error));
      if (minter.rescue) return; // revoking would end the authorization too
    }
    try {
      await minter.revoke(next.token);
      this.#say("disown", `revoked ${short(next.sha256)}, which this run had minted`);
    } catch (error) {
      this.#say("disown", `could not revoke ${short(next.sha256)}: ${messageOf(error)}`);
    }
  }

  async #verify(): Promise<void> {
    const { effects, plan, grant } = this.deps;
    const r = this.#rotation;
    const next = this.#next();
    const notes = [...r.notes];
    const invitation = r.placedByPerson || !r.old ? await acceptInvitation(effects, plan, next.token) : undefined;
    if (invitation) notes.push(invitation);
    const verdict = await verify(effects, plan, next.token, {
      ...(grant ? { grant } : {}),
      granted: { expiresAt: next.expires_at, ...(r.granted?.permissions ? { granted: r.granted.permissions } : {}), ...(r.granted?.repositories ? { grantedRepositories: r.granted.repositories } : {}) },
    });
    if (verdict.problems.length > 0) return this.#turnBack(`the new token is not what was declared: ${verdict.problems.join("; ")}`, { notes });
    this.#say("verified", `${short(next.sha256)} is ${verdict.login}'s and has exactly what was declared, as far as GitHub shows`);
    await this.#reach("verified", { next: { ...next, login: verdict.login, expires_at: verdict.expiresAt }, notes: [...notes, ...verdict.unseen] });
  }

  async #store(): Promise<void> {
    const { effects, store } = this.deps;
    const r = this.#rotation;
    const next = this.#next();
    let storedVersion: number;
    try {
      storedVersion = await this.#writeToken(next, r.base);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      return this.#turnBack(`somebody wrote ${store.token.where} during the rotation; nothing was overwritten`);
    }
    this.#say("stored", `${store.token.where} holds it as version ${storedVersion}`);
    await this.#reach("stored", { storedVersion, storedAt: effects.now() });
  }

  /** Check-and-set of the token; a write whose answer was lost is recognised by its rotation. */
  async #writeToken(record: TokenRecord, cas: number): Promise<number> {
    const { token } = this.deps.store;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await token.write({ ...record }, cas);
      } catch (error) {
        if (!(error instanceof Conflict) && !(error instanceof Unavailable)) throw error;
        const found = await token.read();
        const there = readRecord(found.data);
        if (there?.rotation_id === record.rotation_id && there.sha256 === record.sha256) return found.version;
        if (found.version !== cas) throw new Conflict(token.where);
        if (attempt === 3) throw error;
      }
    }
  }

  async #switch(): Promise<void> {
    const { gate, plan } = this.deps;
    const r = this.#rotation;
    const next = this.#next();
    const notes = [...r.notes, ...(await this.#annotate("current", next))];
    if (!gate) notes.push("no gate was given: it will ask the store by itself within its cache time");
    else {
      try {
        await this.#gateShows(next, async () => (await gate.refresh()).tokenSha256, "fetch the new token");
      } catch (error) {
        if (!this.#graceIsOver(error)) throw error;
        notes.push(`the gate did not confirm the new token within ${plan.graceMinutes} minutes (${messageOf(error)})`);
      }
    }
    this.#say("switched", gate ? "the gate has fetched it" : "no gate to switch");
    await this.#reach("switched", { notes });
  }

  async #prove(): Promise<void> {
    const { effects, gate, plan } = this.deps;
    const r = this.#rotation;
    const next = this.#next();
    const notes = [...r.notes];
    if (gate) {
      let status = 0;
      let requestId = "";
      try {
        await this.#gateShows(next, async () => {
          const probe = await gate.probe();
          ({ status, requestId } = probe);
          if (status === 401) return next.sha256; // the gate has just shown that this is the one it uses
          if (status >= 500 || status === 429) throw new Unavailable("GitHub", "answer the gate's probe", `answer ${status}`);
          return probe.tokenSha256;
        }, "use the new token");
        if (status === 401) return await this.#turnBack("GitHub refused the new token when the gate used it");
        const recorded = (await gate.audit())?.some((line) => line.requestId === requestId && line.tokenSha256 === next.sha256);
        notes.push(recorded ? `proven by audit record ${requestId}` : `proven by the gate's answer to probe ${requestId}; its audit record was not readable here`);
      } catch (error) {
        if (!this.#graceIsOver(error)) throw error;
        notes.push(`not proven through the gate within ${plan.graceMinutes} minutes (${messageOf(error)})`);
      }
    } else notes.push("not proven through a gate: none was given");
    this.#say("proven", gate ? "a request through the gate used it" : "not proven: no gate");
    const drainUntil = this.#drainUntil();
    await this.#reach("proven", { notes, drainUntil }, r.slot ? { current: r.slot } : {}, drainUntil - effects.now());
  }

  #drainUntil(): number {
    const r = this.#rotation;
    return (r.storedAt ?? this.deps.effects.now()) + (r.urgent ? 0 : this.deps.plan.cacheSeconds * 1000 + DRAIN_MARGIN_MS);
  }

  /** Asks the gate until it shows the new token's hash; another isolate may answer first with the old one. */
  async #gateShows(next: TokenRecord, ask: () => Promise<string>, what: string): Promise<void> {
    let shown = "";
    for (let attempt = 0; attempt < 4; attempt += 1) {
      if (attempt > 0) await this.deps.effects.sleep(500 * attempt);
      shown = await ask();
      if (shown === next.sha256) return;
    }
    throw new Unavailable("the gate", what, `it uses ${short(shown) || "no token"} instead of ${short(next.sha256)}`);
  }

  /** After the grace the declared bound wins: the new token was verified directly, and the gate's caches have ended. */
  #graceIsOver(error: unknown): boolean {
    if (!(error instanceof Unavailable) && !(error instanceof Refused)) return false;
    const r = this.#rotation;
    return r.urgent === true || this.deps.effects.now() >= (r.storedAt ?? 0) + this.deps.plan.graceMinutes * 60_000;
  }

  async #revokeOld(): Promise<void> {
    const { effects, minter, plan } = this.deps;
    const { old } = this.#rotation;
    const wait = old ? (this.#rotation.drainUntil ?? 0) - effects.now() : 0;
    if (wait > 0) {
      this.#say("draining", `waiting ${Math.ceil(wait / 1000)} s until no cache holds the old token`);
      await effects.sleep(wait);
    }
    let rest: Partial<Journal> = {};
    let notes = this.#rotation.notes;
    if (!old) notes = [...notes, "there was no old token"];
    else if (hasExpired(old, effects.now())) notes = [...notes, "the old token had already expired"];
    else {
      if (minter.retire) {
        if (minter.intendToRetire) {
          const ahead = minter.intendToRetire(this.#memory);
          if (ahead.slots && JSON.stringify(ahead.slots) !== JSON.stringify(this.#journal.slots)) await this.#cell.commit({ ...this.#journal, slots: ahead.slots });
        }
        try {
          const memory = await minter.retire(old, this.#memory);
          rest = memory.slots ? { slots: memory.slots } : {};
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          rest = error.memory.slots ? { slots: error.memory.slots } : {};
          notes = [...notes, error.why, ...error.todo];
          this.#todo.push(...error.todo);
        }
      } else await minter.revoke(old.token);
      if (!(await isDead(effects, plan, old.token))) throw new Unavailable("GitHub", "end the old token", "it still accepts it");
      this.#say("revoked", `${short(old.sha256)} is dead: GitHub answers 401`);
    }
    await this.#held(() => this.#reach("revoked", { notes }, rest));
  }

  async #finish(): Promise<void> {
    const r = this.#rotation;
    const next = this.#next();
    const message = this.#message("token.rotated", {
      rotation: r.id, reason: r.reason, oldSha256: r.old?.sha256 ?? null, newSha256: next.sha256, expiresAt: next.expires_at || null,
    });
    await this.#end("finished", `token ${short(next.sha256)} is in use${r.old ? `, ${short(r.old.sha256)} is dead` : ""}`, message);
  }

  async #turnBack(why: string, change: Partial<RotationState> = {}, rest: Partial<Journal> = {}): Promise<void> {
    this.#say("rolling-back", why);
    await this.#reach("rolling-back", { ...change, rollback: { why, restored: this.#rotation.storedVersion === undefined } }, rest);
  }

  async #rollBack(): Promise<void> {
    const { effects, gate, minter, plan } = this.deps;
    let r = this.#rotation;
    const why = r.rollback?.why ?? "unknown";
    let rest: Partial<Journal> = {};
    if (!r.rollback?.restored) {
      if (r.old && !hasExpired(r.old, effects.now()) && !(await isDead(effects, plan, r.old.token, 1))) {
        await this.#writeToken({ ...r.old, rotation_id: `${r.id}-back` }, r.storedVersion ?? r.base);
        await this.#annotate("current", r.old);
        await gate?.refresh();
        await effects.sleep(plan.cacheSeconds * 1000 + DRAIN_MARGIN_MS);
      }
      await this.#reach("rolling-back", { rollback: { why, restored: true } });
      r = this.#rotation;
    }
    if (r.next && r.placedByPerson) {
      // The authorization that came with a refused token goes with it.
      const slots = { ...this.#journal.slots };
      if (r.slot && slots[r.slot]?.accessSha256 === r.next.sha256) delete slots[r.slot];
      await this.#cell.commit({ ...this.#journal, ...(this.#journal.slots ? { slots } : {}), rotation: { ...r, notes: [...r.notes, `the token ${short(r.next.sha256)} was not stored and is still alive: change its permissions on GitHub's page and put it again, or delete it there`] } });
    } else if (r.next) {
      if (minter.retire) {
        try {
          const ahead = minter.intendToRetire?.(this.#memory);
          if (ahead?.slots && JSON.stringify(ahead.slots) !== JSON.stringify(this.#journal.slots)) await this.#cell.commit({ ...this.#journal, slots: ahead.slots });
          const memory = await minter.retire(r.next, this.#memory);
          rest = memory.slots ? { slots: memory.slots } : {};
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          rest = error.memory.slots ? { slots: error.memory.slots } : {};
          this.#todo.push(...error.todo);
        }
      } else await minter.revoke(r.next.token);
      if (!(await isDead(effects, plan, r.next.token))) throw new Unavailable("GitHub", "end the rolled-back token", "it still accepts it");
    }
    if (rest.slots) await this.#held(() => this.#cell.commit({ ...this.#journal, ...rest }));
    const message = this.#message("token.rolled-back", { rotation: r.id, reason: r.reason, why });
    await this.#end("rolled-back", `rolled back: ${why}${r.old ? `; ${short(r.old.sha256)} stays in use` : ""}`, message, why);
  }

  /** Ends the rotation in one write that also names who must be told; then destroys old versions and tells them. */
  async #end(outcome: "finished" | "rolled-back", says: string, message: OutboxEntry, why?: string): Promise<void> {
    const { effects } = this.deps;
    const done = closed(this.#journal, outcome, effects.now(), why);
    await this.#cell.commit({ ...done, outbox: message.to.length > 0 ? [...done.outbox, message] : done.outbox });
    const entry = this.#journal.history[0];
    this.#ended = this.#outcome(outcome, says, {
      ...(entry ? { rotationId: entry.id, notes: entry.notes, phases: entry.phases } : {}),
      ...(entry?.oldSha256 ? { oldSha256: entry.oldSha256 } : {}), ...(entry?.newSha256 ? { newSha256: entry.newSha256 } : {}), ...(entry?.expiresAt ? { expiresAt: entry.expiresAt } : {}),
    });
    try {
      await this.#tidy();
    } catch (error) {
      if (error instanceof LostRace) return; // somebody else tidies
      this.#ended = { ...this.#ended, notes: [...this.#ended.notes, `left for the next run: ${messageOf(error)}`] };
    }
  }

  async #tidy(): Promise<void> {
    const { adapters = [], store } = this.deps;
    await store.token.prune();
    await store.journal.prune();
    const outbox: OutboxEntry[] = [];
    for (const entry of this.#journal.outbox) {
      const left: string[] = [];
      for (const name of entry.to) {
        const adapter = adapters.find((a) => a.name === name);
        try {
          if (adapter) await adapter.deliver(entry);
          else left.push(name);
        } catch (error) {
          left.push(name);
          this.#say("notify", `${name} was not told: ${messageOf(error)}`);
        }
      }
      if (left.length > 0) outbox.push({ ...entry, to: left });
    }
    await this.#cell.commit({ ...this.#journal, tidy: outbox.length === 0, outbox });
    this.#say("idle", outbox.length === 0 ? "old versions are destroyed and everybody is told" : "old versions are destroyed; some messages are still to be delivered");
  }

  #message(type: string, data: Record<string, unknown>): OutboxEntry {
    const { adapters = [], plan, effects } = this.deps;
    return { id: `msg_${randomId()}`, type, at: iso(effects.now()), data: { organization: plan.organization, login: plan.login, kind: plan.kind, ...data }, to: adapters.map((a) => a.name) };
  }

  /** Facts for auditors. A rotator without the right to write them still rotates, and says so. */
  async #annotate(state: string, record: TokenRecord): Promise<string[]> {
    try {
      await this.deps.store.token.annotate({ state, rotated_at: iso(this.deps.effects.now()), expires_at: record.expires_at, token_sha256: record.sha256, rotation_id: record.rotation_id });
      return [];
    } catch (error) {
      if (error instanceof Refused) return [`custom metadata was not written: ${error.message}`];
      throw error;
    }
  }

  #next(): TokenRecord {
    const { next } = this.#rotation;
    if (!next) throw new Error(`the journal says ${this.#journal.phase} but holds no new token`);
    return next;
  }

  #busy(found: Journal): Outcome {
    return this.#outcome("busy", `another rotator works on it (${found.phase}) until ${iso(found.leaseUntil)}`, { busyUntil: found.leaseUntil });
  }

  #outcome(result: Result, says: string, more: Partial<Outcome> = {}): Outcome {
    return { result, says, phase: this.#cell.journal?.phase ?? "idle", todo: [...this.#todo], notes: [], ...more };
  }

  #failed(error: unknown): Outcome {
    if (error instanceof LostRace) return this.#outcome("lost", "another rotator was faster; this run ended what it had minted itself and left the rest alone");
    if (error instanceof NeedsPerson) return this.#outcome("needs-person", error.why, { todo: [...error.todo] });
    if (error instanceof Unavailable || error instanceof Refused || error instanceof Conflict) {
      const r = this.#cell.journal?.rotation;
      return this.#outcome("stopped", error.message, r ? { rotationId: r.id, notes: [...r.notes, "run it again: it goes on from here"] } : {});
    }
    throw error;
  }
}
