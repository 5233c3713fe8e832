import { createHash } from "node:crypto";
import { Authenticator } from "../../../../gate/worker/auth/authenticator";
import { Refusal } from "../../../../gate/policy/refusals";

const key = (letter: string): string => `ghk_${letter.repeat(43)}`;
const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");
const basic = (password: string): string => `Basic ${Buffer.from(`x:${password}`).toString("base64")}`;
const background = { waitUntil: () => undefined };
const NOW = Date.UTC(2026, 10, 1);

const [OLD, FRESH] = [key("a"), key("b")];
const known = [
  { agent: "agent", sha256: hashOf(FRESH) },
  { agent: "agent", sha256: hashOf(OLD), notAfter: new Date(NOW + 1000).toISOString() },
];

describe("an agent with two keys", () => {
  it("is known by each, in every form, the first time and when the header is remembered", async () => {
    const authenticator = new Authenticator(known, []);
    for (const one of [FRESH, OLD, FRESH, OLD])
      for (const header of [`Bearer ${one}`, `token ${one}`, basic(one)])
        expect(await authenticator.keyOf(header, NOW, background)).toMatchObject({
          agent: "agent",
          sha256: hashOf(one),
        });
  });

  it("is not known by a key whose time is over, remembered or not", async () => {
    const authenticator = new Authenticator(known, []);
    expect(await authenticator.keyOf(`Bearer ${OLD}`, NOW, background)).toMatchObject({ sha256: hashOf(OLD) });
    for (const header of [`Bearer ${OLD}`, basic(OLD)])
      expect(await authenticator.keyOf(header, NOW + 1001, background)).toBeInstanceOf(Refusal);
    expect(await authenticator.keyOf(`Bearer ${FRESH}`, NOW + 1001, background)).toMatchObject({
      sha256: hashOf(FRESH),
    });
  });
});
