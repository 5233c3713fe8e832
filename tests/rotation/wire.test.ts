import { Unavailable } from "../../rotation/errors";
import { MAX_ANSWER_BYTES, request } from "../../rotation/wire";
import type { Effects, Fetch } from "../../rotation/effects";

const MIB = 1024 * 1024;

/** Effects whose every request is answered by `answer`, and how often it was asked. */
function asking(answer: () => Awaited<ReturnType<Fetch>>) {
  let asked = 0;
  const effects: Effects = {
    fetch: () => {
      asked += 1;
      return Promise.resolve(answer());
    },
    now: () => 0,
    sleep: () => Promise.resolve(),
    report: () => undefined,
  };
  const ask = () => request(effects, { system: "Vault", what: "read it", method: "GET", url: "http://x/" });
  return { ask, asked: () => asked };
}

/** A body of `pieces` pieces of 1 MiB, and what became of it. */
function body(pieces: number) {
  const seen = { read: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (seen.read === pieces) return controller.close();
        seen.read += 1;
        controller.enqueue(new Uint8Array(MIB).fill(0x61));
      },
      cancel: () => {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { seen, stream };
}

describe("an answer that is too large", () => {
  it("is cut off where it passes the bound, and not asked for again", async () => {
    const { seen, stream } = body(Number.POSITIVE_INFINITY);
    const { ask, asked } = asking(() => new Response(stream) as Awaited<ReturnType<Fetch>>);
    await expect(ask()).rejects.toThrow("Vault did not read it: its answer is larger than 16 MiB");
    expect(seen).toEqual({ read: MAX_ANSWER_BYTES / MIB + 1, cancelled: true });
    expect(asked()).toBe(1);
  });

  it("is not read at all when it says so itself", async () => {
    const { seen, stream } = body(Number.POSITIVE_INFINITY);
    const headers = { "content-length": String(MAX_ANSWER_BYTES + 1) };
    const { ask } = asking(() => new Response(stream, { headers }) as Awaited<ReturnType<Fetch>>);
    await expect(ask()).rejects.toThrow(Unavailable);
    expect(seen).toEqual({ read: 0, cancelled: true });
  });

  it("is read to its end up to the bound", async () => {
    const { ask } = asking(() => new Response(body(MAX_ANSWER_BYTES / MIB).stream) as Awaited<ReturnType<Fetch>>);
    expect((await ask()).text.length).toBe(MAX_ANSWER_BYTES);
  });
});

it("reads characters that lie across two pieces, and an answer without a body", async () => {
  const [start, end] = [new Uint8Array([0xe6, 0xbc]), new Uint8Array([0xa2])];
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(start);
      controller.enqueue(end);
      controller.close();
    },
  });
  expect((await asking(() => new Response(stream) as Awaited<ReturnType<Fetch>>).ask()).text).toBe("漢");
  const empty = asking(() => new Response(null, { status: 204 }) as Awaited<ReturnType<Fetch>>);
  expect(await empty.ask()).toMatchObject({ status: 204, text: "" });
});

describe("bounded retries", () => {
  it("never waits longer than allowed, and tells the wish of a long one", async () => {
    let slept = 0;
    let calls = 0;
    const effects: Effects = {
      fetch: () => {
        calls += 1;
        return Promise.resolve({
          status: 429,
          headers: new Headers({ "retry-after": "3600" }),
          text: () => Promise.resolve(""),
        });
      },
      now: () => 0,
      sleep: (ms) => {
        slept += ms;
        return Promise.resolve();
      },
      report: () => undefined,
    };
    await expect(
      request(effects, { system: "GitHub", what: "answer", method: "GET", url: "http://x/" }),
    ).rejects.toMatchObject({ name: "Unavailable", retryAfterMs: 3_600_000 });
    expect([slept, calls]).toEqual([0, 1]);
  });
});
