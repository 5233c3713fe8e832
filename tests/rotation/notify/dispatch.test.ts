import { resume, rotate } from "../../../rotation/machine";
import { adaptersFor } from "../../../rotation/notify";
import type { Effects } from "../../../rotation/effects";
import { planFor, World } from "../support/world";

const now = Date.UTC(2026, 5, 1);
const iso = (ms: number): string => new Date(ms).toISOString();

describe("repository_dispatch", () => {
  it("names the message's type, carries its data in one property, and is not confirmed by anything but a 204", async () => {
    const sent: { url: string; body: unknown }[] = [];
    let status = 204;
    const effects: Effects = {
      fetch: (url, init) => {
        sent.push({ url, body: JSON.parse(init.body ?? "") });
        return Promise.resolve({ status, headers: new Headers(), text: () => Promise.resolve("") });
      },
      now: () => now,
      sleep: () => Promise.resolve(),
      report: () => undefined,
    };
    const [adapter] = adaptersFor(effects, planFor("personal-access-token", { repository: "docs" }), {
      dispatchToken: "model",
    });
    const message = { id: "m", type: "token.rotated", at: iso(now), data: { login: "claude-bot" } };
    await adapter?.deliver(message);
    expect(sent).toEqual([
      {
        url: "http://github/api/v3/repos/acme/docs/dispatches",
        body: {
          event_type: "gatehouse-token-rotated",
          client_payload: { id: "m", at: iso(now), data: { login: "claude-bot" } },
        },
      },
    ]);
    status = 404;
    await expect(adapter?.deliver(message)).rejects.toThrow("refused to start a workflow");
  });
  it("is delivered again by the next run when it was not confirmed, and the rotation holds all the same", async () => {
    const world = new World("app-installation", "vault");
    await world.bootstrap();
    const told: string[] = [];
    const deps = world.rotator().deps();
    const deaf = { name: "runtime", deliver: () => Promise.reject(new Error("away")) };
    expect(await rotate({ ...deps, adapters: [deaf] }, world.start())).toMatchObject({ result: "finished" });
    expect((await world.journal()).outbox).toHaveLength(1);
    await resume({
      ...deps,
      adapters: [
        {
          name: "runtime",
          deliver: (m) => {
            told.push(m.type);
            return Promise.resolve();
          },
        },
      ],
    });
    expect([told, (await world.journal()).outbox]).toEqual([["token.rotated"], []]);
  });
});
