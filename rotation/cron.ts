import { ambientEffects, type Effects, type Fetch } from "./effects";
import { GateControl } from "./gate-control";
import { minterFor, type MinterSecrets } from "./minters";
import { readJournal } from "./journal";
import { readRecord } from "./record";
import { resume, rotate, type Outcome, type RotationDeps } from "./machine";
import { adaptersFor } from "./notify";
import { dueAt } from "./status";
import { kvStore, type SealedStorage } from "./stores/kv";
import { vaultStore } from "./stores/vault";
import { VaultSession } from "./stores/vault-session";
import { randomId } from "./encoding";
import type { RotationPlan } from "./plan";
import type { TokenStore } from "./stores/types";

/** What the gate's `scheduled()` hands over, made from its bindings. Nothing here is a binding's name: the gate decides those. */
export interface CronInput {
  readonly plan: RotationPlan;
  readonly store:
    | { readonly kind: "vault"; readonly address: string; readonly mount: string; readonly path: string; readonly authMount: string; readonly roleId: string; readonly secretId: string }
    | { readonly kind: "kv"; readonly storage: SealedStorage; readonly tokenKey: string };
  /** The gate's own control routes: a self-addressed fetch, or a direct call. */
  readonly gate: { readonly url: string; readonly operatorKey: string; readonly fetch?: Fetch };
  readonly secrets: MinterSecrets;
  readonly webhookSecret?: string;
  readonly effects?: Effects;
}

/**
 * What the cron does each time: finishes whatever a rotator left behind, for every kind; and begins a rotation when it
 * is due, for the kinds that need no person. Never throws for what the world does.
 */
export async function cronRotation(input: CronInput): Promise<Outcome> {
  const effects = input.effects ?? ambientEffects();
  const viaGate: Effects = input.gate.fetch ? { ...effects, fetch: input.gate.fetch } : effects;
  const minter = minterFor(effects, input.plan, input.secrets);
  const deps: RotationDeps = {
    effects, plan: input.plan, minter, store: storeOf(effects, input), gate: new GateControl(viaGate, input.gate.url, input.gate.operatorKey),
    rotatorId: `cron-${randomId()}`, adapters: adaptersFor(effects, input.plan, { webhookSecret: input.webhookSecret }),
  };
  const left = await resume(deps);
  if (left.result !== "nothing" || !minter.declaration.alone) return left;
  const due = await isDue(deps);
  return due ? rotate(deps, { reason: "schedule" }) : left;
}

async function isDue({ effects, plan, store }: RotationDeps): Promise<boolean> {
  const record = readRecord((await store.token.read()).data);
  if (!record) return true;
  const journal = readJournal((await store.journal.read()).data);
  const due = dueAt(record, journal.history.find((h) => h.outcome === "finished")?.endedAt, plan);
  return due !== undefined && due <= effects.now();
}

function storeOf(effects: Effects, { store }: CronInput): TokenStore {
  if (store.kind === "kv") return kvStore(store.storage, store.tokenKey);
  const session = new VaultSession(effects, store.address, { kind: "approle", mount: store.authMount, roleId: store.roleId, secretId: store.secretId });
  return vaultStore(session, store.mount, store.path);
}
