import { SessionKeys } from "../../../../gate/worker/auth/sessionKeys";
import type { SessionKey } from "../../../../gate/contract";

const background = { waitUntil: () => undefined };
const key = (letter: string): SessionKey => ({
  sha256: letter.repeat(43),
  agent: "agent",
  session: `sesn_${letter}`,
  notAfter: "2999-01-01T00:00:00.000Z",
});

/** A ledger that counts how often it is asked. */
function ledger() {
  const state = { asked: 0, keys: [key("a")] as SessionKey[], broken: false };
  const stub = {
    sessionKeys: async () => {
      state.asked++;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.broken) throw new Error("down");
      return state.keys;
    },
  };
  return { state, keys: new SessionKeys({ LEDGER: { idFromName: () => "ledger", get: () => stub } } as never) };
}

let now = 0;
beforeEach(() => {
  now = Date.now();
  jest.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

it("asks the ledger once a second, however many strangers show keys that nobody made", async () => {
  const { state, keys } = ledger();
  for (let second = 0; second < 3; second++) {
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) => keys.find(background, i % 2 === 0 ? "x".repeat(43) : "a".repeat(43), now)),
    );
    expect(answers.filter((found) => found !== undefined)).toHaveLength(250);
    for (let i = 0; i < 500; i++) expect(await keys.find(background, "y".repeat(43), now)).toBeUndefined();
    expect(state.asked).toBe(second + 1);
    now += 1_001;
  }
});

it("sees a new key and the end of one a second later", async () => {
  const { state, keys } = ledger();
  const has = async (letter: string): Promise<boolean> =>
    (await keys.find(background, letter.repeat(43), now)) !== undefined;
  expect([await has("a"), await has("b")]).toEqual([true, false]);
  state.keys = [key("b")];
  now += 1_001;
  expect([await has("a"), await has("b")]).toEqual([false, true]);
});

it("takes no key whose time is over", async () => {
  const { state, keys } = ledger();
  state.keys = [
    { ...key("a"), notAfter: new Date(now + 500).toISOString() },
    { ...key("b"), notAfter: "whenever" },
  ];
  expect(await keys.find(background, "a".repeat(43), now)).toMatchObject({ session: "sesn_a" });
  expect(await keys.find(background, "a".repeat(43), now + 501)).toBeUndefined();
  expect(await keys.find(background, "b".repeat(43), now)).toBeUndefined();
});

it("refuses while the ledger does not answer, and uses nothing of before", async () => {
  const { state, keys } = ledger();
  expect(await keys.find(background, "a".repeat(43), now)).toBeDefined();
  state.broken = true;
  now += 1_001;
  for (let i = 0; i < 20; i++)
    await expect(keys.find(background, "a".repeat(43), now)).rejects.toMatchObject({
      refusal: { rule: "ledger-unavailable" },
    });
  expect(state.asked).toBe(2);
  state.broken = false;
  now += 1_001;
  expect(await keys.find(background, "a".repeat(43), now)).toBeDefined();
});
