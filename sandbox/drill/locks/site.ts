import type { Environment } from "../../../infra/model";
import type { AuditTrail } from "../drill";
import type { Door, Outcome } from "../door";
import { Admin } from "./admin";
import { Bench } from "./bench";
import type { Pair } from "./pairs";
import { standingProtection, standingRules, type Protection, type Ruleset } from "./standing";
import type { AgentToken, TokenPage } from "./tokens";

/** A way into one of the systems beside GitHub and the gate, for the locks that stand there. */
export interface Keepers {
  readonly vault: { readonly addr: string; readonly token: string };
  readonly cloudflare: {
    readonly api: string;
    readonly token: string;
    readonly accountId: string;
    /** With Workers KV: the key that the stack generated. */ readonly tokenKey?: string;
  };
}

/** Everything that stays the same for all pairs of one run: where the systems are, and who may do what in them. */
export interface Rig {
  readonly environment: Environment;
  /** Through the gate, with the gate key; the token store holds `stored`. */
  readonly gate: Door;
  /** Straight to GitHub; the credential is filled in by whoever uses it. */
  readonly github: Omit<Door, "credential">;
  /** An organization owner. */
  readonly owner: Door;
  /** Somebody who reviews and merges: a person with write access in the teams of the environment. */
  readonly person: Door & { readonly login: string };
  readonly tokens: TokenPage;
  /** The over-powerful token that lies in the token store while the drill runs. */
  readonly stored: string;
  readonly trail: AuditTrail;
  readonly keepers: Keepers;
  /** `_sandbox` of the GitHub stand-in. */
  control<T>(method: string, path: string, body?: unknown): Promise<T>;
  bench(repository: string): Promise<Bench>;
  /** What an owner does on a GitHub App's page, for which there is no API: installs it on every repository. */
  widenInstallation(): void;
  /** Puts everything back as it was. */
  restore(): Promise<void>;
}

let counter = 0;

/** One pair's own view of the rig: the place where it is tried, and how far things have been opened for it. */
export class Site {
  readonly admin: Admin;
  /** Unknown to the posture, private, of the same organization. */
  static readonly UNLISTED = "secrets";
  #token: string | undefined;
  readonly #undo: (() => Promise<void>)[] = [];

  private constructor(
    readonly rig: Rig,
    readonly pair: Pair,
    readonly repository: string,
    readonly defaultBranch: string,
  ) {
    this.admin = new Admin(rig.owner);
  }

  /** With the declared token in the agent's hands: a wider one would open what an action does not count on. */
  static async at(rig: Rig, pair: Pair): Promise<Site> {
    // The account has no repository; what it needs one for is tried where the agent may write.
    const listed =
      pair.repository ??
      rig.environment.repositories.find(({ access }) => access === "write") ??
      rig.environment.repositories[0];
    if (!listed) throw new Error("the environment lists no repository");
    const site =
      pair.place === "unlisted"
        ? new Site(rig, pair, Site.UNLISTED, "main")
        : new Site(rig, pair, listed.name, listed.defaultBranch);
    // A token with scopes has no permissions to be counted on; that it lacks the scope for one call is no lock of the model.
    const scoped = rig.environment.agent.credential.kind === "ghes-impersonation" && !pair.lock.startsWith("token-");
    await site.hold(scoped ? "wide" : "declared");
    await site.bench; // cloned before anything is changed: what a pair adds is gone after it
    return site;
  }

  get environment(): Environment {
    return this.rig.environment;
  }
  get organization(): string {
    return this.rig.environment.organization;
  }
  get machineUser(): string {
    return this.rig.environment.agent.machineUser;
  }
  get fullName(): string {
    return `${this.organization}/${this.repository}`;
  }
  /** REST path of the repository. */
  get path(): string {
    return `/repos/${this.fullName}`;
  }
  get bench(): Promise<Bench> {
    return this.rig.bench(this.fullName);
  }

  /** A name that no other attempt uses. */
  fresh(prefix: string): string {
    counter += 1;
    return `${prefix}${counter}`;
  }

  /** Straight to GitHub as the agent. */
  get straight(): Door {
    return { ...this.rig.github, credential: this.#token ?? "" };
  }

  /** The way that the pair's first attempt takes: through the gate when the gate itself is on trial, around it otherwise. */
  get way(): Door {
    return this.pair.lock.startsWith("gate-") ? this.rig.gate : this.straight;
  }

  /** Changes the token that the agent holds. */
  async hold(which: AgentToken): Promise<void> {
    if (which === "wide") this.rig.widenInstallation();
    this.#token = await this.rig.tokens.of(which, this.pair.place);
  }

  /** A token of the caller's making in place of the agent's declared one. */
  holdToken(token: string): void {
    this.#token = token;
  }

  /** Something to put back after the pair that the rig's own restoring does not know. */
  afterwards(undo: () => Promise<void>): void {
    this.#undo.unshift(undo);
  }

  async putBack(): Promise<void> {
    for (const undo of this.#undo.splice(0)) await undo();
    await this.rig.restore();
  }

  /**
   * Opens every ruleset and the branch protection of the repository, but for what belongs to `lock`; without a lock everything.
   * @param by which of two systems carries a lock that both declare
   */
  async standAlone(lock: Pair["lock"] | undefined, by: "rulesets" | "protection" = "rulesets"): Promise<void> {
    if (this.pair.place === "account") return;
    await this.leave(
      (ruleset) => (lock === undefined || by !== "rulesets" ? [] : standingRules(lock, ruleset)),
      (protection) => (lock === undefined ? undefined : standingProtection(lock, by, protection)),
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
