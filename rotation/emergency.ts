import { tokenHash } from "../edge/encoding";
import { iso, randomId, short } from "./text";
import { messageOf } from "./errors";
import { GitHubApi, isDead } from "./github";
import { readJournal, writeJournal, type Journal } from "./journal";
import { readRecord } from "./record";
import type { Effects } from "./effects";
import type { GateControl } from "./gateControl";
import type { MinterSecrets } from "./minters";
import type { RotationPlan } from "./plan";
import type { TokenStore } from "./stores/types";

export interface EmergencyDeps {
  readonly effects: Effects;
  readonly plan: RotationPlan;
  /** Each may fail or be unreachable: the rest is done all the same. */
  readonly store: () => Promise<TokenStore>;
  readonly gate: () => Promise<GateControl | undefined>;
  readonly secrets: () => Promise<MinterSecrets>;
  /** A token that the caller has in hand, for the case that the store is down. */
  readonly supplied?: string;
  readonly reason: string;
}

interface EmergencyStep {
  readonly step: string;
  readonly ok: boolean;
  readonly says: string;
  readonly ms: number;
}

export interface EmergencyReport {
  /** Every token that could be named is dead at GitHub. */
  readonly dead: boolean;
  /** The gate lets nothing through, or what it would use is dead. */
  readonly contained: boolean;
  readonly steps: readonly EmergencyStep[];
  readonly hashes: readonly string[];
  readonly todo: readonly string[];
}

/**
 * Ends the token now: closes the gate, finds every token that could be in use, ends each at GitHub, proves it, and
 * notes it. Closing the gate needs neither Vault nor GitHub; ending a token needs only the token. Nothing waits for
 * anything it does not need, and no failure stops the rest.
 */
export async function revokeNow(deps: EmergencyDeps): Promise<EmergencyReport> {
  const { effects, plan } = deps;
  const began = effects.now();
  const steps: EmergencyStep[] = [];
  const attempt = async <T>(step: string, act: () => Promise<{ says: string; value?: T }>): Promise<T | undefined> => {
    try {
      const { says, value } = await act();
      steps.push({ step, ok: true, says, ms: effects.now() - began });
      effects.report({ step, says });
      return value;
    } catch (error) {
      steps.push({ step, ok: false, says: messageOf(error), ms: effects.now() - began });
      effects.report({ step, says: messageOf(error) });
      return undefined;
    }
  };

  const closing = attempt("close the gate", async () => {
    const gate = await deps.gate();
    if (!gate) throw new Error("no gate is known: set GATEHOUSE_GATE_URL and GATEHOUSE_OPERATOR_KEY");
    await gate.deny({ stop: true });
    return { says: "the gate forwards nothing", value: gate };
  });
  const finding = attempt("find the tokens", async () => {
    const store = await deps.store();
    const [token, journal] = await Promise.all([store.token.read(), store.journal.read()]);
    const state = readJournal(journal.data);
    return {
      says: "read from the token store",
      value: {
        store,
        tokenVersion: token.version,
        record: readRecord(token.data),
        journalVersion: journal.version,
        journal: state,
      },
    };
  });
  const [gate, found] = await Promise.all([closing, finding]);

  const access = new Set(
    [
      deps.supplied,
      found?.record?.token,
      found?.journal.rotation?.old?.token,
      found?.journal.rotation?.next?.token,
    ].filter((t): t is string => Boolean(t)),
  );
  const refresh = Object.values(found?.journal.slots ?? {}).map((slot) => slot.refreshToken);
  const hashes: string[] = [];
  for (const token of access) hashes.push(await tokenHash(token));
  if (gate)
    for (const tokenSha256 of hashes)
      await attempt(`refuse ${short(tokenSha256)} at the gate`, async () => {
        await gate.deny({ tokenSha256 });
        return { says: "the gate refuses it by its hash, whatever the store says" };
      });

  await attempt("end them at GitHub", async () => {
    if (access.size === 0) throw new Error("no token is known: give it on standard input, or end it on GitHub's page");
    await endAtGitHub(deps, [...access], refresh);
    return {
      says: `${access.size} token${access.size === 1 ? "" : "s"}${refresh.length > 0 ? ` and ${refresh.length} refresh tokens` : ""} handed to GitHub's revocation`,
    };
  });
  const proofs = await Promise.all(
    [...access].map((token) =>
      attempt(`prove it dead`, async () => {
        if (!(await isDead(effects, plan, token))) throw new Error("GitHub still accepts it");
        return { says: "GitHub answers 401", value: true };
      }),
    ),
  );
  const dead = access.size > 0 && proofs.every((p) => p === true);

  if (found && dead)
    await attempt("note it", async () => {
      if (found.record)
        await found.store.token.write({ ...found.record, token: "", rotation_id: "revoked" }, found.tokenVersion);
      await found.store.journal.write(
        writeJournal(afterwards(found.journal, deps.reason, hashes, effects.now())),
        found.journalVersion,
      );
      await found.store.token.prune();
      await found.store.journal.prune();
      return { says: "the store holds no token now, and the journal says why" };
    });
  if (gate && dead)
    await attempt("open the gate's switch", async () => {
      await gate.deny({ stop: false });
      return { says: "the gate answers 503 until there is a new token" };
    });

  const todo = dead
    ? [`place a new token when the cause is known: gatehouse token mint-link, gatehouse token put`]
    : [
        ...(access.size === 0 ? [`have the token? gatehouse token revoke --now --from-stdin`] : []),
        `signed in as ${plan.login}: delete the token at ${plan.endpoints.origin}/settings/tokens`,
        `as an owner of ${plan.organization}: remove ${plan.login} at ${plan.endpoints.origin}/orgs/${plan.organization}/people, which ends its access to every private repository`,
        ...(gate
          ? ["the gate stays closed; open it with: gatehouse token revoke --reopen"]
          : [`close the gate: delete the Worker's route, or POST /_gate/deny {"stop":true} with the operator key`]),
      ];
  return { dead, contained: dead || gate !== undefined, steps, hashes, todo };
}

async function endAtGitHub(
  { effects, plan, secrets }: EmergencyDeps,
  access: string[],
  refresh: string[],
): Promise<void> {
  if (plan.kind === "app-installation") {
    for (const token of access)
      await GitHubApi.as(effects, plan, token).send("DELETE", "/installation/token", "end an installation token");
    return;
  }
  const anonymous = await new GitHubApi(effects, plan).send("POST", "/credentials/revoke", "end the tokens", {
    json: { credentials: [...access, ...refresh] },
    retryWhen: (a) => a.status === 403,
  });
  if (anonymous.status === 202) return;
  if (plan.kind === "ghes-impersonation") {
    const admin = (await secrets()).siteAdminToken;
    if (admin) {
      const all = await GitHubApi.as(effects, plan, admin).send(
        "DELETE",
        `/admin/users/${plan.login}/authorizations`,
        "end the account's impersonation",
      );
      if (all.status === 204) return;
    }
  }
  throw new Error(`GitHub answered ${anonymous.status}`);
}

function afterwards(journal: Journal, reason: string, hashes: readonly string[], now: number): Journal {
  const { rotation, slots: _slots, current: _current, ...rest } = journal;
  return {
    ...rest,
    phase: "idle",
    tidy: true,
    leaseUntil: 0,
    writeId: randomId(),
    history: [
      {
        id: rotation?.id ?? randomId(),
        reason,
        startedAt: iso(now),
        endedAt: iso(now),
        outcome: "revoked" as const,
        notes: [],
        phases: {},
        ...(hashes[0] ? { oldSha256: hashes[0] } : {}),
      },
      ...journal.history,
    ].slice(0, 50),
  };
}
