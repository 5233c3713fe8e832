import { startGate, type Gate } from "../../support/gate";

let gate: Gate;
beforeAll(async () => {
  gate = await startGate();
}, 60_000);
afterAll(async () => gate?.stop());

describe("GET /_gate/guide", () => {
  it("tells an agent with a key what it may do, as Markdown and as JSON, without asking GitHub", async () => {
    const before = gate.upstream.received.length;
    const text = await gate.ask("/_gate/guide");
    expect([text.status, text.headers.get("content-type")]).toEqual([200, "text/markdown; charset=utf-8"]);
    expect(await text.text()).toContain(`${gate.url}/acme/api.git`);
    const json = await gate.ask("/_gate/guide?format=json");
    expect(await json.json()).toMatchObject({ v: 1, gate: gate.url, branches: { prefix: "claude/" } });
    expect((await gate.ask("/_gate/guide", { method: "HEAD" })).status).toBe(200);
    expect(gate.upstream.received.length).toBe(before);
  });

  it("needs a gate key", async () => {
    for (const authorization of ["", "Bearer ghk_wrong", `Bearer ${gate.operatorKey}`])
      expect((await gate.ask("/_gate/guide", { headers: { authorization } })).status).toBe(401);
  });

  it.each([
    ["POST", "/_gate/guide", 403, "route-not-allowed"],
    ["GET", "/_gate/guide?format=xml", 400, "query-value"],
    ["GET", "/_gate/guide?format=json&format=json", 400, "query-value"],
  ])("refuses %s %s", async (method, target, status, rule) => {
    const answer = await gate.ask(target, { method });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ gatehouse: { rule } });
  });

  it("is recorded like any request, and refused while the gate is stopped", async () => {
    expect((await gate.ask("/_gate/guide")).status).toBe(200);
    await gate.operate("POST", "/_gate/deny", { stop: true });
    let stopped = await gate.ask("/_gate/guide");
    for (let i = 0; i < 40 && stopped.status === 200; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      stopped = await gate.ask("/_gate/guide");
    }
    expect(stopped.status).toBe(403);
    await gate.operate("POST", "/_gate/deny", { stop: false });
    const trail = await (await gate.operate("GET", "/_gate/audit?limit=1000")).text();
    const records = trail
      .trim()
      .split("\n")
      .map(
        (line) => JSON.parse(line) as { path: string; route: string; agent: string; decision: string; reason: string },
      );
    const of = records.filter(({ path }) => path === "/_gate/guide");
    expect(of).toContainEqual(expect.objectContaining({ route: "gate.guide", agent: "agent", decision: "allow" }));
    expect(of).toContainEqual(expect.objectContaining({ agent: "agent", decision: "deny", reason: "token-stopped" }));
    expect(of).toContainEqual(expect.objectContaining({ agent: "", decision: "deny", reason: "unauthenticated" }));
  });
});
