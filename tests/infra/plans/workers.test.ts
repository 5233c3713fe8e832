import fc from "fast-check";
import { endpoints } from "../../../infra/model";
import { agentHosts, gateUrl, migrations, retention, tokenStorePlan } from "../../../infra/plans";
import { environment } from "../../support/environment";

describe("the gate's surroundings", () => {
  it("are its address and the one host that the agent must reach", () => {
    expect(gateUrl(environment())).toBe("https://github-gate.acme-dev.workers.dev");
    expect(agentHosts(environment())).toEqual(["github-gate.acme-dev.workers.dev"]);
    expect(agentHosts(environment({ "gate.workersDev": undefined }))).toEqual([]);
  });

  it("say where Vault is: the environment first, then the deployment", () => {
    expect(tokenStorePlan(environment(), "http://127.0.0.1:8200/")).toMatchObject({ address: "http://127.0.0.1:8200" });
    expect(
      tokenStorePlan(environment({ "tokenStore.address": "https://vault.acme.dev" }), "http://127.0.0.1:8200"),
    ).toMatchObject({ address: "https://vault.acme.dev" });
    expect(tokenStorePlan(environment({ tokenStore: { kind: "kv" } }), undefined)).toEqual({ kind: "kv" });
  });

  it("keep records for the retention and a day", () => {
    expect(retention(environment({ "audit.retentionDays": 400 }))).toEqual({
      lockSeconds: 34_560_000,
      deleteSeconds: 34_646_400,
    });
  });

  it("migrate a ledger from whatever is deployed to what is wanted", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
        (wanted, deployed) => {
          const migration = migrations(wanted, deployed, "Ledger");
          if (deployed === wanted) expect(migration).toBeUndefined();
          else
            expect([migration?.oldTag, migration?.newTag, migration?.newSqliteClasses]).toEqual([
              deployed,
              wanted,
              deployed === undefined ? ["Ledger"] : undefined,
            ]);
        },
      ),
    );
  });

  it("trust the issuer of the GitHub they belong to", () => {
    expect(endpoints("https://ghe.acme.dev").oidcIssuer).toBe("https://ghe.acme.dev/_services/token");
  });
});
