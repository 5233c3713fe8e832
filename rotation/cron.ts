import type { RotatorTokenStore } from "../edge/tokenStore";
import type { AppRole } from "../edge/vault";
import { ambientEffects, type Effects, type Fetch } from "./effects";
import { randomId } from "./text";
import { NeedsPerson, RequestRefused, Unavailable } from "./errors";
import { GateControl } from "./gateControl";
import { readJournal, type Journal } from "./journal";
import { JournalCell, ConcurrentRotation } from "./journalCell";
import { resume, rotate, type Outcome, type RotationDeps } from "./machine";
import { minterFor, type MinterSecrets } from "./minters";
import { adaptersFor, webhookAdapter } from "./notify";
import { readRecord, type TokenRecord } from "./record";
import { remind } from "./reminders";
import { dueAt, judge, type Level } from "./status";
import { kvMinterCell, kvStore, type KvKeys } from "./stores/kv";
import { minterSecretsIn } from "./stores/minterSecrets";
import { readVaultSecret, vaultStore } from "./stores/vault";
import { VaultSession } from "./stores/vaultSession";
import type { RotationPlan } from "./plan";
import type { TokenStore } from "./stores/types";

/** Where token, journal and minting secret are, with the sign-in of the rotator. */
type CronStore =
  | (Extract<RotatorTokenStore, { kind: "vault" }> & AppRole)
  | { readonly kind: "kv"; readonly operatorKey: string; readonly keys: KvKeys };

/** What the Worker hands over, made from its bindings; see worker.ts. */
export interface CronInput {
  readonly plan: RotationPlan;
  readonly store: CronStore;
  /** How the gate is reached: a service binding, or the network. */
  readonly gate: { readonly url: string; readonly fetch?: Fetch };
  /** Signs what is sent to `rotation.notify` and to the alert webhook. */
  readonly webhookSecret?: string;
  /** When this run was to start, in milliseconds: what is due by then is done. Default: now. */
  readonly scheduledAt?: number;
  readonly effects?: Effects;
}

export interface CronOutcome extends Outcome {
  /** How the token is afterwards. */
  readonly level: Level;
  readonly reminded: readonly string[];
}

/**
 * One run of the schedule: finishes what any rotator left behind, for every kind; begins a rotation when it is due, for
 * kinds that need no person; and reminds people when the token needs them. What the world does is in the outcome.
 */
export async function cronRotation(input: CronInput): Promise<CronOutcome> {
  const effects = input.effects ?? ambientEffects();
  try {
    const deps = await depsOf(effects, input);
    const outcome = await finishOrRotate(deps, input.scheduledAt ?? effects.now());
    return { ...outcome, ...(await remindPeople(deps, input)) };
  } catch (error) {
    if (error instanceof NeedsPerson) return failed("needs-person", error.why, error.todo);
    if (error instanceof Unavailable || error instanceof RequestRefused) return failed("stopped", error.message, []);
    throw error;
  }
}

const failed = (result: Outcome["result"], says: string, todo: readonly string[]): CronOutcome => ({
  result,
  says,
  phase: "idle",
  todo,
  notes: [],
  level: "interrupted",
  reminded: [],
});

async function finishOrRotate(deps: RotationDeps, scheduledAt: number): Promise<Outcome> {
  const left = await resume(deps);
  if (left.result !== "nothing" || !deps.minter.declaration.unattended) return left;
  const { record, journal } = await look(deps.store);
  if (!isDue(record, journal, deps.plan, scheduledAt)) return left;
  return rotate(deps, { reason: "schedule" });
}

const look = async (store: TokenStore): Promise<{ record: TokenRecord | undefined; journal: Journal }> => {
  const [token, journal] = await Promise.all([store.token.read(), store.journal.read()]);
  return { record: readRecord(token.data), journal: readJournal(journal.data) };
};

/** The first token is due at once. One that a person has revoked is not: making a new one would undo the emergency. */
function isDue(record: TokenRecord | undefined, journal: Journal, plan: RotationPlan, at: number): boolean {
  if (!record) return journal.history[0]?.outcome !== "revoked";
  const due = dueAt(record, journal.history.find((h) => h.outcome === "finished")?.endedAt, plan);
  return due !== undefined && due <= at;
}

/** Sends one reminder for each stage; the journal keeps the last stage that was sent. */
async function remindPeople(
  deps: RotationDeps,
  input: CronInput,
): Promise<{ level: Level; reminded: readonly string[] }> {
  const { effects, plan, store, rotatorId } = deps;
  const { record, journal } = await look(store);
  const status = judge(record, journal, plan, effects.now());
  const lastStage = journal.reminded ?? 0;
  const alerts =
    plan.alertWebhook && input.webhookSecret && !plan.notify.includes(plan.alertWebhook)
      ? [webhookAdapter(effects, plan.alertWebhook, input.webhookSecret)]
      : [];
  const reminded = await remind({ effects, plan, adapters: [...(deps.adapters ?? []), ...alerts] }, status, lastStage);
  if (reminded.stage !== lastStage) {
    try {
      const cell = new JournalCell(effects, store.journal, rotatorId, 0);
      const now = await cell.load();
      if (now.phase === "idle") await cell.commit({ ...now, reminded: reminded.stage });
    } catch (error) {
      if (!(error instanceof ConcurrentRotation)) throw error; // a rotation has begun: the reminder is sent again after it
    }
  }
  return { level: status.level, reminded: [...reminded.says, ...reminded.failed] };
}

async function depsOf(effects: Effects, input: CronInput): Promise<RotationDeps> {
  const { plan } = input;
  const viaGate: Effects = input.gate.fetch ? { ...effects, fetch: input.gate.fetch } : effects;
  const { store, gate, secrets } =
    input.store.kind === "vault"
      ? await overVault(effects, viaGate, input, input.store)
      : await overKv(viaGate, input, input.store);
  return {
    effects,
    plan,
    store,
    gate,
    minter: minterFor(effects, plan, secrets),
    rotatorId: `cron-${randomId()}`,
    adapters: adaptersFor(effects, plan, { webhookSecret: input.webhookSecret }),
  };
}

interface Connected {
  readonly store: TokenStore;
  readonly gate: GateControl;
  readonly secrets: MinterSecrets;
}

const needsPerson = (plan: RotationPlan): boolean => plan.kind === "personal-access-token";

async function overVault(
  effects: Effects,
  viaGate: Effects,
  { gate, plan }: CronInput,
  at: Extract<CronStore, { kind: "vault" }>,
): Promise<Connected> {
  const session = new VaultSession(
    effects,
    at.address,
    { kind: "approle", mount: at.authMount, roleId: at.roleId, secretId: at.secretId },
    at.namespace,
  );
  const [operator, minter] = await Promise.all([
    readVaultSecret(session, at.mount, at.operator),
    needsPerson(plan) ? undefined : readVaultSecret(session, at.mount, at.minter),
  ]);
  if (!operator?.key) throw new NeedsPerson(`there is no operator key at ${at.mount}/${at.operator}`, ["pulumi up"]);
  return {
    store: vaultStore(session, at.mount, at.path),
    gate: new GateControl(viaGate, gate.url, operator.key),
    secrets: ready(plan, minterSecretsIn(minter), `${at.mount}/${at.minter}`),
  };
}

async function overKv(
  viaGate: Effects,
  { gate: { url }, plan }: CronInput,
  { operatorKey, keys }: Extract<CronStore, { kind: "kv" }>,
): Promise<Connected> {
  const gate = new GateControl(viaGate, url, operatorKey);
  const minter = needsPerson(plan) ? undefined : (await kvMinterCell(gate.storage(), keys).read()).data;
  return {
    store: kvStore(gate.storage(), keys),
    gate,
    secrets: ready(plan, minterSecretsIn(minter), "the token store"),
  };
}

/** A rotator without its minting secret says so in the words of whoever can place it. */
function ready(plan: RotationPlan, secrets: MinterSecrets, where: string): MinterSecrets {
  const lacks =
    (plan.kind === "app-installation" && !secrets.appPrivateKey) ||
    (plan.kind === "ghes-impersonation" && !secrets.siteAdminToken);
  if (lacks)
    throw new NeedsPerson(`what mints a token of kind ${plan.kind} is not at ${where} yet`, ["gatehouse token minter"]);
  return secrets;
}
