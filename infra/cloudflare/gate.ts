import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { bindingKinds } from "../../edge/bindings";
import { GATE_BINDINGS, LEDGER_CLASS } from "../../gate/contract";
import { environmentOf } from "../environment";
import type { GitHubFacts } from "../github";
import { endpoints, names, type Environment, type EnvironmentInput } from "../model";
import {
  CRON,
  SCRIPT_SETTINGS,
  compilePolicy,
  exposure,
  gateConditions,
  gateUrl,
  migrations,
  tokenStorePlan,
} from "../plans";
import type { Surroundings } from "../surroundings";
import { embedPolicy } from "../../gate/policy/embed";
import type { GatePolicy } from "../../gate/policy/policy";
import { makeSecret } from "../secret";
import { bindingsOf, type AppRoleInputs, type BindingValues } from "./bindings";
import { bundleGate, contentTag, type GateScripts } from "./bundle";
import { ed25519PublicKey, keyHash, makeKey, type Key } from "./keys";
import { closeAddress, schedule } from "./worker";

export interface GateArgs extends Surroundings {
  /** The environment, in the shape of the environment file; what the gate lets through is compiled from it. */
  readonly environment: EnvironmentInput;
  /** What `lookUpGitHub()` found: the gate knows a repository by its ids too. */
  readonly github: Pick<GitHubFacts, "repositories">;
  /** The bundled Workers. Default: those of this package. */
  readonly scripts?: Pick<GateScripts, "gate" | "ledger"> | undefined;
  /** Migration tag of the deployed ledger script, as `lookUpLedgerTag()` finds it; undefined when it is not deployed. */
  readonly deployedLedgerTag?: string | undefined;
  /** How the gate signs in to Vault; only for that token store. */
  readonly vaultSignIn?: AppRoleInputs | undefined;
  /** Bucket of the audit records. */
  readonly auditBucket: pulumi.Input<string>;
  /** Secret of GitHub's webhooks that deliver to the gate; only with `audit.githubEvents`. */
  readonly githubWebhookSecret?: pulumi.Input<string> | undefined;
}

/**
 * The Worker in front of GitHub, its ledger (a Durable Object that counts and records), and the keys to it. The policy
 * is part of the Worker's module, because a binding is too small for it; the stack's output `gatePolicy` shows it
 * alone.
 * @example
 * const store = new TokenStore("store", { environment });
 * const audit = new AuditTrail("audit", { environment });
 * const gate = new Gate("gate", {
 *   environment,
 *   github: await lookUpGitHub(environment),
 *   deployedLedgerTag: await lookUpLedgerTag(environment),
 *   vaultAddress: "https://vault.acme.dev:8200",
 *   vaultSignIn: { roleId: store.roleId, secretId: store.secretId },
 *   auditBucket: audit.bucket,
 * });
 * export const { url, agentKey } = gate;
 */
export class Gate extends GatehouseComponent {
  /** What the gate lets through. */
  readonly policy: GatePolicy;
  /** Public address; undefined on workers.dev unless `gate.workersDev` gives the account's name there. */
  readonly url: string | undefined;
  /** The key with which the agent signs in to the gate (`ghk_…`); a secret. */
  readonly agentKey: pulumi.Output<string>;
  /** The key with which an operator or the rotator signs in to the gate (`gop_…`); a secret. */
  readonly operatorKey: pulumi.Output<string>;
  /** The key with which `gatehouse session` makes keys of sessions (`gsi_…`); only with `gate.sessionKeys`. A secret. */
  readonly sessionIssuerKey: pulumi.Output<string> | undefined;
  /** The secret with which a receiver checks the signature of the gate's alerts (`whsec_…`). */
  readonly alertSecret: pulumi.Output<string>;
  /** Public half of the key that signs the audit trail's checkpoints (Ed25519), base64url; no secret. */
  readonly checkpointPublicKey: pulumi.Output<string>;
  /** The key that seals the token when Workers KV is the store; a secret, base64 of 32 bytes. */
  readonly tokenKey: pulumi.Output<string> | undefined;
  /**
   * What the gate's plain bindings hold, for an auditor: one secret among a script's bindings makes Pulumi hide the
   * whole list. Of the alert receiver's address only the origin and a hash, since such an address often carries a
   * credential.
   */
  readonly settings: pulumi.Output<object>;
  /** Name of the deployed script, for what binds to it. */
  readonly scriptName: pulumi.Output<string>;
  /** Name of the deployed script of its ledger. */
  readonly ledgerScript: pulumi.Output<string>;

  private readonly environment: Environment;

  constructor(
    private readonly name: string,
    private readonly args: GateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gatehouse:cloudflare:Gate", name, opts);
    const environment = environmentOf(args.environment, name);
    this.environment = environment;
    this.policy = compilePolicy(environment, {
      repositories: args.github.repositories,
      endpoints: endpoints(environment.githubUrl ?? args.githubUrl),
    });
    const scripts = args.scripts ?? bundleGate();
    const { gateScript } = names(environment);
    const accountId = environment.gate.accountId;

    const agentKeys = this.createAgentKeys();
    const operatorKey = makeKey(`${name}-operator-key`, "gop_", this);
    const issuer = environment.gate.sessionKeys ? makeKey(`${name}-session-issuer-key`, "gsi_", this) : undefined;
    this.sessionIssuerKey = issuer?.key;
    this.alertSecret = pulumi.secret(pulumi.interpolate`whsec_${makeSecret(`${name}-alert-secret`, this).base64}`);
    const checkpointKey = makeSecret(`${name}-checkpoint-key`, this).base64;
    this.checkpointPublicKey = pulumi.unsecret(checkpointKey.apply(ed25519PublicKey));

    const ledger = this.createLedger(scripts.ledger);
    this.ledgerScript = ledger.scriptName;
    const tokens = new cloudflare.WorkersKvNamespace(
      `${name}-tokens`,
      { accountId, title: names(environment).tokensNamespace },
      { parent: this },
    );
    this.tokenKey = environment.tokenStore.kind === "kv" ? makeSecret(`${name}-token-key`, this).base64 : undefined;
    const { alertWebhook } = environment.audit;
    this.url = gateUrl(environment);
    const values: BindingValues<typeof GATE_BINDINGS> = {
      GATE_KEYS: agentKeys.map(({ sha256, notAfter }: Key & { notAfter?: string }) => ({
        agent: environment.agent.name,
        sha256,
        ...(notAfter ? { notAfter } : {}),
      })),
      OPERATOR_KEYS: [{ sha256: operatorKey.sha256 }],
      SESSION_ISSUERS: issuer && [{ sha256: issuer.sha256 }],
      ALERTS: alertWebhook ? { webhook: alertWebhook } : {},
      TOKEN_STORE: this.tokenStore(),
      // So that no answer names the gate as its client calls it. Unknown here, it is the host that was asked.
      PUBLIC_URL: this.url,
      ALERT_SECRET: this.alertSecret,
      CHECKPOINT_KEY: checkpointKey,
      GITHUB_WEBHOOK_SECRET: args.githubWebhookSecret,
      LEDGER: { className: LEDGER_CLASS, scriptName: ledger.scriptName },
      TOKENS: { namespaceId: tokens.id },
      AUDIT: { bucketName: args.auditBucket },
      // With what the gate opens its token store.
      VAULT_SECRET_ID: args.vaultSignIn?.secretId,
      TOKEN_KEY: this.tokenKey,
    };
    const conditions = gateConditions(environment);
    const shown = [...bindingKinds(GATE_BINDINGS, conditions)].filter(
      ([, kind]) => kind === "json" || kind === "plain_text",
    );
    this.settings = pulumi.output({
      ...Object.fromEntries(shown.map(([binding]) => [binding, values[binding]])),
      ALERTS: alertWebhook ? recognisable(alertWebhook) : {},
    });

    const script = new cloudflare.WorkersScript(
      `${name}-script`,
      {
        accountId,
        scriptName: gateScript,
        mainModule: "gate.js",
        content: embedPolicy(scripts.gate, this.policy),
        bindings: bindingsOf(GATE_BINDINGS, conditions, values),
        logpush: environment.audit.sinks.some((sink) => sink.kind === "logpush"),
        ...SCRIPT_SETTINGS,
      },
      { parent: this },
    );
    schedule(name, { accountId, script, cron: CRON }, this);
    this.expose(script);
    this.scriptName = script.scriptName;

    this.agentKey = agentKeys[0].key;
    this.operatorKey = operatorKey.key;
    this.registerOutputs({ url: this.url });
  }

  /**
   * The agent's key, and the one before while both are good. A generation keeps its resource, so raising it replaces
   * nothing.
   */
  private createAgentKeys(): [Key, ...(Key & { notAfter: string })[]] {
    const { generation, previousUntil } = this.environment.gate.key;
    const make = (which: number) => makeKey(`${this.name}-agent-key-${which}`, "ghk_", this);
    const current = make(generation);
    return previousUntil ? [current, { ...make(generation - 1), notAfter: previousUntil }] : [current];
  }

  /**
   * The script of the Durable Object: apart from the gate, so that its migrations never stand in the way of an update.
   */
  private createLedger(content: string): cloudflare.WorkersScript {
    const { environment } = this;
    const { ledgerScript } = names(environment);
    const accountId = environment.gate.accountId;
    const migration = migrations(contentTag(content), this.args.deployedLedgerTag, LEDGER_CLASS);
    const ledger = new cloudflare.WorkersScript(
      `${this.name}-ledger`,
      {
        accountId,
        scriptName: ledgerScript,
        mainModule: "ledger.js",
        content,
        ...(migration ? { migrations: migration } : {}),
        ...SCRIPT_SETTINGS,
      },
      { parent: this, ignoreChanges: migration ? [] : ["migrations"] },
    );
    closeAddress(`${this.name}-ledger`, { accountId, script: ledger }, this);
    return ledger;
  }

  /** One way in: with a host name of one's own, workers.dev is closed. */
  private expose(script: cloudflare.WorkersScript): void {
    const { environment } = this;
    const accountId = environment.gate.accountId;
    const way = exposure(environment);
    new cloudflare.WorkersScriptSubdomain(
      `${this.name}-subdomain`,
      {
        accountId,
        scriptName: script.scriptName,
        enabled: way.kind === "workers-dev",
        previewsEnabled: false,
      },
      { parent: this },
    );
    if (way.kind === "custom-domain") {
      new cloudflare.WorkersCustomDomain(
        `${this.name}-domain`,
        { accountId, hostname: way.hostname, service: script.scriptName, zoneId: way.zoneId },
        { parent: this },
      );
    } else if (way.kind === "route") {
      new cloudflare.WorkersRoute(
        `${this.name}-route`,
        { zoneId: way.zoneId, pattern: way.pattern, script: script.scriptName },
        { parent: this },
      );
    }
  }

  /** Where the token is, and who the gate is there. */
  private tokenStore(): BindingValues<typeof GATE_BINDINGS>["TOKEN_STORE"] {
    const { vaultSignIn, vaultAddress, vaultNamespace } = this.args;
    const tokenStore = tokenStorePlan(this.environment, vaultAddress, vaultNamespace);
    if (tokenStore.kind === "kv") return tokenStore;
    if (!vaultSignIn) throw new Error("Gate: the token store is Vault, so vaultSignIn is needed");
    return { ...tokenStore, roleId: vaultSignIn.roleId };
  }
}

/** An address that may carry a credential, told apart from others without being told. */
function recognisable(address: string): { readonly origin: string; readonly sha256: string } {
  return { origin: new URL(address).origin, sha256: keyHash(address) };
}
