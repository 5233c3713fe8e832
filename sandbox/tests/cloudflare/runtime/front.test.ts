import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Front } from "../../../cloudflare/runtime/front";

const REFUSAL = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const MB = 1 << 20;

let front: Front;
let worker: Server;
let clients: Socket[];

/** A Worker that answers as soon as the first bytes come, and closes without reading the rest. */
beforeEach(async () => {
  clients = [];
  front = await Front.listen();
  worker = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.pause();
      socket.write(REFUSAL, () => setTimeout(() => socket.destroy(), 50));
    });
  });
  await new Promise<void>((listening) => worker.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await front.close();
  await new Promise((closed) => worker.close(closed));
});

const release = (): void => {
  front.release((worker.address() as AddressInfo).port, true);
};
const open = (): Socket => {
  const client = connect({ port: front.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => undefined);
  clients.push(client);
  return client;
};
const closes = (client: Socket): Promise<void> =>
  new Promise((closed) => {
    if (client.closed) closed();
    client.once("close", () => {
      closed();
    });
  });
/** Sends a byte now and then until the other side is gone. */
const keepsSending = async (client: Socket): Promise<void> => {
  const sending = setInterval(() => client.destroyed || client.write("x"), 100);
  await closes(client);
  clearInterval(sending);
};
/** Sends a body to its end before it looks for an answer, as git does; the answer, once the connection is closed. */
const upload = async (megabytes: number): Promise<string> => {
  const client = open();
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${megabytes * MB}\r\n\r\n`);
  for (let sent = 0; sent < megabytes; sent++)
    await new Promise<void>((written) => client.write(Buffer.alloc(MB), () => written()));
  let heard = "";
  client.on("data", (chunk) => (heard += chunk.toString()));
  client.on("end", () => client.end());
  await closes(client);
  return heard;
};
const within = <T>(ms: number, work: Promise<T>): Promise<T> =>
  Promise.race([
    work,
    new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms).unref()),
  ]);

describe("the front of a Worker", () => {
  it.each([1, 4, 12])(
    "lets a client that sends %s MB to the end see that it was refused at the start",
    async (size) => {
      release();
      expect(await within(15_000, upload(size))).toBe(REFUSAL);
    },
  );

  it("says that nothing is deployed to a client that sends everything first", async () => {
    front.release(undefined, true);
    expect(await within(15_000, upload(4))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("closes at once whatever its clients do: send and never read, wait for a version, or stay idle", async () => {
    release();
    const stalled = [1, 2, 3].map(() => {
      const client = open();
      client.pause();
      client.write(Buffer.alloc(8 * MB));
      return client;
    });
    const idle = open();
    await new Promise((done) => setTimeout(done, 500));
    front.hold();
    const waiting = open();
    waiting.write("GET / HTTP/1.1\r\n\r\n");
    await new Promise((done) => setTimeout(done, 100));
    await within(2_000, front.close());
    // Nothing listens to them any more: whoever still sends is told so.
    for (const client of [...stalled, idle, waiting]) await within(2_000, keepsSending(client));
  });

  it("cuts a client that was answered and goes on sending", async () => {
    release();
    const client = open();
    client.write("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
    await within(20_000, keepsSending(client.resume()));
  });
});
