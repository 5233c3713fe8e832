import { admit } from "../../../../gate/worker/ledger/admit";

const KEY = "k".repeat(43);
const context = (gateKeySha256: string) =>
  ({ agent: "agent", gateKeySha256, startedAt: Date.now(), background: { waitUntil: () => undefined } }) as never;

/** A gate of an isolate that has just started: it hears of the ledger's state with its first lease. */
function started(deniedKeys: readonly string[]) {
  const ledger = {
    state: {},
    admit: () => Promise.resolve().then(() => ((ledger.state = { deniedKeys }), { lease: 1 })),
  };
  return { ledger, unauthenticated: { retryAfter: () => undefined } } as never;
}

it("refuses the first request of an isolate under a gate key that was ended before it started", async () => {
  await expect(admit(started([KEY]), context(KEY), 0)).rejects.toMatchObject({ refusal: { rule: "unauthenticated" } });
  await expect(admit(started([KEY]), context("o".repeat(43)), 0)).resolves.toBeUndefined();
});
