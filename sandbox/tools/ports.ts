import { createServer } from "node:net";

/**
 * A TCP port on 127.0.0.1 that was free a moment ago. Another process may take it before the caller does,
 * so whoever starts a server on it must be ready to ask again.
 */
export function freePort(): Promise<number> {
  return probe(0);
}

/** Whether nobody listens on this port of 127.0.0.1 right now. */
export function isFree(port: number): Promise<boolean> {
  return probe(port).then(
    () => true,
    () => false,
  );
}

function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
