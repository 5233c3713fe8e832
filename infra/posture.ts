import * as pulumi from "@pulumi/pulumi";
import { AuditTrail, Gate, Rotator, type GateScripts } from "./cloudflare";
import { GatehouseComponent } from "./component";
import {
  CodeOwners,
  EventHooks,
  MachineUser,
  OrganizationFence,
  RepositoryAccess,
  ReviewFence,
  type GitHubFacts,
} from "./github";
import { endpoints, names, type Environment, type Repository } from "./model";
import {
  ORGANIZATION_EVENTS,
  branchProtection,
  compilePolicy,
  hasBranchRules,
  organizationRulesets,
  planOwners,
  planRotation,
  repositoryRulesets,
  rotatorStorePlan,
  tokenStorePlan,
  vaultNamespace,
} from "./plans";
import type { GatePolicy } from "../gate/policy/policy";
import { TokenStore } from "./vault";

export interface PostureArgs {
  /** The validated environment. */
  readonly environment: Environment;
  /** What has been looked up about its repositories and teams. */
  readonly github: GitHubFacts;
  /** Migration tag of the deployed ledger script; undefined when it is not deployed. */
  readonly ledgerTag?: string | undefined;
  /** The bundled Workers, as `bundleGate()` makes them. */
  readonly scripts: GateScripts;
  /** Base URL of GitHub when the environment does not name one; github.com when absent. */
  readonly githubUrl?: string | undefined;
  /** Where the gate reaches Vault when the environment does not say so. */
  readonly vaultAddress?: string | undefined;
  /** Vault's namespace when the environment does not say so. */
  readonly vaultNamespace?: string | undefined;
}

/**
 * The whole posture of one environment: machine user, repository access, review rules, token store, gate, rotator and
 * audit trail. Everything is derived from `environment`; nothing else has to be chosen.
 * @example
 * const posture = new Posture("agents", { environment, github, ledgerTag, scripts: bundleGate() });
 * export const gateUrl = posture.gate.url;
 */
export class Posture extends GatehouseComponent {
  readonly gate: Gate;
  readonly rotator: Rotator;
  readonly machineUser: MachineUser;
  readonly policy: GatePolicy;

  constructor(
    private readonly name: string,
    private readonly args: PostureArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gatehouse:index:Posture", name, opts);
    const { environment, github } = args;
    const at = endpoints(environment.githubUrl ?? args.githubUrl);
    const parent = { parent: this };
    // `destroy --skip-preview` deletes in the order of dependencies until something refuses. The password, which
    // nothing but its copy in the store needs, depends on all the rest: protected, it refuses before anything is gone.
    let declared: (resources: pulumi.Resource[]) => void = () => undefined;
    const passwordAfter = new Promise<pulumi.Resource[]>((resolve) => (declared = resolve));

    this.machineUser = new MachineUser(
      `${name}-user`,
      {
        login: environment.agent.machineUser,
        team: environment.agent.team,
        agent: environment.agent.name,
        protect: environment.protect,
        passwordAfter,
      },
      parent,
    );
    this.declareRepositories();
    if (environment.audit.alertWebhook)
      new EventHooks(`${name}-events`, { url: environment.audit.alertWebhook, events: ORGANIZATION_EVENTS }, parent);

    const store =
      environment.tokenStore.kind === "vault"
        ? new TokenStore(
            `${name}-store`,
            {
              environment,
              oidcIssuer: at.oidcIssuer,
              namespace: vaultNamespace(environment, args.vaultNamespace),
            },
            parent,
          )
        : undefined;
    const audit = new AuditTrail(`${name}-audit`, { environment }, parent);
    this.policy = compilePolicy(environment, { repositories: github.repositories, endpoints: at });
    this.gate = new Gate(
      `${name}-gate`,
      {
        environment,
        policy: this.policy,
        scripts: args.scripts,
        deployedLedgerTag: args.ledgerTag,
        tokenStore: tokenStorePlan(environment, args.vaultAddress, args.vaultNamespace),
        vaultSignIn: store ? { roleId: store.roleId, secretId: store.secretId } : undefined,
        auditBucket: audit.bucket,
      },
      parent,
    );
    this.rotator = new Rotator(
      `${name}-rotator`,
      {
        environment,
        script: args.scripts.rotator,
        plan: planRotation(environment, args.githubUrl),
        tokenStore: rotatorStorePlan(environment, args.vaultAddress, args.vaultNamespace),
        vaultSignIn: store?.rotator,
        gate: this.gate,
      },
      parent,
    );
    const breakGlass = store ? this.placeSecrets(store) : undefined;
    declared(
      this.below.filter(
        (resource) =>
          pulumi.CustomResource.isInstance(resource) &&
          resource !== this.machineUser.passwordSource &&
          resource !== breakGlass,
      ),
    );
    this.registerOutputs({ gateUrl: this.gate.url });
  }

  /**
   * Declares code owners first, because the branch rules would refuse them; then the branch rules, then access. On
   * destroy the order is reversed: the rules stay until the agent has no access.
   */
  private declareRepositories(): void {
    const {
      environment,
      github: { repositories, teamIds },
    } = this.args;
    const parent = { parent: this };
    const owners = new Map(
      environment.repositories
        .filter(({ access }) => access === "write")
        .map((repository) => {
          const { codeOwners, demandsPullRequest } = this.facts(repository.name);
          return [
            repository.name,
            new CodeOwners(
              `${this.name}-owners-${repository.name}`,
              {
                organization: environment.organization,
                repository: repository.name,
                branch: repository.defaultBranch,
                plan: planOwners(environment, repository, codeOwners, demandsPullRequest),
              },
              parent,
            ),
          ];
        }),
    );
    const shared = organizationRulesets(environment);
    const organization =
      shared.length === 0
        ? []
        : [
            new OrganizationFence(
              `${this.name}-fence`,
              {
                rulesets: shared,
                repositoryIds: Object.fromEntries(repositories.map(({ name, id }) => [name, id])),
                teamIds,
              },
              { ...parent, dependsOn: [...owners.values()] },
            ),
          ];
    for (const repository of environment.repositories) {
      const before = owners.get(repository.name);
      const branchRules = hasBranchRules(environment, repository)
        ? [...organization, ...this.branchRules(repository, before, teamIds)]
        : [];
      new RepositoryAccess(
        `${this.name}-access-${repository.name}`,
        {
          repository: repository.name,
          teamId: this.machineUser.teamId,
          access: repository.access,
        },
        { ...parent, dependsOn: branchRules },
      );
    }
  }

  /** What the repository has of its own; nothing where the organization's rulesets hold all that there is to hold. */
  private branchRules(
    repository: Repository,
    owners: CodeOwners | undefined,
    teamIds: GitHubFacts["teamIds"],
  ): ReviewFence[] {
    const { environment } = this.args;
    const rulesets = repositoryRulesets(environment, repository);
    const protection = repository.access === "write" ? branchProtection(environment, repository) : undefined;
    if (rulesets.length === 0 && !protection) return [];
    return [
      new ReviewFence(
        `${this.name}-fence-${repository.name}`,
        {
          repository: repository.name,
          repositoryNodeId: this.facts(repository.name).nodeId,
          rulesets,
          protection,
          teamIds,
        },
        { parent: this, dependsOn: owners ? [owners] : [] },
      ),
    ];
  }

  private facts(repository: string): GitHubFacts["repositories"][number] {
    const facts = this.args.github.repositories.find(({ name }) => name === repository);
    if (!facts) throw new Error(`Posture: ${repository} was not looked up`);
    return facts;
  }

  /** @returns the one that people open in an emergency */
  private placeSecrets(store: TokenStore): pulumi.Resource | undefined {
    const { environment } = this.args;
    const vault = names(environment).vault;
    if (!vault) return undefined;
    store.keep("operator", vault.operator, { key: this.gate.operatorKey });
    return store.placeOnce("break-glass", vault.breakGlass, {
      login: environment.agent.machineUser,
      password: this.machineUser.password,
    });
  }
}
