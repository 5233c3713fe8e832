import { createServer } from "node:net";
import { listenOptions, shareSocket, whyNotListening } from "../../../cli/gate/sharedSocket";

it.each([
  ["127.0.0.1:8788", { host: "127.0.0.1", port: 8788 }],
  ["[::1]:8788", { host: "::1", port: 8788 }],
  ["localhost:1", { host: "localhost", port: 1 }],
  ["*:65535", { port: 65_535 }],
])("reads an address: %s", (listen, options) => {
  expect(listenOptions(listen)).toEqual(options);
});

it.each(["", "127.0.0.1", "8788", "127.0.0.1:0", "127.0.0.1:65536", "host:80/path", "a b:80", "unix:/x"])(
  "knows what is none: %j",
  (listen) => {
    expect(listenOptions(listen)).toBeUndefined();
  },
);

it("says who is wrong when nothing can listen", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const why = async (listen: string): Promise<string> =>
    shareSocket(() => "listening", listenOptions(listen)).catch((error: unknown) => whyNotListening(listen, error));
  expect(await why(`127.0.0.1:${port}`)).toBe(
    `127.0.0.1:${port} is taken: another program listens there. End it, or give another --listen.`,
  );
  expect(await why(`203.0.113.7:${port}`)).toContain("is no address of this machine");
  other.close();
});

it("gives a descriptor to whoever starts the processes, and keeps nothing itself", async () => {
  const [port, descriptor] = await shareSocket((...given) => given);
  expect([port > 0, descriptor > 2]).toEqual([true, true]);
  // The port is free again: this process has closed its copy.
  expect(await shareSocket((again) => again, { host: "127.0.0.1", port })).toBe(port);
});
