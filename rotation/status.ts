import { DAY_MS, HOUR_MS } from "../edge/time";
import type { RotationPlan } from "./plan";
import type { Journal } from "./journal";
import type { TokenRecord } from "./record";
import { iso } from "./text";

export type Level = "ok" | "soon" | "urgent" | "expired" | "missing" | "interrupted";

/** What `token status` says. No token in it. */
export interface Status {
  readonly level: Level;
  readonly says: string;
  readonly todo: readonly string[];
  readonly login: string;
  readonly kind: string;
  readonly sha256?: string;
  /** ISO; "" when it has no end. */
  readonly expiresAt?: string;
  readonly rotatedAt?: string;
  /** When the schedule or the expiry wants a new one, whichever is first. */
  readonly dueAt?: string;
  readonly phase: string;
  readonly slots?: Record<string, string>;
  readonly undelivered: number;
}

/** How far before the end the tone changes: the last third of the reminder time is urgent. */
const URGENT_SHARE = 1 / 3;
/** A rotation that stands still for longer than this is interrupted. */
const STALE_MS = 5 * 60_000;

export function judge(record: TokenRecord | undefined, journal: Journal, plan: RotationPlan, now: number): Status {
  const slots =
    journal.slots && Object.fromEntries(Object.entries(journal.slots).map(([name, slot]) => [name, slot.state]));
  const base = {
    login: plan.login,
    kind: plan.kind,
    phase: journal.phase,
    undelivered: journal.outbox.length,
    ...(slots ? { slots } : {}),
  };
  const newest = journal.history[0];
  if (!record && newest?.outcome === "revoked")
    return {
      ...base,
      level: "missing",
      says: `the token was revoked at ${newest.endedAt} (${newest.reason}); the gate answers 503 until there is a new one`,
      todo: ["gatehouse token mint-link, then gatehouse token put, when the cause is known"],
    };
  if (!record)
    return {
      ...base,
      level: "missing",
      says: `there is no token for ${plan.login} yet`,
      todo: ["gatehouse token mint-link, then gatehouse token put"],
    };
  const last = journal.history.find((entry) => entry.outcome === "finished");
  const rotatedAt = last?.endedAt;
  const due = dueAt(record, rotatedAt, plan);
  const facts = {
    ...base,
    sha256: record.sha256,
    expiresAt: record.expires_at,
    ...(rotatedAt ? { rotatedAt } : {}),
    ...(due === undefined ? {} : { dueAt: iso(due) }),
  };
  const how =
    plan.kind === "personal-access-token"
      ? ["gatehouse token mint-link (a person, signed in as the machine user)", "gatehouse token rotate"]
      : ["gatehouse token rotate"];
  if (record.expires_at !== "" && Date.parse(record.expires_at) <= now)
    return {
      ...facts,
      level: "expired",
      says: `the token expired at ${record.expires_at}: the gate answers 503 until there is a new one`,
      todo: how,
    };
  const begun = journal.rotation && Math.max(...Object.values(journal.rotation.times), journal.rotation.startedAt);
  if (journal.phase !== "idle" && journal.leaseUntil <= now && begun !== undefined && now - begun > STALE_MS) {
    return {
      ...facts,
      level: "interrupted",
      says: `rotation ${journal.rotation?.id ?? ""} stands at ${journal.phase} since ${iso(begun)}`,
      todo: ["gatehouse token rotate --resume"],
    };
  }
  if (Object.values(slots ?? {}).includes("lost"))
    return {
      ...facts,
      level: "soon",
      says: "one of the two authorizations of the GitHub App is lost; service goes on with the other",
      todo: ["gatehouse token mint-link (a person, signed in as the machine user)", "gatehouse token put --standby"],
    };
  const ahead = plan.kind === "personal-access-token" ? plan.remindDays * DAY_MS : 0;
  if (due !== undefined && now >= due - ahead * URGENT_SHARE)
    return { ...facts, level: "urgent", says: `the token is due at ${iso(due)}`, todo: how };
  if (due !== undefined && now >= due - ahead)
    return { ...facts, level: "soon", says: `the token is due at ${iso(due)}`, todo: how };
  return {
    ...facts,
    level: "ok",
    says: due === undefined ? "the token is in use" : `the token is in use and due at ${iso(due)}`,
    todo: [],
  };
}

/**
 * When a new token is wanted: after `everyDays`, and for kinds that work alone at two thirds of the token's life, so
 * that a failed run leaves time for more.
 */
export function dueAt(record: TokenRecord, rotatedAt: string | undefined, plan: RotationPlan): number | undefined {
  const times: number[] = [];
  if (rotatedAt) times.push(Date.parse(rotatedAt) + plan.everyDays * DAY_MS);
  if (record.expires_at !== "") {
    const end = Date.parse(record.expires_at);
    const life = LIFE_MS[plan.kind];
    times.push(life === undefined ? end : end - life / 3);
  }
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Of the kinds whose life GitHub fixes. */
const LIFE_MS: Partial<Record<RotationPlan["kind"], number>> = {
  "app-user-token": 8 * HOUR_MS,
  "app-installation": HOUR_MS,
};

/** `token status` and CI fail on these. `soon` does not: it is a reminder. */
export const holds = (level: Level): boolean => level === "ok" || level === "soon";
