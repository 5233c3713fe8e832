import { names, type Environment } from "../../../../infra/model";
import { vaultPolicies } from "../../../../infra/plans";
import type { Fixture } from "../../../drill/fixture";
import type { Pair } from "../../../drill/pairs";
import { must } from "../../../drill/cloudflare";
import { asRoot, readTokenInVault } from "../../../drill/vault";
import { widenHosts } from "../../../drill/network";
import type { Mutant } from "./types";

const of =
  (lock: string) =>
  (pair: Pair): boolean =>
    pair.lock === lock;

/** Cloudflare, Vault and the agent's network. */
export function otherMutants(environment: Environment): Mutant[] {
  const vault = names(environment).vault;
  const policies = vault ? vaultPolicies(environment) : undefined;
  const bucket = `r2/buckets/${names(environment).auditBucket}/lock`;
  const lockRules = (what: string, change: (rule: { condition: object }) => object[]): Mutant => ({
    what: `bucket lock: ${what}`,
    concerns: of("bucket-lock"),
    before: async (fixture) => {
      const { result } = JSON.parse(await cloudflare(fixture, "GET", bucket)) as {
        result: { rules: { condition: object }[] };
      };
      fixture.afterwards(async () => {
        await cloudflare(fixture, "PUT", bucket, result);
      });
      await cloudflare(fixture, "PUT", bucket, { rules: result.rules.flatMap(change) });
    },
  });
  return [
    lockRules("none", () => []),
    lockRules("switched off", (rule) => [{ ...rule, enabled: false }]),
    lockRules("for other records", (rule) => [{ ...rule, prefix: "elsewhere/" }]),
    lockRules("over at once", (rule) => [{ ...rule, condition: { type: "Date", date: "2020-01-01T00:00:00Z" } }]),
    { what: "agent's hosts: GitHub too", before: widenHosts, concerns: of("network-hosts") },
    ...(vault && policies
      ? (["auditor", "deployer"] as const).map((party): Mutant => ({
          what: `Vault: the ${party} may read the token`,
          concerns: of("vault-policy"),
          attempts: [
            {
              tried: `read it in Vault as the ${party}`,
              client: "fetch",
              run: (fixture) => readTokenInVault(fixture, party),
            },
          ],
          before: async (fixture) => {
            const path = `sys/policies/acl/${policies[party].name}`;
            fixture.afterwards(async () => {
              await write(fixture, path, policies[party].hcl);
            });
            await write(
              fixture,
              path,
              `${policies[party].rules
                .filter((rule) => rule.path !== `${vault.mount}/data/${vault.token}`)
                .map(
                  (rule) => `path ${JSON.stringify(rule.path)} { capabilities = ${JSON.stringify(rule.capabilities)} }`,
                )
                .join("\n")}\npath "${vault.mount}/data/*" { capabilities = ["read"] }\n`,
            );
          },
        }))
      : []),
    ...(vault
      ? [
          {
            what: "Vault: everybody who signs in may read the store",
            concerns: of("vault-policy"),
            before: async (fixture: Fixture) => {
              const before = await read(fixture, "sys/policies/acl/default");
              fixture.afterwards(async () => {
                await write(fixture, "sys/policies/acl/default", before);
              });
              await write(
                fixture,
                "sys/policies/acl/default",
                `${before}\npath "${vault.mount}/data/*" { capabilities = ["read"] }\n`,
              );
            },
          },
        ]
      : []),
  ];
}

const cloudflare = async (fixture: Fixture, method: string, path: string, body?: unknown): Promise<string> =>
  must(fixture, method, path, body === undefined ? undefined : JSON.stringify(body), "application/json");
const write = (fixture: Fixture, path: string, policy: string): Promise<string> =>
  asRoot(fixture, "PUT", path, { policy });
const read = async (fixture: Fixture, path: string): Promise<string> =>
  (JSON.parse(await asRoot(fixture, "GET", path)) as { data: { policy: string } }).data.policy;
