import { AUDIT } from "../../../cli/assess/audit";
import { CLOUDFLARE } from "../../../cli/assess/cloudflare";
import { QUESTIONS } from "../../../cli/assess/assess";
import { assessContext } from "../../../cli/live/context";
import { chainLine, entryText, GENESIS, type AuditEntry } from "../../../gate/policy/audit";
import { environment } from "../../support/environment";
import { answer, effects } from "../support/effects";

const posture = environment();

describe("what the sandbox cannot show", () => {
  const entry = (decision: AuditEntry["decision"]): AuditEntry => ({
    ts: "2026-06-15T12:00:00.000Z",
    agent: "agent",
    requestId: "r",
    clientIp: "",
    method: "GET",
    path: "/",
    route: "",
    repository: "",
    decision,
    reason: "",
    status: 200,
    bytesIn: 0,
    bytesOut: 0,
    ms: 1,
    tokenSha256: "",
    findings: [],
  });
  const trail = async (decisions: AuditEntry["decision"][]): Promise<{ text: string; head: string }> => {
    let hash = GENESIS;
    const lines: string[] = [];
    for (const [i, decision] of decisions.entries()) {
      const made = await chainLine(i + 1, entryText(entry(decision)), hash);
      lines.push(made.line);
      hash = made.hash;
    }
    return { text: lines.join("\n"), head: `${decisions.length} ${hash}` };
  };
  const failsOf = async (question: string, decisions: AuditEntry["decision"][], head?: string): Promise<string> => {
    const { text, head: own } = await trail(decisions);
    const context = await assessContext(
      "test",
      posture,
      { GATEHOUSE_GATE_URL: "https://gate", GATEHOUSE_OPERATOR_KEY: "gop_x" },
      { effects: effects(async () => answer(200, text, { "x-gatehouse-audit-head": head ?? own })) },
    );
    return (await QUESTIONS.find(({ id }) => id === question)!.ask(context))[0]!.result;
  };
  it("an isolate's records are missing", async () => {
    expect(await failsOf("audit-gaps", ["allow", "gap", "allow"])).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "gap", "allow"])).toBe("pass");
    expect(await failsOf("audit-gaps", ["allow", "allow"])).toBe("pass");
  });
  it("the newest records are held back", async () => {
    expect(await failsOf("audit-chain", ["allow", "allow"], `3 ${"0".repeat(64)}`)).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "allow"], `2 ${"0".repeat(64)}`)).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "allow"])).toBe("pass");
  });
  it("the request of the assessment itself has no record", async () => {
    const { text, head } = await trail(["allow"]);
    const context = await assessContext(
      "test",
      posture,
      { GATEHOUSE_GATE_URL: "https://gate", GATEHOUSE_OPERATOR_KEY: "gop_x", GATEHOUSE_GATE_KEY: "ghk_x" },
      {
        effects: effects(async (url) =>
          url.includes("/_gate/audit")
            ? answer(200, text, { "x-gatehouse-audit-head": head })
            : answer(403, "{}", { "x-gatehouse-request-id": "lost" }),
        ),
      },
    );
    expect((await AUDIT.find(({ id }) => id === "audit-fresh")!.ask(context))[0]!.result).toBe("fail");
  }, 15_000);
  it("the gate holds what mints tokens", async () => {
    const app = environment({
      agent: { machineUser: "claude-bot", credential: { kind: "app-installation", appId: 1, installationId: 1 } },
    });
    const ask = async (names: string[]): Promise<string> => {
      const context = await assessContext(
        "test",
        app,
        { CLOUDFLARE_API_TOKEN: "x" },
        {
          effects: effects(async () =>
            answer(200, JSON.stringify({ result: { bindings: names.map((name) => ({ name, type: "secret_text" })) } })),
          ),
        },
      );
      return (await CLOUDFLARE.find(({ id }) => id === "rotator-apart")!.ask(context))[0]!.result;
    };
    expect([await ask(["TOKEN_KEY"]), await ask(["TOKEN_KEY", "ROTATOR_KEY"])]).toEqual(["pass", "fail"]);
  });
});
