import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import { ClaudeAgent } from "./claude";
import { AuditTrail, Forwarder, Gate, Rotator, bundleGate, lookUpLedgerTag, type GateScripts } from "./cloudflare";
import { GatehouseComponent } from "./component";
import { asRunError, environmentOf } from "./environment";
import {
  CodeOwners,
  EventHooks,
  MachineUser,
  OrganizationFence,
  RepositoryAccess,
  ReviewFence,
  lookUpGitHub,
  type GitHubFacts,
} from "./github";
import { resolveInputs, type DeepInput } from "./inputs";
import { endpoints, names, type Environment, type EnvironmentInput, type Repository } from "./model";
import {
  eventHooks,
  forwardedSinks,
  githubEventsUrl,
  hasBranchRules,
  organizationRulesets,
  planOwners,
  repositoryRulesets,
  vaultNamespace,
} from "./plans";
import type { GatePolicy } from "../gate/policy/policy";
import { surroundings, vaultProviders, type Surroundings } from "./surroundings";
import { TokenStore } from "./vault";

export interface PostureArgs extends Surroundings {
  /** The environment, in the shape of the environment file. */
  readonly environment: EnvironmentInput;
  /** What `lookUpGitHub()` found about its repositories and teams. */
  readonly github: GitHubFacts;
  /** Migration tag of the deployed ledger script, as `lookUpLedgerTag()` finds it; undefined when it is not deployed. */
  readonly ledgerTag?: string | undefined;
  /** The bundled Workers. Default: those of this package. */
  readonly scripts?: GateScripts | undefined;
}

export interface PostureOptions extends pulumi.ComponentResourceOptions {
  /** What starts every message about a mistake, such as the file that a person has to edit. Default: the name. */
  readonly source?: string | undefined;
}

/**
 * Declares the whole posture of one environment. It validates the environment, looks up the repositories and teams that
 * it names, bundles the Workers, and then declares one `Posture`.
 *
 * The providers' own settings say where GitHub, Vault and Cloudflare are: `GITHUB_TOKEN`, `GITHUB_OWNER`, `VAULT_ADDR`,
 * `VAULT_TOKEN`, `CLOUDFLARE_API_TOKEN`, or their keys in the stack's configuration. The look-ups run before any
 * provider that `options` names exists, so they go by those settings too.
 *
 * `options` are those of any component. `options.transforms` is the way to change what a resource of the posture is
 * declared with; a name that Gatehouse gives stays the same from version to version.
 * @param name The name of the component; the names of all resources in it begin with it.
 * @param args The environment, in the shape of the environment file without `gatehouse:`. Any part may be a promise or
 *   an output whose value is known in the preview. Of a secret, only the credentials of `audit.sinks`
 *   make use; anywhere else a secret is refused, because it would stand in clear in the state.
 * @throws RunError with every mistake at once, one line each, before anything is declared
 * @example
 * const posture = await createPosture("agents", {
 *   organization: "acme",
 *   agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token" } },
 *   repositories: [{ name: "api", access: "write", reviewers: ["backend"] }],
 *   review: { team: "agent-reviewers", requiredChecks: [{ context: "ci" }] },
 *   tokenStore: { kind: "vault", path: "github/claude-bot" },
 *   gate: { accountId: "0a1b2c3d4e5f60718293a4b5c6d7e8f9", workersDev: "acme-dev" },
 *   audit: { retentionDays: 400, sinks: [{ kind: "r2", bucket: "acme-agent-audit" }] },
 *   rotation: { everyDays: 30 },
 * });
 * export const gateUrl = posture.gate.url;
 */
export async function createPosture(
  name: string,
  args: DeepInput<EnvironmentInput>,
  options: PostureOptions = {},
): Promise<Posture> {
  const { source = name, ...opts } = options;
  try {
    const environment = environmentOf(await resolveInputs(args, source), source);
    const machine = surroundings(
      environment,
      source,
      process.env,
      new pulumi.Config("github").get("baseUrl"),
      new pulumi.Config("vault").get("namespace"),
    );
    const [github, ledgerTag] = await Promise.all([lookUpGitHub(environment, source), lookUpLedgerTag(environment)]);
    return new Posture(
      name,
      { environment, github, ledgerTag, ...machine },
      withVaultProvider(name, environment, opts),
    );
  } catch (error) {
    throw asRunError(error);
  }
}

/** The caller's own provider of Vault, where there is one, holds before the environment's namespace. */
function withVaultProvider(
  name: string,
  environment: Environment,
  opts: pulumi.ComponentResourceOptions,
): pulumi.ComponentResourceOptions {
  const given = Object.values(opts.providers ?? {}).concat(opts.provider ?? []);
  if (given.some((provider) => vault.Provider.isInstance(provider))) return opts;
  const own = vaultProviders(name, environment);
  return own.length === 0 ? opts : pulumi.mergeOptions(opts, { providers: own });
}

/**
 * The whole posture of one environment: machine user, repository access, review rules, token store, gate, rotator and
 * audit trail. Everything is derived from `environment`; nothing else has to be chosen. `createPosture` gathers the
 * other arguments.
 * @example
 * const posture = new Posture("agents", {
 *   environment,
 *   github: await lookUpGitHub(environment),
 *   ledgerTag: await lookUpLedgerTag(environment),
 *   vaultAddress: "https://vault.acme.dev:8200",
 * });
 * export const gateUrl = posture.gate.url;
 */
export class Posture extends GatehouseComponent {
  readonly gate: Gate;
  readonly rotator: Rotator;
  readonly machineUser: MachineUser;
  /** Signs what GitHub delivers to the gate; undefined without `audit.githubEvents`. A secret. */
  readonly githubWebhookSecret: pulumi.Output<string> | undefined;
  /** The agent at Anthropic; undefined where the environment does not say that it runs there. */
  readonly claudeAgent: ClaudeAgent | undefined;
  /** What the gate lets through. */
  readonly policy: GatePolicy;
  /** The environment, validated, with every default filled in. */
  readonly environment: Environment;
  /** What was looked up about its repositories and teams. */
  readonly github: GitHubFacts;

  constructor(
    private readonly name: string,
    args: PostureArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gatehouse:index:Posture", name, opts);
    const environment = environmentOf(args.environment, name);
    const { github, githubUrl, vaultAddress } = args;
    this.environment = environment;
    this.github = github;
    const scripts = args.scripts ?? bundleGate();
    const machine = { githubUrl, vaultAddress, vaultNamespace: args.vaultNamespace };
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
    const hooks = eventHooks(environment);
    const { alertWebhook } = environment.audit;
    if (alertWebhook) new EventHooks(`${name}-events`, { url: alertWebhook, ...hooks }, parent);
    const url = githubEventsUrl(environment);
    this.githubWebhookSecret =
      url === undefined ? undefined : new EventHooks(`${name}-audit-events`, { url, ...hooks }, parent).secret;

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
    this.gate = new Gate(
      `${name}-gate`,
      {
        environment,
        github,
        scripts,
        deployedLedgerTag: args.ledgerTag,
        ...machine,
        vaultSignIn: store ? { roleId: store.roleId, secretId: store.secretId } : undefined,
        auditBucket: audit.bucket,
        githubWebhookSecret: this.githubWebhookSecret,
      },
      parent,
    );
    this.policy = this.gate.policy;
    if (forwardedSinks(environment).sinks.length > 0)
      new Forwarder(
        `${name}-forwarder`,
        { environment, script: scripts.forwarder, gate: this.gate, auditBucket: audit.bucket },
        parent,
      );
    this.rotator = new Rotator(
      `${name}-rotator`,
      {
        environment,
        script: scripts.rotator,
        ...machine,
        vaultSignIn: store?.rotator,
        gate: this.gate,
      },
      parent,
    );
    // After the gate, so that a new gate key is good before the agent has it.
    this.claudeAgent = environment.agent.environment
      ? new ClaudeAgent(
          `${name}-agent`,
          { environment, gateKey: this.gate.agentKey },
          { ...parent, dependsOn: [this.gate] },
        )
      : undefined;
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
    const { environment } = this;
    const { repositories, teamIds } = this.github;
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
        ? [...organization, ...this.branchRules(repository, before)]
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
  private branchRules(repository: Repository, owners: CodeOwners | undefined): ReviewFence[] {
    const { environment, github } = this;
    if (repositoryRulesets(environment, repository).length === 0 && repository.access !== "write") return [];
    return [
      new ReviewFence(
        `${this.name}-fence-${repository.name}`,
        { environment, repository: repository.name, github },
        { parent: this, dependsOn: owners ? [owners] : [] },
      ),
    ];
  }

  private facts(repository: string): GitHubFacts["repositories"][number] {
    const facts = this.github.repositories.find(({ name }) => name === repository);
    if (!facts) throw new Error(`Posture: ${repository} was not looked up`);
    return facts;
  }

  /** @returns the one that people open in an emergency */
  private placeSecrets(store: TokenStore): pulumi.Resource | undefined {
    const { environment } = this;
    const paths = names(environment).vault;
    if (!paths) return undefined;
    store.keep("operator", paths.operator, { key: this.gate.operatorKey });
    return store.placeOnce("break-glass", paths.breakGlass, {
      login: environment.agent.machineUser,
      password: this.machineUser.password,
    });
  }
}
