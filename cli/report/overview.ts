import { hostOf } from "../support/address";
import { readPolicyHcl } from "../support/policyHcl";
import { asList, asRecord } from "../../infra/config/json";
import { byCode } from "../../infra/model/text";
import { VAULT_POLICY } from "../../policy/read";
import type { Snapshot, SnapshotResource } from "./snapshot";

/**
 * What a state says beside its facts: the tables that an auditor asks for. Rows are sorted; a table without rows is
 * left out.
 */
export interface Overview {
  /** Where, what is allowed there, and what stops each other action. */
  readonly matrix: readonly { readonly place: string; readonly action: string; readonly locks: string }[];
  /** Who may do what to the GitHub token at Vault. */
  readonly token: readonly { readonly party: string; readonly may: string; readonly path: string }[];
  /** Hosts that the agent's environment has to reach, and that the gate reaches. */
  readonly hosts: readonly { readonly from: string; readonly host: string }[];
  /** Open routes of the gate, by what they need. */
  readonly routes: readonly { readonly access: string; readonly routes: readonly string[] }[];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const byText = (a: object, b: object): number => byCode(JSON.stringify(a), JSON.stringify(b));
const distinct = <T extends object>(rows: readonly T[]): T[] => [
  ...new Map(rows.map((row) => [JSON.stringify(row), row])).values(),
];

/** What an auditor asks of one state. Pure; the same state gives the same rows. */
export function overview({ resources, outputs }: Snapshot): Overview {
  const policy = asRecord(outputs.gatePolicy);
  const upstream = asRecord(policy.upstream);
  const routes = asRecord(policy.routes);
  const tokenPath = text(asRecord(asRecord(outputs.names).vault).token);
  return {
    matrix: Object.entries(asRecord(outputs.accessMatrix))
      .flatMap(([place, row]) => [
        { place, action: text(asRecord(row).allowed), locks: "" },
        ...Object.entries(asRecord(asRecord(row).stopped)).map(([action, locks]) => ({
          place,
          action,
          locks: text(locks),
        })),
      ])
      .filter(({ action }) => action !== "")
      // What is allowed stands first in its place.
      .sort((a, b) => byCode(a.place, b.place) || byCode(a.locks && a.action, b.locks && b.action)),
    token: resources
      .filter(({ type }) => type === VAULT_POLICY)
      .flatMap(({ inputs }) =>
        readPolicyHcl(text(inputs.policy))
          .filter(({ path }) => tokenPath === "" || path.endsWith(`/${tokenPath}`))
          .map(({ path, capabilities: may }) => ({ party: text(inputs.name), may: may.join(", "), path })),
      )
      .sort(byText),
    hosts: distinct([
      ...asList(outputs.agentHosts).map((host) => ({ from: "the agent", host: text(host) })),
      ...["api", "graphql", "git"].map((name) => ({ from: "the gate", host: hostOf(text(upstream[name])) })),
      ...asList(policy.downloadHosts).map((host) => ({
        from: "the gate, for downloads without the token",
        host: text(host),
      })),
      ...asList(policy.lfsHosts).map((host) => ({ from: "the gate, for LFS without the token", host: text(host) })),
    ])
      .filter(({ host }) => host !== "")
      .sort(byText),
    routes: Object.entries(routes).map(([access, ids]) => ({ access, routes: asList(ids).map(text) })),
  };
}

/** Resources whose loss cannot be made good, which a change takes away or makes again. */
export interface ProtectedLoss {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** `unguarded`: it stays, and its guard rail goes. */
  readonly how: "deleted" | "replaced" | "unguarded";
}

/**
 * `protect` is a guard rail and no lock: whoever runs Pulumi may pass it with --ignore-protect (CLI 3.256 and later).
 */
export function protectedLosses(before: Snapshot, after: Snapshot): ProtectedLoss[] {
  const now = new Map(after.resources.map((resource) => [resource.urn, resource]));
  const how = ({ urn, created }: SnapshotResource): ProtectedLoss["how"] | undefined => {
    const next = now.get(urn);
    if (next === undefined) return "deleted";
    const madeAnew = created !== undefined && next.created !== undefined && created !== next.created;
    if (madeAnew || /replace/.test(next.op ?? "")) return "replaced";
    return next.protect === true ? undefined : "unguarded";
  };
  return before.resources.flatMap((resource) => {
    const loss = resource.protect === true ? how(resource) : undefined;
    const { urn, type, name } = resource;
    return loss === undefined ? [] : [{ urn, type, name, how: loss }];
  });
}
