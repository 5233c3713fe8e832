import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import type { Environment } from "./schema";

/** Branches the agent may create and update. GitHub's fnmatch needs the last star, or `claude/a/b` would not match. */
export const AGENT_BRANCHES = `refs/heads/${AGENT_BRANCH_PREFIX}**/*`;
/** What every agent branch starts with. */
export const AGENT_REF_PREFIX = `refs/heads/${AGENT_BRANCH_PREFIX}`;
/** GitHub reads CODEOWNERS here before any other place, so no pull request can add one that outranks it. */
export const CODEOWNERS_PATH = ".github/CODEOWNERS";
/** Key of the token record in Workers KV when that is the token store. */
export const KV_TOKEN_KEY = "token";

/** Paths and names in Vault or OpenBao; a path is relative to its mount. */
export interface VaultNames {
  readonly mount: string;
  /** The token record: written by the rotator, read by the gate. */
  readonly token: string;
  /** The rotation's journal, from which any rotator resumes. */
  readonly journal: string;
  /** The operator key, with which the rotator tells the gate to refresh. */
  readonly operator: string;
  /**
   * What minting without a person takes (an App's key, a client secret); placed by a person, read by the rotator alone.
   */
  readonly minter: string;
  /** The machine user's password, for the day a person must sign in. */
  readonly breakGlass: string;
  readonly policies: {
    readonly gate: string;
    readonly rotator: string;
    readonly auditor: string;
    readonly deployer: string;
  };
  /** Sign-ins of the two Workers: `role` is the gate's, `rotator` the rotator's. */
  readonly appRole: { readonly mount: string; readonly role: string; readonly rotator: string };
  readonly ci: {
    readonly mount: string;
    readonly rotatorRole: string;
    readonly auditorRole: string;
    readonly audience: string;
  };
  readonly quota: string;
}

/** Every name that more than one part of Gatehouse has to agree on. */
export interface Names {
  readonly gateScript: string;
  readonly ledgerScript: string;
  /** The Worker that rotates the token; nobody can reach it from outside. */
  readonly rotatorScript: string;
  /** The Worker that copies the trail to the sinks, where there are any; nobody can reach it from outside. */
  readonly forwarderScript?: string | undefined;
  readonly tokensNamespace: string;
  readonly auditBucket: string;
  /** Absent when Workers KV is the token store. */
  readonly vault?: VaultNames | undefined;
  readonly rulesets: {
    readonly fence: string;
    readonly tags: string;
    readonly review: string;
    readonly history: string;
    readonly paths: string;
  };
}

/** Derives all shared names from an environment. */
export function names(environment: Environment): Names {
  const { agent, gate, audit, tokenStore } = environment;
  const r2 = audit.sinks.find((sink) => sink.kind === "r2");
  return {
    gateScript: gate.name,
    ledgerScript: `${gate.name}-ledger`,
    rotatorScript: `${gate.name}-rotator`,
    ...(audit.sinks.some(({ kind }) => kind !== "r2" && kind !== "logpush")
      ? { forwarderScript: `${gate.name}-forwarder` }
      : {}),
    tokensNamespace: `${gate.name}-tokens`,
    auditBucket: r2?.kind === "r2" ? r2.bucket : `${gate.name}-audit`,
    vault: tokenStore.kind === "vault" ? vaultNames(agent.machineUser, tokenStore.mount, tokenStore.path) : undefined,
    rulesets: {
      fence: `gatehouse: ${agent.name} stays on its branches`,
      tags: `gatehouse: ${agent.name} makes no tags`,
      review: "gatehouse: people review the default branch",
      history: "gatehouse: the default branch keeps its history",
      paths: "gatehouse: protected paths",
    },
  };
}

function vaultNames(machineUser: string, mount: string, path: string): VaultNames {
  const policy = (party: string) => `gatehouse-${machineUser.toLowerCase()}-${party}`;
  return {
    mount,
    token: path,
    journal: `${path}-rotation`,
    operator: `${path}-operator`,
    minter: `${path}-minter`,
    breakGlass: `break-glass/${machineUser}`,
    policies: {
      gate: policy("gate"),
      rotator: policy("rotator"),
      auditor: policy("auditor"),
      deployer: policy("deployer"),
    },
    appRole: { mount: "gatehouse-gate", role: machineUser, rotator: `${machineUser}-rotator` },
    ci: {
      mount: "gatehouse-ci",
      rotatorRole: "rotator",
      auditorRole: "auditor",
      audience: `gatehouse-${mount.replaceAll("/", "-")}`,
    },
    quota: `gatehouse-${machineUser.toLowerCase()}`,
  };
}
