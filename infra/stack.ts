import * as pulumi from "@pulumi/pulumi";
import { AuditTrail, Gate, Rotator, type GateScripts } from "./cloudflare";
import { GatehouseComponent } from "./component";
import { CodeOwners, EventHooks, MachineUser, RepositoryAccess, ReviewFence, type GitHubFacts } from "./github";
import {
  ORGANIZATION_EVENTS, branchProtection, codeOwnersText, endpoints, isFenced, names, planRotation, rotatorStorePlan, rulesets, tokenStorePlan, type Environment, type Repository,
} from "./posture";
import { compilePolicy, type GatePolicy } from "./posture/gate/policy";
import { TokenStore } from "./vault";

export interface PostureArgs {
  /** The validated environment. */
  readonly environment: Environment;
  /** What has been looked up about its repositories and teams. */
  readonly github: GitHubFacts;
  /** Migration tag of the deployed ledger script; undefined when it is not deployed. */
  readonly ledgerTag?: string;
  readonly scripts: GateScripts;
  /** Base URL of GitHub when the environment does not name one; github.com when absent. */
  readonly githubUrl?: string;
  /** Where the gate reaches Vault when the environment does not say so. */
  readonly vaultAddress?: string;
}

/** The whole posture of one environment: identity, access, review, token store, gate, audit. */
export class Posture extends GatehouseComponent {
  readonly gate: Gate;
  readonly rotator: Rotator;
  readonly machineUser: MachineUser;
  readonly policy: GatePolicy;

  constructor(private readonly name: string, private readonly args: PostureArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:index:Posture", name, opts);
    const { environment, github } = args;
    const at = endpoints(environment.githubUrl ?? args.githubUrl);
    const parent = { parent: this };

    this.machineUser = new MachineUser(`${name}-user`, {
      login: environment.agent.machineUser, team: environment.agent.team, agent: environment.agent.name, protect: environment.protect,
    }, parent);
    for (const repository of environment.repositories) this.openRepository(repository);
    if (environment.audit.alertWebhook) new EventHooks(`${name}-events`, { url: environment.audit.alertWebhook, events: ORGANIZATION_EVENTS }, parent);

    const store = environment.tokenStore.kind === "vault" ? new TokenStore(`${name}-store`, { environment, oidcIssuer: at.oidcIssuer }, parent) : undefined;
    const audit = new AuditTrail(`${name}-audit`, { environment }, parent);
    this.policy = compilePolicy(environment, { repositories: github.repositories, endpoints: at });
    this.gate = new Gate(`${name}-gate`, {
      environment,
      policy: this.policy,
      scripts: args.scripts,
      deployedLedgerTag: args.ledgerTag,
      tokenStore: tokenStorePlan(environment, args.vaultAddress),
      vaultSignIn: store ? { roleId: store.roleId, secretId: store.secretId } : undefined,
      auditBucket: audit.bucket,
    }, parent);
    this.rotator = new Rotator(`${name}-rotator`, {
      environment,
      script: args.scripts.rotator,
      plan: planRotation(environment, args.githubUrl),
      tokenStore: rotatorStorePlan(environment, args.vaultAddress),
      vaultSignIn: store?.rotator,
      gate: this.gate,
    }, parent);
    if (store) this.placeSecrets(store);
    this.registerOutputs({ gateUrl: this.gate.url });
  }

  /** The fence stands before the agent gets in, and falls only after it has left. */
  private openRepository(repository: Repository): void {
    const { environment, github } = this.args;
    const facts = github.repositories.find(({ name }) => name === repository.name);
    if (!facts) throw new Error(`Posture: ${repository.name} was not looked up`);
    const dependsOn: pulumi.Resource[] = [];
    const writes = repository.access === "write";
    const before: pulumi.Resource[] = [];
    if (writes) {
      const owners = new CodeOwners(`${this.name}-owners-${repository.name}`, {
        repository: repository.name,
        branch: repository.defaultBranch,
        content: codeOwnersText(environment, repository),
        placeOnce: environment.review.administrators === "bound",
      }, { parent: this });
      before.push(owners);
    }
    if (isFenced(environment, repository)) {
      dependsOn.push(new ReviewFence(`${this.name}-fence-${repository.name}`, {
        repository: repository.name,
        repositoryNodeId: facts.nodeId,
        rulesets: rulesets(environment, repository, facts.isPrivate),
        protection: writes ? branchProtection(environment, repository) : undefined,
        teamIds: github.teamIds,
      }, { parent: this, dependsOn: before }));
    }
    new RepositoryAccess(`${this.name}-access-${repository.name}`, {
      repository: repository.name, teamId: this.machineUser.teamId, access: repository.access,
    }, { parent: this, dependsOn });
  }

  private placeSecrets(store: TokenStore): void {
    const { environment } = this.args;
    const vault = names(environment).vault;
    if (!vault) return;
    store.placeOnce("break-glass", vault.breakGlass, { login: environment.agent.machineUser, password: this.machineUser.password });
    store.keep("operator", vault.operator, { key: this.gate.operatorKey });
  }
}
