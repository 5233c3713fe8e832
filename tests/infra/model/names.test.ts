import { names } from "../../../infra/model";
import { environment } from "../../support/environment";

describe("names", () => {
  it("are these", () => {
    expect(names(environment())).toMatchObject({
      gateScript: "github-gate",
      ledgerScript: "github-gate-ledger",
      tokensNamespace: "github-gate-tokens",
      auditBucket: "acme-agent-audit",
      vault: {
        mount: "agents",
        token: "github/claude-bot",
        journal: "github/claude-bot-rotation",
        operator: "github/claude-bot-operator",
        breakGlass: "break-glass/claude-bot",
        policies: { gate: "gatehouse-claude-bot-gate" },
        appRole: { mount: "gatehouse-gate", role: "claude-bot" },
        ci: { mount: "gatehouse-ci", rotatorRole: "rotator", auditorRole: "auditor" },
      },
    });
    expect(names(environment({ tokenStore: { kind: "kv" } })).vault).toBeUndefined();
  });
});
