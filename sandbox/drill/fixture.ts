import type { Environment } from "../../infra/model";
import type { AuditTrail } from "./auditTrail";
import type { Connection, Outcome } from "./connection";
import { Admin } from "./admin";
import { WorkingCopy } from "./workingCopy";
import type { Pair } from "./pairs";
import { protectionOfLock, rulesOfLock, type Protection, type Ruleset } from "./isolate";
import type { AgentToken, TokenPage } from "./tokens";

/** A way into one of the systems beside GitHub and the gate, for the locks that stand there. */
interface OtherSystems {
  readonly vault: { readonly addr: string; readonly token: string };
  readonly cloudflare: {
    readonly api: string;
    readonly token: string;
    readonly accountId: string;
    /** With Workers KV: the key that the stack generated. */ readonly tokenKey?: string;
  };
}

/** Everything that stays the same for all pairs of one run: where the systems are, and who may do what in them. */
export interface Harness {
  readonly environment: Environment;
  /** Through the gate, with the gate key; the token store holds `stored`. */
  readonly gate: Connection;
  /** Straight to GitHub; the credential is filled in by whoever uses it. */
  readonly github: Omit<Connection, "credential">;
  /** An organization owner. */
  readonly owner: Connection;
  /** Somebody who reviews and merges: a person with write access in the teams of the environment. */
  readonly person: Connection & { readonly login: string };
  readonly tokens: TokenPage;
  /** The over-powerful token that lies in the token store while the drill runs. */
  readonly stored: string;
  readonly trail: AuditTrail;
  readonly systems: OtherSystems;
  /** `_sandbox` of the GitHub stand-in. */
  control<T>(method: string, path: string, body?: unknown): Promise<T>;
  workingCopy(repository: string): Promise<WorkingCopy>;
  /** What an owner does on a GitHub App's page, for which there is no API: installs it on every repository. */
  widenInstallation(): void;
  /** Puts everything back as it was. */
  restore(): Promise<void>;
}

/** Where something is tried, and against which lock; without one in the posture as it is. */
export type Trial = Pick<Pair, "place" | "repository"> & { readonly lock?: Pair["lock"] };

let counter = 0;

/** One pair's own view of the harness: the place where it is tried, and how far things have been opened for it. */
export class Fixture {
  readonly admin: Admin;
  /** Unknown to the posture, private, of the same organization. */
  static readonly UNLISTED = "secrets";
  /** Private, of another organization, where nobody of ours has a role. */
  static readonly FOREIGN = "other-org/vault";
  #token: string | undefined;
  readonly #undo: (() => Promise<void>)[] = [];

  private constructor(
    readonly harness: Harness,
    readonly trial: Trial,
    readonly repository: string,
    readonly defaultBranch: string,
  ) {
    this.admin = new Admin(harness.owner);
  }

  /** With the declared token in the agent's hands: a wider one would open what an action does not count on. */
  static async at(harness: Harness, trial: Trial): Promise<Fixture> {
    // The account has no repository; what it needs one for is tried where the agent may write.
    const listed =
      trial.repository ??
      harness.environment.repositories.find(({ access }) => access === "write") ??
      harness.environment.repositories[0];
    if (!listed) throw new Error("the environment lists no repository");
    const fixture =
      trial.place === "unlisted"
        ? new Fixture(harness, trial, Fixture.UNLISTED, "main")
        : new Fixture(harness, trial, listed.name, listed.defaultBranch);
    // A token with scopes has no permissions to be counted on; that it lacks the scope for one call is no lock of the
    // model.
    const scoped =
      harness.environment.agent.credential.kind === "ghes-impersonation" &&
      trial.lock !== undefined &&
      !trial.lock.startsWith("token-");
    await fixture.takeToken(scoped ? "wide" : "declared");
    await fixture.workingCopy; // cloned before anything is changed: what a trial adds is gone after it
    return fixture;
  }

  get environment(): Environment {
    return this.harness.environment;
  }
  get organization(): string {
    return this.harness.environment.organization;
  }
  get machineUser(): string {
    return this.harness.environment.agent.machineUser;
  }
  get fullName(): string {
    return `${this.organization}/${this.repository}`;
  }
  /** REST path of the repository. */
  get path(): string {
    return `/repos/${this.fullName}`;
  }
  get workingCopy(): Promise<WorkingCopy> {
    return this.harness.workingCopy(this.fullName);
  }

  /** A name that no other attempt uses. */
  fresh(prefix: string): string {
    counter += 1;
    return `${prefix}${counter}`;
  }

  /** Straight to GitHub as the agent. */
  get direct(): Connection {
    return { ...this.harness.github, credential: this.#token ?? "" };
  }

  /**
   * The way that the pair's first attempt takes: through the gate when the gate itself is on trial, around it
   * otherwise.
   */
  get tested(): Connection {
    return this.trial.lock?.startsWith("gate-") ? this.harness.gate : this.direct;
  }

  /** Changes the token that the agent holds. */
  async takeToken(which: AgentToken): Promise<void> {
    if (which === "wide") this.harness.widenInstallation();
    this.#token = await this.harness.tokens.of(which, this.trial.place);
  }

  /** A token of the caller's making in place of the agent's declared one. */
  setToken(token: string): void {
    this.#token = token;
  }

  /** Something to put back after the pair that the harness's own restoring does not know. */
  afterwards(undo: () => Promise<void>): void {
    this.#undo.unshift(undo);
  }

  async putBack(): Promise<void> {
    for (const undo of this.#undo.splice(0)) await undo();
    await this.harness.restore();
  }

  /**
   * Opens every ruleset and the branch protection of the repository, but for what belongs to `lock`; without a lock
   * everything.
   * @param by which of two systems carries a lock that both declare
   */
  async isolate(lock: Pair["lock"] | undefined, by: "rulesets" | "protection" = "rulesets"): Promise<void> {
    if (this.trial.place === "account") return;
    await this.leave(
      (ruleset) => (lock === undefined || by !== "rulesets" ? [] : rulesOfLock(lock, ruleset)),
      (protection) => (lock === undefined ? undefined : protectionOfLock(lock, by, protection)),
    );
  }

  /** Leaves of each ruleset, and of the branch protection, what the two functions keep of it. */
  async leave(
    rulesOf: (ruleset: Ruleset) => Ruleset["rules"],
    protectionOf: (protection: Protection) => Record<string, unknown> | undefined,
  ): Promise<void> {
    for (const { ruleset, path } of await this.rulesets()) {
      const rules = rulesOf(ruleset);
      if (ruleset.enforcement === "disabled") continue; // what is off already stays so
      await this.admin.ask("PUT", path, rules.length > 0 ? { rules } : { enforcement: "disabled" });
    }
    const protection = await this.admin.find<Protection>(this.protectionPath);
    if (!protection) return;
    const left = protectionOf(protection);
    await (left ? this.admin.ask("PUT", this.protectionPath, left) : this.admin.ask("DELETE", this.protectionPath));
  }

  get protectionPath(): string {
    return `${this.path}/branches/${encodeURIComponent(this.defaultBranch)}/protection`;
  }

  /** The repository's rulesets and the organization's, each with the path by which it is changed. */
  async rulesets(): Promise<{ ruleset: Ruleset; path: string }[]> {
    return [
      ...(await this.#rulesets(`${this.path}/rulesets?includes_parents=false&per_page=100`, `${this.path}/rulesets`)),
      ...(await this.#rulesets(
        `/orgs/${this.organization}/rulesets?per_page=100`,
        `/orgs/${this.organization}/rulesets`,
      )),
    ];
  }

  async #rulesets(list: string, each: string): Promise<{ ruleset: Ruleset; path: string }[]> {
    const found = await this.admin.find<{ id: number }[]>(list);
    return Promise.all(
      (found ?? []).map(async ({ id }) => ({
        ruleset: await this.admin.ask<Ruleset>("GET", `${each}/${id}`),
        path: `${each}/${id}`,
      })),
    );
  }
}

/** What an attempt needs that is not there: an error of the drill, never a refusal. */
export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the drill has no ${what}`);
  return value;
}

/** An answer that is good in itself, but in which the dangerous thing did not happen. */
export const harmless = (status: number, why: string): Outcome => ({ status, ok: false, rule: why });
