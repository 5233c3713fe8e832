import { ByteRoom } from "../../../gate/worker/request/byteRoom";
import { until } from "../../support/until";
import { ruleOf, startGate, type Gate } from "../support/gate";

const MB = 1024 * 1024;

describe("answers that are read whole, in sum", () => {
  let gate: Gate;
  beforeAll(async () => {
    gate = await startGate();
    // Ten of sixteen megabytes come, and then nothing; with a declared length and without one.
    gate.upstream.handler = ({ url }) =>
      url.includes("declared")
        ? { headers: { "content-length": String(16 * MB) }, body: Buffer.alloc(10 * MB, 32) }
        : url.includes("large")
          ? { body: `{"x":"${"x".repeat(2 * MB)}"}` }
          : { body: `{"x":"${"x".repeat(200 * 1024)}"}` };
  });
  afterAll(() => gate?.stop());

  it("are bounded: beyond the bound a large one is refused, small ones pass, and it goes on when there is room", async () => {
    const held = [1, 2, 3].map((n) => gate.ask(`/repos/acme/api/contents/declared-${n}`));
    await until(
      "all are begun",
      () => gate.upstream.received.filter(({ url }) => url.includes("declared")).length === 3,
    );
    await until("there is no more room", async () => {
      const answer = await gate.ask("/repos/acme/api/contents/large");
      return (
        answer.status === 429 && (await ruleOf(answer)) === "queue-full" && answer.headers.get("retry-after") === "1"
      );
    });
    for (let i = 0; i < 5; i++) expect((await gate.ask("/repos/acme/api/contents/small")).status).toBe(200);
    gate.upstream.dropConnections();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([502, 502, 502]);
    expect((await gate.ask("/repos/acme/api/contents/large")).status).toBe(200);
  });

  it("have their room back from a reader that never leaves", () => {
    const room = new ByteRoom(100, 60_000);
    const [first, second] = [room.enter(0), room.enter(1_000)];
    expect(room.grow(first, 60, 0)).toBe(true);
    expect(room.grow(second, 50, 1_000)).toBe(false);
    expect(room.grow(second, 40, 1_000)).toBe(true);
    const third = room.enter(60_000);
    expect([room.grow(third, 61, 60_000), room.grow(third, 60, 60_000)]).toEqual([false, true]);
    // Who fell out and reads on after all takes room anew, and gives back no more than that.
    expect(room.grow(first, 1, 60_500)).toBe(false);
    room.leave(second);
    expect(room.grow(first, 1, 60_500)).toBe(true);
    room.leave(first);
    room.leave(first);
    room.leave(third);
    expect(room.grow(room.enter(61_000), 100, 61_000)).toBe(true);
  });
});
